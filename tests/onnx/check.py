"""Exported models in onnxruntime beside the program: the same codes and the same rows back, to 1e-4.

Run: `python tests/onnx/check.py target/release/reduce` with numpy, polars, onnx and onnxruntime. Each case makes a table,
trains on it, exports, and compares what `reduce encode` and `reduce reconstruct` write with what the graphs give.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import polars as pl

TOLERANCE = 1e-4
ROOT = Path(__file__).resolve().parents[2]
SHORT = "training: {max_epochs: 30}"


def reduce(program, place, *arguments):
    done = subprocess.run([program, *map(str, arguments)], cwd=place, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"reduce {' '.join(map(str, arguments))}\n{done.stderr}")


def inputs(session, table):
    """The inputs of an encoder from a table: numbers and texts in the model's order, as docs/export.md says."""
    about = session.get_modelmeta().custom_metadata_map
    given = {}
    if features := json.loads(about["features"]):
        given["features"] = table.select(pl.col(features).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
    if categories := json.loads(about["categories"]):
        given["categories"] = table.select(pl.col(categories).cast(pl.String).fill_null("")).to_numpy().astype(object)
    return {name: np.ascontiguousarray(values) for name, values in given.items()}


def apart(left, right):
    """The largest difference, relative where numbers are larger than 1."""
    return float(np.max(np.abs(left - right) / np.maximum(1.0, np.abs(right))))


def check(program, name, table, input_options, rest, invertible=True):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table.write_parquet(place / "table.parquet")
        head = f"version: 1\ninput: {{path: table.parquet{input_options}}}\n"
        (place / "p.yaml").write_text(head + rest + "tsne: none\nevaluate: none\noutput: run\n")
        reduce(program, place, "run", "p.yaml", "--quiet")
        reduce(program, place, "export", "run", "--onnx", "onnx")
        reduce(program, place, "encode", "run", "table.parquet", "-o", "codes.parquet", "--quiet")
        for part in ("encoder", "decoder"):
            onnx.checker.check_model(str(place / "onnx" / f"{part}.onnx"), full_check=True)
        encoder, decoder = (onnxruntime.InferenceSession(place / "onnx" / f"{part}.onnx") for part in ("encoder", "decoder"))
        ours = pl.read_parquet(place / "codes.parquet").select(pl.col("^code_.*$")).to_numpy()
        codes = encoder.run(["codes"], inputs(encoder, table))[0]
        assert codes.shape == ours.shape and np.ptp(ours) > 0.0, f"{name}: {codes.shape} {ours.shape}"
        kept = "principal.axes" in tensors(place / "run" / "model.safetensors")
        assert kept == (name == "principal"), f"{name}: principal components {'' if kept else 'not '}kept"
        differences = {"codes": apart(codes, ours)}
        outputs = [output.name for output in decoder.get_outputs()]
        assert ("features" in outputs) == invertible, f"{name}: {outputs}"
        if invertible:
            reduce(program, place, "reconstruct", "run", "table.parquet", "-o", "back.parquet", "--quiet")
            back = pl.read_parquet(place / "back.parquet")
            about = decoder.get_modelmeta().custom_metadata_map
            rows = dict(zip(outputs, decoder.run(None, {"codes": ours})))
            features = json.loads(about["features"])
            found, expected = rows["features"], back.select(features).to_numpy()
            if "loss: nb" in rest or "loss: zinb" in rest:
                found, expected = shares(found), shares(expected)
            differences["features"] = apart(found, expected)
            if categories := json.loads(about["categories"]):
                expected = back.select(pl.col(categories).fill_null("")).to_numpy()
                differences["categories"] = float(np.mean(rows["categories"] != expected))
        wrong = {what: by for what, by in differences.items() if not by < TOLERANCE}
        print(f"{'wrong' if wrong else 'ok':6}{name:12}", *(f"{what} {by:.1e}" for what, by in differences.items()))
        return encoder, table, not wrong


def tensors(path):
    """The names of the tensors of a model file."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return set(json.loads(file.read(length))) - {"__metadata__"}


def shares(rows):
    """Every row over its sum: the program reconstructs counts at the size of their row, a code alone has no size."""
    return rows / rows.sum(axis=1, keepdims=True)


def numbers(values):
    return pl.DataFrame({f"x{column}": values[:, column] for column in range(values.shape[1])})


def mixed(generator, rows=600):
    """Numbers, texts and holes, as in a table of people."""
    kinds = np.array(["clerk", "farmer", "pilot", "rare one"])
    table = pl.DataFrame(
        {
            "age": generator.normal(40.0, 12.0, rows).round(),
            "gain": generator.exponential(2000.0, rows),
            "hours": generator.normal(38.0, 9.0, rows),
            "work": kinds[generator.choice(4, rows, p=[0.5, 0.3, 0.19, 0.01])],
            "home": np.array(["town", "land"])[generator.choice(2, rows)],
        }
    )
    hole = lambda share: pl.Series(generator.random(rows) < share)
    return table.with_columns(
        pl.when(hole(0.1)).then(None).otherwise(pl.col("gain")).alias("gain"),
        pl.when(hole(0.1)).then(None).otherwise(pl.col("work")).alias("work"),
    )


def main(program):
    program = str(Path(program).resolve())
    generator = np.random.default_rng(7)
    digits = pl.read_csv(ROOT / "sample_data/digits.csv").head(600)
    genes = pl.read_parquet(ROOT / "sample_data/genes.parquet").head(500)
    counts = numbers(generator.poisson(generator.gamma(2.0, 2.0, (400, 1)) * generator.gamma(1.0, 1.0, 30)).astype(float))
    curved = np.tanh(generator.normal(size=(400, 2)) @ generator.normal(scale=2.0, size=(2, 12)))
    real = numbers(curved + 0.02 * generator.normal(size=(400, 12)))
    labels = ", labels: [label]"
    shape = "code_size: 8, hidden: [32]"
    genes_input = ", id: cell, labels: [cell_type]"
    cases = [
        ("digits", digits, labels, f"autoencoder: {{{shape}, {SHORT}}}\n", True),
        ("genes", genes, genes_input, f"autoencoder: {{{shape}, {SHORT}}}\nprepare: [normalize_total, log1p, {{top_variable: {{count: 200}}}}, {{standardize: {{clip: 10}}}}]\n", False),
        ("mixed", mixed(generator), ", missing: {numeric: median}", "autoencoder: {code_size: 3, hidden: [16], training: {max_epochs: 30}}\nprepare: [{pool_rare: {below: 0.05}}, {robust: {clip: 5}}]\n", True),
        ("variational", digits, labels, f"autoencoder: {{{shape}, code: variational, {SHORT}}}\n", True),
        ("sparse", digits, labels, f"autoencoder: {{{shape}, sparsity: {{l1: {{weight: 1.0e-3}}}}, {SHORT}}}\n", True),
        ("sparse kl", digits, labels, f"autoencoder: {{{shape}, sparsity: {{kl: {{target: 0.1, weight: 1.0e-3}}}}, {SHORT}}}\n", True),
        ("denoising", digits, labels, f"autoencoder: {{{shape}, corruption: {{gaussian: {{sd: 0.2}}}}, {SHORT}}}\n", True),
        ("nb", counts, "", f"autoencoder: {{{shape}, loss: nb, {SHORT}}}\nprepare: []\n", True),
        ("zinb", counts, "", f"autoencoder: {{{shape}, loss: zinb, {SHORT}}}\nprepare: []\n", True),
        ("principal", real, "", "autoencoder: {code_size: 3, hidden: [16], training: {max_epochs: 0}}\n", True),
        ("linear", real, "", "autoencoder: {code_size: 3, hidden: [], training: {max_epochs: 30}}\nprepare: [quantile_clip, standardize]\n", True),
        ("tied tanh", real, "", "autoencoder: {code_size: 3, hidden: [16, 8], activation: tanh, tied: true, training: {max_epochs: 30}}\nprepare: [{arcsinh: {cofactor: 0.5}}]\n", True),
        ("plain elu", real, "", "autoencoder: {code_size: 3, hidden: [16], activation: elu, linear_path: none, training: {max_epochs: 30}}\nprepare: [unit_range]\n", True),
        ("roots", counts, "", f"autoencoder: {{{shape}, activation: relu, {SHORT}}}\nprepare: [{{filter: {{min_nonzero_rows: 50}}}}, sqrt, standardize]\n", True),
        ("words", counts, "", f"autoencoder: {{{shape}, activation: sigmoid, {SHORT}}}\nprepare: [tf_idf, l2_rows]\n", False),
    ]
    good = True
    for name, table, options, rest, invertible in cases:
        encoder, table, fits = check(program, name, table, options, rest, invertible)
        good &= fits
        if name == "genes":
            good &= refuses(encoder, table)
    raise SystemExit(0 if good else 1)


def refuses(encoder, table):
    """A row that the program refuses has no code: a negative count before a logarithm."""
    given = inputs(encoder, table.head(2))
    given["features"][1, 0] = -0.5
    codes = encoder.run(["codes"], given)[0]
    fits = bool(np.isfinite(codes[0]).all() and np.isnan(codes[1]).all())
    print(f"{'ok' if fits else 'wrong':6}a refused row has no code")
    return fits


if __name__ == "__main__":
    main(sys.argv[1])
