"""Which faults of one column show in what `encode` says of windows in a row: `python benches/broken_channels.py REDUCE TABLE LABEL [LENGTH]`.

A model is trained on the first 70 % of the rows, all of them, with stretches of 500 held out. The rows after them are cut into pieces of LENGTH rows
(500), and in each piece four columns, drawn by a seed, are broken one by one in every way of `FAULTS`. A column is accused by the range where it
is beyond that of the training rows in at least a tenth of the piece's rows; if none is, by its errors where `encode` warns and they are the most
unusual in at least nine tenths of the marked rows. Healthy pieces come first. Needs polars.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import polars as pl

PIPELINE = """version: 1
input: {path: training.csv, labels: [LABEL, stretch]}
prepare: [drop_constant, standardize: {clip: 10}]
autoencoder: {training: {split_by: {grouped: stretch}}}
tsne: none
evaluate: none
output: run
"""
FAULTS = {
    "healthy": lambda value, spread, middle: value,
    "+1 sd": lambda value, spread, middle: value + spread,
    "+2 sd": lambda value, spread, middle: value + 2 * spread,
    "+5 sd": lambda value, spread, middle: value + 5 * spread,
    "+20 sd": lambda value, spread, middle: value + 20 * spread,
    "times 0.1": lambda value, spread, middle: value * 0.1,
    "times 2": lambda value, spread, middle: value * 2,
    "times 10": lambda value, spread, middle: value * 10,
    "sign turned": lambda value, spread, middle: -value,
    "stuck at the median": lambda value, spread, middle: pl.lit(middle),
}


def named(said, what):
    line = next((line for line in said.splitlines() if line.startswith(what)), "")
    return [(name, int(rows)) for name, rows in re.findall(r"`([^`]*)` \(in (\d+)", line)]


def main(program, path, label, length="500"):
    program, table, length = str(pathlib.Path(program).resolve()), pl.read_parquet(path), int(length)
    features = sorted(name for name in table.columns if table[name].dtype.is_numeric() and name != label)
    table = table.with_columns(pl.col(features).cast(pl.Float64))
    count = len(table) * 7 // 10
    stretch = pl.format("s{}", pl.int_range(pl.len()) // 500).alias("stretch")
    with tempfile.TemporaryDirectory() as folder:
        def reduce(*arguments):
            return subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True, text=True).stderr

        table[:count].with_columns(stretch).write_csv(f"{folder}/training.csv")
        pathlib.Path(folder, "p.yaml").write_text(PIPELINE.replace("LABEL", label))
        reduce("run", "p.yaml")
        seen = {fault: {"pieces": 0, "range: right": 0, "wrong": 0, "errors: right": 0, "wrong or relative": 0} for fault in FAULTS}
        for start in range(count, len(table) - length + 1, length):
            for place, name in enumerate(pl.Series(features).sample(min(4, len(features)), seed=start)):
                spread, middle = table[name][:count].std(), table[name][:count].median()
                for fault, broken in FAULTS.items():
                    if fault == "healthy" and place > 0:
                        continue
                    piece = table[start:start + length].with_columns(broken(pl.col(name), spread, middle).alias(name))
                    piece.write_parquet(f"{folder}/piece.parquet")
                    said = reduce("encode", "run", "piece.parquet", "-o", "codes.parquet")
                    far = [name for name, rows in named(said, "beyond the range") if rows >= length / 10]
                    marked = pl.read_parquet(f"{folder}/codes.parquet")["unlike_training"].sum()
                    unusual = [name for name, rows in named(said, "most unusual") if marked >= length / 20 and rows >= 0.9 * marked]
                    found = seen[fault]
                    found["pieces"] += 1
                    found["range: right"] += name in far
                    found["wrong"] += bool(far) and (name not in far or fault == "healthy")
                    found["errors: right"] += not far and name in unusual
                    found["wrong or relative"] += not far and bool(unusual) and name not in unusual
    print(pl.DataFrame([{"fault": fault, **found} for fault, found in seen.items()]))


pl.Config.set_tbl_rows(len(FAULTS))
pl.Config.set_tbl_cols(-1)
main(*sys.argv[1:])
