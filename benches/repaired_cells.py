"""What `denoise` makes of wrong cells: `python benches/repaired_cells.py REDUCE TABLE.csv [WRONG] [FRACTION]`.

A denoising model (`mask: {fraction: FRACTION}`, 0.2) is trained by the pipeline of `init` on nine tenths of the rows, drawn by a seed. In the
others a share WRONG (0.01) of the cells takes the value of another row. Of texts: how many wrong ones come back right, and how many right ones
are changed. Of numbers, in standard deviations: the mean error of the wrong cells before and after, and of the right ones after.
Needs polars.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import polars as pl


def main(program, path, wrong="0.01", fraction="0.2"):
    program, table = str(pathlib.Path(program).resolve()), pl.read_csv(path, infer_schema_length=None, null_values=["", "NA"])
    random = np.random.default_rng(1)
    order = random.permutation(len(table))
    training, new = table[order[len(table) // 10:]], table[order[: len(table) // 10]]
    with tempfile.TemporaryDirectory() as folder:
        def reduce(*arguments):
            subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

        training.write_csv(f"{folder}/t.csv")
        reduce("init", "t.csv", "-o", "t.yaml")
        reduce("run", "t.yaml", "--set", f"autoencoder.corruption={{mask: {{fraction: {fraction}}}}}", "--set", "tsne=none",
               "--set", "evaluate=none", "--set", "output=run")
        broken = pl.DataFrame({
            name: pl.select(pl.when(pl.Series(random.random(len(new)) < float(wrong))).then(column.gather(random.permutation(len(new)))).otherwise(column)).to_series()
            for name, column in ((column.name, column) for column in new)
        })
        broken.write_csv(f"{folder}/broken.csv")
        reduce("denoise", "run", "broken.csv", "-o", "clean.parquet")
        clean = pl.read_parquet(f"{folder}/clean.parquet")
        labels = re.search(r"^  labels: \[(.*?)\]", pathlib.Path(folder, "t.yaml").read_text(), re.MULTILINE)
        labels = labels[1].split(", ") if labels else []
    texts, numbers = np.zeros(4, int), []
    for name in (name for name in clean.columns if name in new.columns and name not in labels):
        true, given, back = new[name], broken[name], clean[name]
        if back.dtype == pl.String:
            true, given, back = (np.array(column.cast(pl.String).str.strip_chars().fill_null("").to_list()) for column in (true, given, back))
            bad = given != true
            texts += [bad.sum(), (bad & (back == true)).sum(), (~bad).sum(), (~bad & (back != true)).sum()]
        else:
            known = true.is_not_null() & given.is_not_null()
            true, given, back = (column.filter(known).to_numpy().astype(float) for column in (true, given, back))
            bad, spread = given != true, true.std()
            if not bad.any() or bad.all() or not spread > 0:
                continue
            numbers.append([abs(given - true)[bad].mean() / spread, abs(back - true)[bad].mean() / spread, abs(back - true)[~bad].mean() / spread])
    before, after, right = np.mean(numbers, axis=0) if numbers else [np.nan] * 3
    print(f"texts: of {texts[0]} wrong {texts[1]} come back right, of {texts[2]} right {texts[3]} are changed")
    print(f"numbers: wrong {before:.2f} standard deviations off before, {after:.2f} after; right ones 0 before, {right:.2f} after")


main(*sys.argv[1:])
