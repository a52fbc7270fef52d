"""Whether `encode` names the feature that is broken: `python benches/blamed_features.py REDUCE TABLE.parquet LABEL`.

Ten numeric columns, drawn by a seed, are broken one by one in 200 rows: stuck at their 70 % quantile, or times 20. Of the faults that `encode`
marks in at least ten rows: in how many the broken column is the one with the largest error in most marked rows, in how many it is named first
among the most unusual ones, and in how many first among those beyond the range of the training rows. Needs polars.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import polars as pl


def main(program, table, label):
    program, table = str(pathlib.Path(program).resolve()), pl.read_parquet(table)
    features = [name for name in table.columns if table[name].dtype.is_numeric() and name != label]
    with tempfile.TemporaryDirectory() as folder:
        def reduce(*arguments):
            return subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True, text=True).stderr

        table.write_parquet(f"{folder}/t.parquet")
        reduce("init", "t.parquet", "-o", "t.yaml")
        reduce("run", "t.yaml", "--set", "tsne=none", "--set", "evaluate=none", "--set", "output=run")
        rows = table.sample(200, seed=3)
        seen = largest = named = beyond = 0
        for name in pl.Series(sorted(features)).sample(min(10, len(features)), seed=1):
            for broken in (pl.lit(table[name].quantile(0.7)), pl.col(name).cast(pl.Float64) * 20):
                rows.with_columns(broken.cast(pl.Float32).alias(name)).write_parquet(f"{folder}/broken.parquet")
                said = reduce("encode", "run", "broken.parquet", "-o", "codes.parquet")
                marked = pl.read_parquet(f"{folder}/codes.parquet")["unlike_training"]
                if marked.sum() < 10:
                    continue
                reduce("reconstruct", "run", "broken.parquet", "--differences", "-o", "differences.parquet")
                differences = pl.read_parquet(f"{folder}/differences.parquet").filter(marked)
                errors = differences.select(pl.col([f for f in features if f in differences.columns]).abs())
                most = errors.select(pl.concat_list(pl.all()).list.arg_max()).to_series().value_counts(sort=True)
                seen += 1
                largest += errors.columns[most.row(0)[0]] == name
                first = dict(re.findall(r"(most unusual in them|beyond the range of the training rows): `([^`]*)`", said))
                named += first["most unusual in them"] == name
                beyond += first.get("beyond the range of the training rows") == name
    print(f"{seen} faults marked; the broken column has the largest error in {largest}, is named first in {named}, beyond the range in {beyond}")


main(*sys.argv[1:])
