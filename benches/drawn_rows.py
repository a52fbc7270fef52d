"""How near rows drawn from variational models come to the table, by code size and `beta`: `python benches/drawn_rows.py REDUCE TABLE.csv`.

For each model and way of drawing: the total variation distance between the table's distribution and that of as many drawn rows, mean
over the columns of texts and over their pairs; the share of drawn rows with a pair of texts that no row of the table has; and the distance between the
percentiles of numbers, in standard deviations, mean over percentiles and columns. Needs polars.
"""

import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import polars as pl


def shares(rows, columns):
    return dict(
        (row[:-1], row[-1] / rows.height) for row in rows.group_by(columns).len().iter_rows()
    )


def distance(one, other):
    return sum(abs(one.get(key, 0) - other.get(key, 0)) for key in one.keys() | other.keys()) / 2


def percentiles(column):
    numbers = column.cast(pl.Float64, strict=False).drop_nulls().sort()
    return numbers.gather([(numbers.len() - 1) * percent // 100 for percent in range(1, 100)])


def main(program, table):
    table = pathlib.Path(table).resolve()
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        def reduce(*arguments):
            subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

        reduce("init", str(table), "-o", "t.yaml")
        print("size  beta  from      bound  texts  pairs  unseen pair  numbers")
        for size, beta in [(4, 1), (8, 1), (16, 1), (32, 1), (64, 1), (32, 2), (32, 4), (32, 8)]:
            run = f"runs/{size}-{beta}"
            reduce("run", "t.yaml", "--set", f"output={run}", "--set", "tsne=none", "--set", "evaluate=none",
                   "--set", f"autoencoder.code_size={size}", "--set", f"autoencoder.code={{variational: {{beta: {beta}}}}}")
            metrics = pathlib.Path(folder, run, "metrics.json")
            bound = json.loads(metrics.read_text())["training"]["history"]["variational"]["held_out"]["elbo"]
            real = pl.read_csv(table, infer_schema_length=None).with_columns(pl.col(pl.String).str.strip_chars())
            for source in ("normal", "mixture"):
                reduce("sample", run, "-n", str(real.height), "--from", source, "-o", "drawn.csv")
                drawn = pl.read_csv(f"{folder}/drawn.csv", infer_schema_length=None)
                used = [name for name, kind in drawn.schema.items() if kind == pl.String and name in real.columns]
                clean = real.select(pl.col(used).cast(pl.String).replace({"NA": None, "?": None, "": None}))
                pairs = list(itertools.combinations(used, 2))
                single = sum(distance(shares(clean, [c]), shares(drawn, [c])) for c in used) / len(used)
                double = sum(distance(shares(clean, list(p)), shares(drawn, list(p))) for p in pairs) / len(pairs)
                numbers = [name for name, kind in drawn.schema.items() if kind.is_numeric() and name in real.columns]
                spread = {c: real[c].cast(pl.Float64, strict=False).std() for c in numbers}
                far = [(percentiles(real[c]) - percentiles(drawn[c])).abs().mean() / spread[c] for c in numbers if spread[c]]
                unseen = pl.Series([False] * drawn.height)
                for pair in pairs:
                    known = clean.select(pair).unique().with_columns(known=pl.lit(True))
                    found = drawn.join(known, on=pair, how="left", nulls_equal=True, maintain_order="left")
                    unseen |= found["known"].is_null()
                numeric = sum(far) / len(far)
                print(f"{size:4}  {beta:4}  {source:7}  {bound:6.1f}  {single:5.3f}  {double:5.3f}  {unseen.mean():11.3f}  {numeric:7.3f}", flush=True)


main(*sys.argv[1:])
