"""t-SNE as a scikit-learn estimator."""

import json

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import _reduce
from ._options import checked, nested, seed_of

_FEWEST_ROWS = 4


class TSNE(TransformerMixin, BaseEstimator):
    """A map of rows by t-SNE: seeded, started on principal axes, and able to place new rows.

    Every parameter means what the key of the same name means in the section ``tsne`` of a pipeline file.

    Parameters
    ----------
    perplexity : "auto", float or list of float, default="auto"
        How many neighbors each row attends to, roughly; several values are mixed. ``"auto"`` is 30, or less where there
        are fewer than 92 rows.
    dimensions : {2, 1}, default=2
        Dimensions of the map.
    engine : {"auto", "interpolation", "barnes_hut", "exact", "linfa"}, default="auto"
        How repulsive forces are computed; ``"auto"`` is exact for up to 1,000 rows, interpolation above.
    start : {"pca", "random"} or array of shape (n_samples, dimensions), default="pca"
        Where the points begin.
    neighbors : {"auto", "exact", "approximate"}, default="auto"
        How neighbors are searched.
    early_exaggeration : float, default=12.0
        How much stronger attraction is in the early iterations.
    early_iterations : int, default=250
        How many early iterations there are.
    iterations : int, default=500
        How many iterations follow.
    late_exaggeration : float, default=1.0
        How much stronger attraction is in these.
    early_learning_rate, learning_rate : "auto" or float, default="auto"
        The step size of the early iterations and of those that follow.
    momentum : float, default=0.8
        The part of each step that carries on into the next.
    stop_when_settled : dict or None, default={"below": 1e-5} as ``"auto"``
        Whether to stop before the last iteration: ``{"below": nats per iteration}``, or ``None`` for never.
    random_state : int, RandomState or None, default=42
        The seed. The same seed gives the same map at any number of threads.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, dimensions), float32
        Where each row lies.
    kl_divergence_ : float
        The Kullback-Leibler divergence of the map, in nats.
    n_iter_ : int
        Iterations done.
    n_features_in_ : int
        Columns of the rows.

    Examples
    --------
    >>> import numpy as np, reduce
    >>> rows = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    >>> tsne = reduce.TSNE(perplexity=10, iterations=100)
    >>> tsne.fit_transform(rows).shape
    (60, 2)
    >>> tsne.transform(rows[:3] + 0.01).shape
    (3, 2)
    """

    def __init__(
        self,
        *,
        perplexity="auto",
        dimensions=2,
        engine="auto",
        start="pca",
        neighbors="auto",
        early_exaggeration=12.0,
        early_iterations=250,
        iterations=500,
        late_exaggeration=1.0,
        early_learning_rate="auto",
        learning_rate="auto",
        momentum=0.8,
        stop_when_settled="auto",
        random_state=42,
    ):
        self.perplexity = perplexity
        self.dimensions = dimensions
        self.engine = engine
        self.start = start
        self.neighbors = neighbors
        self.early_exaggeration = early_exaggeration
        self.early_iterations = early_iterations
        self.iterations = iterations
        self.late_exaggeration = late_exaggeration
        self.early_learning_rate = early_learning_rate
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.stop_when_settled = stop_when_settled
        self.random_state = random_state

    def fit(self, X, y=None, *, progress=None):
        """Lays out the rows of `X`.

        Parameters
        ----------
        X : array or frame of numbers of shape (n_samples, n_features)
            Rows; an array in single precision is not copied.
        y : ignored
        progress : callable, optional
            Called with each event (a dict); the work stops where it returns ``False``, with :class:`Stopped`.

        Returns
        -------
        self
        """
        X = validate_data(self, X, dtype=np.float32, order="C", ensure_min_samples=_FEWEST_ROWS)
        start = None
        given = {
            name: value
            for name, value in self.get_params().items()
            if name not in ("random_state", "start", "stop_when_settled")
        }
        if isinstance(self.start, str):
            given["start"] = self.start
        else:
            start = check_array(self.start, dtype=np.float32, order="C")
            if start.shape != (len(X), self.dimensions):
                raise ValueError(f"`start` has the shape {start.shape}, and the map {(len(X), self.dimensions)}")
        if not (isinstance(self.stop_when_settled, str) and self.stop_when_settled == "auto"):
            given["stop_when_settled"] = self.stop_when_settled
        sections = {name: (("tsne", name), value) for name, value in given.items()}
        options = checked(sections, lambda some: nested(some, version=1, input={"path": "memory"}))
        options = json.dumps(json.loads(options).get("tsne", {}))
        points, self.kl_divergence_, self.n_iter_ = _reduce.lay_out(X, options, seed_of(self.random_state), start, progress)
        self.embedding_ = points
        self._rows = X
        return self

    def fit_transform(self, X, y=None, *, progress=None):
        """Lays out the rows of `X` and gives the map (``n_samples × dimensions``)."""
        return self.fit(X, progress=progress).embedding_

    def transform(self, X):
        """Places rows on the map, whose own points stay where they are.

        A row that equals a row of the map lies on its point; every other lands in the same place whatever rows come
        with it.

        Parameters
        ----------
        X : array or frame of numbers of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, dimensions), float32
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        known = {}
        for at, row in enumerate(self._rows):
            known.setdefault(row.tobytes(), at)
        at = np.array([known.get(row.tobytes(), -1) for row in X])
        points = np.empty((len(X), self.embedding_.shape[1]), dtype=np.float32)
        points[at >= 0] = self.embedding_[at[at >= 0]]
        if (at < 0).any():
            points[at < 0] = _reduce.place(np.ascontiguousarray(X[at < 0]), self._rows, self.embedding_)
        return points

    def get_feature_names_out(self, input_features=None):
        """The names of the columns of the map: ``x`` and ``y``."""
        check_is_fitted(self)
        return np.array(["x", "y"][: self.embedding_.shape[1]], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
