"""How near rows drawn from variational models come to the table, by code size: `python benches/drawn_rows.py REDUCE TABLE.csv`.

For each code size and way of drawing: the total variation distance between the table's distribution and that of as many drawn rows, mean
over the columns of texts and over their pairs; and the share of drawn rows with a pair of texts that no row of the table has. Needs polars.
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


def main(program, table):
    table = pathlib.Path(table).resolve()
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        def reduce(*arguments):
            subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

        reduce("init", str(table), "-o", "t.yaml")
        print("size  from      bound  columns  pairs  unseen pair")
        for size in (4, 8, 16, 32):
            run = f"runs/{size}"
            reduce("run", "t.yaml", "--set", f"output={run}", "--set", "tsne=none", "--set", "evaluate=none",
                   "--set", f"autoencoder.code_size={size}", "--set", "autoencoder.code={variational: {}}")
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
                unseen = pl.Series([False] * drawn.height)
                for pair in pairs:
                    known = clean.select(pair).unique().with_columns(known=pl.lit(True))
                    found = drawn.join(known, on=pair, how="left", nulls_equal=True, maintain_order="left")
                    unseen |= found["known"].is_null()
                print(f"{size:4}  {source:7}  {bound:6.1f}  {single:7.3f}  {double:5.3f}  {unseen.mean():11.3f}")


main(*sys.argv[1:])
