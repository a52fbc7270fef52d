"""The Spark example on two local executors beside the program: the same codes, bit for bit.

Run: `python tests/spark/check.py target/release/reduce` with `./python` and examples/spark/requirements.txt installed.
"""

import os
import sys
import tempfile
from pathlib import Path

import polars as pl
from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples/spark"), str(ROOT / "tests")]

import encode as example  # noqa: E402
import people  # noqa: E402

import reduce  # noqa: E402


def main(program):
    program = str(Path(program).resolve())
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table = people.prepare(program, place)
        spark = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "700")
            .getOrCreate()
        )
        spark.sparkContext.setLogLevel("ERROR")
        spark.sparkContext.addPyFile(str(ROOT / "examples/spark/encode.py"))
        example.encode(spark, reduce.Autoencoder.load(place / "run"), str(place / "data"), str(place / "out"), keep=["name"])
        spark.stop()
        found = pl.read_parquet(place / "out/*.parquet").sort("name")
        expected = pl.read_parquet(place / "codes.parquet").sort("name").select(found.columns)
        same = found.height == table.height and found.equals(expected, null_equal=True) and found.dtypes == expected.dtypes
        parts = len(list((place / "out").glob("*.parquet")))
        print(f"{'ok' if same else 'wrong'}: {found.height} rows in {parts} files, {found.width} columns, equal bit for bit: {same}")
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main(sys.argv[1])
