"""What the package gives is what the command gives, bit for bit."""

import json
import pickle

import numpy as np
import polars as pl
import pytest

import reduce

SHORT = {"hidden": [16], "max_epochs": 4}


def pipeline(folder, text):
    path = folder / "pipeline.yaml"
    path.write_text("version: 1\nname: autoencoder\n" + text + "tsne: none\nevaluate: none\noutput: run\n")
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Numbers, texts, holes, booleans, ids and a label."""
    generator = np.random.default_rng(3)
    count = 400
    kinds = np.array(["clerk", "farmer", "pilot", None], dtype=object)
    table = pl.DataFrame(
        {
            "name": [f"p{at}" for at in range(count)],
            "age": generator.normal(40, 12, count).round(),
            "gain": [None if generator.random() < 0.1 else float(value) for value in generator.exponential(2000, count)],
            "work": kinds[generator.choice(4, count)].tolist(),
            "free": generator.random(count) < 0.5,
            "children": generator.integers(0, 5, count),
            "group": [f"g{at % 7}" for at in range(count)],
        }
    )
    folder = tmp_path_factory.mktemp("people")
    table.write_parquet(folder / "people.parquet")
    return folder, table


def test_a_csv_gives_the_same_model_and_codes(tmp_path, program, digits):
    pl.read_csv(digits).head(500).write_csv(tmp_path / "digits.csv")
    program("run", pipeline(tmp_path, "input: {path: digits.csv, labels: [label]}\nautoencoder: {code_size: 8, hidden: [16], training: {max_epochs: 4}}\n"), cwd=tmp_path)
    table = pl.read_csv(tmp_path / "digits.csv")
    fitted = reduce.Autoencoder(8, labels=["label"], **SHORT).fit(table)
    assert fitted.to_bytes() == (tmp_path / "run/model.safetensors").read_bytes()
    codes = pl.read_parquet(tmp_path / "run/codes.parquet").select(pl.col("^code_.*$")).to_numpy()
    assert np.array_equal(fitted.transform(table), codes)
    loaded = reduce.Autoencoder.load(tmp_path / "run")
    pixels = table.drop("label").to_numpy().astype(np.float32)
    with pytest.warns(UserWarning, match="feature names"):
        assert np.array_equal(loaded.transform(pixels), codes)


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_texts_holes_and_groups_give_the_same_model(tmp_path, program, people, library):
    folder, table = people
    text = f"input: {{path: {folder / 'people.parquet'}, id: name, labels: [group], missing: {{numeric: median}}}}\nautoencoder: {{code_size: 3, hidden: [16], training: {{max_epochs: 4, split_by: {{grouped: group}}}}}}\n"
    program("run", pipeline(tmp_path, text), cwd=tmp_path)
    frame = table if library == "polars" else table.to_pandas()
    fitted = reduce.Autoencoder(3, id="name", labels=("group",), missing="median", split_by={"grouped": "group"}, **SHORT).fit(frame)
    assert fitted.to_bytes() == (tmp_path / "run/model.safetensors").read_bytes()
    program("encode", "run", folder / "people.parquet", "-o", "codes.parquet", cwd=tmp_path)
    there = pl.read_parquet(tmp_path / "codes.parquet")
    assert np.array_equal(fitted.transform(frame), there.select(pl.col("^code_.*$")).to_numpy())
    assert np.array_equal(-fitted.score_samples(frame), there["reconstruction_error"].to_numpy())
    assert np.array_equal(fitted.unlike_training(frame), there["unlike_training"].to_numpy())
    program("reconstruct", "run", folder / "people.parquet", "-o", "back.parquet", cwd=tmp_path)
    back, there = fitted.reconstruct(frame), pl.read_parquet(tmp_path / "back.parquet")
    back = back if library == "polars" else pl.from_pandas(back)
    assert back.equals(there.select(back.columns))
    assert back.columns == ["age", "gain", "work", "free", "children"]


def test_a_saved_model_is_read_by_the_command_and_by_pickle(tmp_path, program, people):
    _, table = people
    numbers = table.select("age", "children")
    fitted = reduce.Autoencoder(1, **SHORT).fit(numbers)
    fitted.save(tmp_path / "model.safetensors")
    numbers.write_csv(tmp_path / "numbers.csv")
    program("encode", "model.safetensors", "numbers.csv", "-o", "codes.parquet", cwd=tmp_path)
    codes = pl.read_parquet(tmp_path / "codes.parquet").select(pl.col("^code_.*$")).to_numpy()
    for other in (fitted, pickle.loads(pickle.dumps(fitted)), reduce.Autoencoder.load(tmp_path / "model.safetensors")):
        assert np.array_equal(other.transform(numbers), codes)
    assert pickle.loads(pickle.dumps(fitted)).history_ == fitted.history_


def test_a_pipeline_runs_and_its_map_is_that_of_the_estimator(tmp_path, digits):
    pl.read_csv(digits).head(300).write_csv(tmp_path / "digits.csv")
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ninput: {path: digits.csv, labels: [label]}\nautoencoder: {code_size: 8, hidden: [16], training: {max_epochs: 4}}\ntsne: {iterations: 100}\noutput: run\n")
    events = []
    run = reduce.Pipeline(path, {"autoencoder.code_size": 6}).run(progress=events.append)
    assert run.codes.shape == (300, 6) and run.embedding.shape == (300, 2) and run.ids[:2] == ["0", "1"]
    assert {"epoch", "iteration", "finished"} <= {event["event"] for event in events}
    assert run.metrics == json.loads((tmp_path / "run/metrics.json").read_text())
    assert np.array_equal(reduce.TSNE(iterations=100).fit_transform(run.codes), run.embedding)
    assert np.array_equal(run.model.transform(pl.read_csv(tmp_path / "digits.csv")), run.codes)
