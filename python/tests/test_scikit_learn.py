"""The estimators keep scikit-learn's promises."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import reduce

QUICK = {"hidden": [8], "max_epochs": 5}


@parametrize_with_checks(
    [reduce.Autoencoder(max_epochs=5), reduce.Autoencoder(max_epochs=5, missing="median"), reduce.TSNE(iterations=50, early_iterations=50)]
)
def test_estimator(estimator, check):
    check(estimator)


def rows(count=120, width=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def test_a_pipeline_and_a_search_take_it():
    data = rows()
    points = make_pipeline(reduce.Autoencoder(3, **QUICK), reduce.TSNE(iterations=50)).fit_transform(data)
    assert points.shape == (120, 2)
    search = GridSearchCV(reduce.Autoencoder(**QUICK), {"code_size": [1, 4]}, cv=2).fit(data)
    assert search.best_params_ == {"code_size": 4}


def test_parameters_come_back_and_can_be_set():
    estimator = reduce.Autoencoder(3, **QUICK)
    assert clone(estimator.set_params(dropout=0.1)).get_params()["dropout"] == 0.1


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_output_can_be_a_frame(library):
    module = pytest.importorskip(library)
    codes = reduce.Autoencoder(2, **QUICK).set_output(transform=library).fit_transform(rows())
    assert isinstance(codes, module.DataFrame)
    assert list(codes.columns) == ["code_00", "code_01"]
