"""The Dask example on two local processes beside the program: the same codes, bit for bit.

Run: `python tests/dask/check.py target/release/reduce` with `./python` and examples/dask/requirements.txt installed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import dask
import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples/dask"))

import encode as example  # noqa: E402

import reduce  # noqa: E402

PIPELINE = """version: 1
input: {path: people.parquet, id: name, missing: {numeric: median}}
autoencoder: {code_size: 3, hidden: [16], training: {max_epochs: 5}}
tsne: none
evaluate: none
output: run
"""


def people(rows=6000):
    """Numbers, texts and holes."""
    generator = np.random.default_rng(5)
    kinds = np.array(["clerk", "farmer", "pilot", None], dtype=object)
    return pl.DataFrame(
        {
            "name": [f"p{at:05}" for at in range(rows)],
            "age": generator.normal(40, 12, rows),
            "gain": [None if at % 9 == 0 else float(at % 77) for at in range(rows)],
            "hours": generator.integers(10, 60, rows),
            "work": kinds[generator.choice(4, rows)].tolist(),
        }
    )


def main(program):
    program = str(Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table = people()
        table.write_parquet(place / "people.parquet")
        (place / "data").mkdir()
        for part in range(5):
            table[part::5].write_parquet(place / f"data/part-{part}.parquet")
        (place / "p.yaml").write_text(PIPELINE)
        for arguments in (["run", "p.yaml", "--quiet"], ["encode", "run", "people.parquet", "-o", "codes.parquet", "--quiet"]):
            subprocess.run([program, *arguments], cwd=place, check=True)
        with dask.config.set(scheduler="processes", num_workers=2):
            example.encode(reduce.Autoencoder.load(place / "run"), str(place / "data"), str(place / "out"), keep=["name"])
        found = pl.read_parquet(place / "out/*.parquet").sort("name")
        expected = pl.read_parquet(place / "codes.parquet").sort("name").select(found.columns)
        same = found.height == table.height and found.equals(expected, null_equal=True) and found.dtypes == expected.dtypes
        parts = len(list((place / "out").glob("*.parquet")))
        print(f"{'ok' if same else 'wrong'}: {found.height} rows in {parts} files, {found.width} columns, equal bit for bit: {same}")
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main(sys.argv[1])
