"""The Dask example on two local processes beside the program: the same codes, bit for bit.

Run: `python tests/dask/check.py target/release/reduce` with `./python` and examples/dask/requirements.txt installed.
"""

import sys
import tempfile
from pathlib import Path

import dask
import polars as pl

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples/dask"), str(ROOT / "tests")]

import encode as example  # noqa: E402
import people  # noqa: E402

import reduce  # noqa: E402


def main(program):
    program = str(Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table = people.prepare(program, place)
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
