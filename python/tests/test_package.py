"""Errors, progress, kinds of autoencoders, files."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import reduce

QUICK = {"hidden": [8], "max_epochs": 5}


def rows(count=150, width=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"activation": "swish"}, "`activation`: unknown variant `swish`"),
        ({"dropout": 2.0}, "`dropout`: expected a number from 0 up to but not including 1"),
        ({"prepare": ["log2p"]}, "`prepare`"),
        ({"corruption": {"gaussian": {"sd": -1}}}, "`corruption`"),
        ({"split_by": {"grouped": "patient"}}, "names `patient`, but there is no column `patient`"),
        ({"random_state": -1}, "`random_state` must not be negative"),
    ],
)
def test_a_wrong_parameter_is_named(wrong, told):
    with pytest.raises(ValueError, match=told):
        reduce.Autoencoder(2, **(QUICK | wrong)).fit(rows())


def test_holes_are_refused_with_the_way_out():
    holes = rows()
    holes[3, 2] = np.nan
    with pytest.raises(ValueError, match='NaN, first in row 3 of column 2\nhint: set missing="median"'):
        reduce.Autoencoder(2, **QUICK).fit(holes)
    assert np.isfinite(reduce.Autoencoder(2, missing="median", **QUICK).fit_transform(holes)).all()


def test_levels_that_no_training_row_had_are_told():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"a": list(range(40)), "b": [x % 7 for x in range(40)], "kind": ["x", "y"] * 20})
    model = reduce.Autoencoder(2, **QUICK).fit(table)
    with pytest.warns(UserWarning, match="1 row has a level of `kind` that no training row had, and counts as none"):
        model.transform(pl.DataFrame({"a": [1, 2], "b": [1, 2], "kind": ["x", "z"]}))


def test_a_model_that_was_read_takes_the_columns_in_the_order_of_its_table(tmp_path):
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"kind": ["x", "y"] * 20, "a": list(range(40)), "b": [x % 7 for x in range(40)]})
    model = reduce.Autoencoder(2, **QUICK).fit(table)
    model.save(tmp_path / "m.safetensors")
    again = reduce.Autoencoder.load(tmp_path / "m.safetensors")
    assert list(again.feature_names_in_) == ["kind", "a", "b"]
    np.testing.assert_array_equal(again.transform(table), model.transform(table))
    assert again.reconstruct(table).columns == ["kind", "a", "b"]


def test_holes_in_new_rows_are_filled_where_that_is_said_later():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"a": [float(x) for x in range(41)], "b": [x % 7 for x in range(41)], "c": [x % 5 for x in range(41)]})
    model = reduce.Autoencoder(2, **QUICK).fit(table)
    holes = pl.DataFrame({"a": [None, 3.0], "b": [1, 2], "c": [1, 2]})
    with pytest.raises(ValueError, match=r'set_params\(missing="median"\)'):
        model.transform(holes)
    codes = model.set_params(missing="median").transform(holes)
    assert np.isfinite(codes).all()


def test_a_map_refuses_a_perplexity_that_the_rows_do_not_allow():
    with pytest.raises(ValueError, match="perplexity 50"):
        reduce.TSNE(perplexity=50).fit(rows(60))


def test_progress_is_told_and_can_stop_the_work():
    seen = []
    reduce.Autoencoder(2, **QUICK).fit(rows(), progress=seen.append)
    epochs = [event["of"]["epoch"] for event in seen if event["event"] == "epoch"]
    assert epochs == list(range(max(epochs) + 1))
    with pytest.raises(reduce.Stopped):
        reduce.Autoencoder(2, **QUICK).fit(rows(), progress=lambda event: event["event"] != "epoch")
    with pytest.raises(ZeroDivisionError):
        reduce.TSNE().fit(rows(), progress=lambda event: 1 / 0)


def test_a_key_interrupts_and_other_threads_run_meanwhile():
    # a shell that runs this in the background has the key ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    counted = [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=count)
    thread.start()
    threading.Timer(0.5, done.set).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        reduce.Autoencoder(8, hidden=[256], max_epochs=10_000, patience=10_000).fit(rows(5_000, 200))
    thread.join()
    assert counted[0] > 50 and time.monotonic() - start < 20


def test_kinds_sample_and_denoise():
    data = rows(300)
    variational = reduce.Autoencoder(2, code="variational", **QUICK).fit(data)
    assert variational.sample(7).shape == (7, 6)
    assert np.array_equal(variational.sample(7, random_state=1), variational.sample(7, random_state=1))
    denoising = reduce.Autoencoder(2, corruption={"gaussian": {"sd": 0.3}}, **QUICK).fit(data)
    assert np.array_equal(denoising.denoise(data), denoising.reconstruct(data))
    plain = reduce.Autoencoder(2, **QUICK).fit(data)
    with pytest.raises(ValueError, match="not trained to remove noise"):
        plain.denoise(data)
    with pytest.raises(ValueError, match="variational"):
        plain.sample(3)


def test_constants_come_back_and_what_else_is_left_out_is_nan():
    data = rows()
    data[:, 1] = 5.0
    data[:, 4] /= 100
    fitted = reduce.Autoencoder(2, prepare=[{"top_variable": {"count": 4}}, "standardize"], **QUICK).fit(data)
    back = fitted.inverse_transform(fitted.transform(data))
    assert back.shape == data.shape and (back[:, 1] == 5.0).all()
    assert np.isnan(back[:, 4]).all() and np.isfinite(back[:, 2]).all()


def test_new_rows_are_placed_and_the_map_stays():
    data = np.concatenate([rows(80) - 5, rows(80, seed=1) + 5])
    tsne = reduce.TSNE(iterations=200)
    points = tsne.fit_transform(data)
    assert np.array_equal(tsne.transform(data[:10]), points[:10])
    placed = tsne.transform(data[[0, 100]] + 0.05)
    middles = points[:80].mean(axis=0), points[80:].mean(axis=0)
    near = [[np.hypot(*(point - middle)) for middle in middles] for point in placed]
    assert near[0][0] < near[0][1] and near[1][1] < near[1][0]


def test_onnx_gives_the_same_codes(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    data = rows()
    fitted = reduce.Autoencoder(2, **QUICK).fit(data)
    fitted.export_onnx(tmp_path / "onnx")
    session = runtime.InferenceSession(tmp_path / "onnx/encoder.onnx")
    assert np.allclose(session.run(["codes"], {"features": data})[0], fitted.transform(data), atol=1e-4)


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"PK\x03\x04 and more of it")
    with pytest.raises(ValueError, match="not a model"):
        reduce.Autoencoder.load(tmp_path / "model.safetensors")
