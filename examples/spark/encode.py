"""Codes for every row of a partitioned Parquet data set, on Spark: `python encode.py MODEL DATA OUT`.

Each executor loads the model once per task and encodes record batches; nothing is collected. The codes, the reconstruction
error and the flag are those of `reduce encode`, bit for bit, because it is the same compiled code and a row's code depends
on nothing but the row. Needs `pyspark`, `pyarrow`, `polars` and `./python` on every machine.
"""

import sys

import polars as pl
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.types import BooleanType, FloatType, StructField, StructType

import reduce


def encoder(model_bytes, keep):
    """What `mapInArrow` calls: batches of rows to batches of codes, with the columns `keep` carried along."""

    def encode(batches):
        model = reduce.Autoencoder.from_bytes(model_bytes)
        for batch in batches:
            if batch.num_rows == 0:
                continue
            table = pl.from_arrow(pa.Table.from_batches([batch]))
            rows = table.select(model.feature_names_in_.tolist())
            codes = pl.from_numpy(model.transform(rows), schema=model.get_feature_names_out().tolist())
            extra = pl.DataFrame(
                {"reconstruction_error": -model.score_samples(rows), "unlike_training": model.unlike_training(rows)}
            )
            yield from table.select(keep).hstack(codes).hstack(extra).to_arrow().cast(schema_of(batch, keep, codes)).to_batches()

    return encode


def schema_of(batch, keep, codes):
    """The Arrow schema of the result: what is kept as it came, then codes, error and flag."""
    fields = [batch.schema.field(name) for name in keep]
    fields += [pa.field(name, pa.float32()) for name in codes.columns]
    return pa.schema([*fields, pa.field("reconstruction_error", pa.float32()), pa.field("unlike_training", pa.bool_())])


def encode(spark, model, data, out, keep=()):
    """Encodes the Parquet data set `data` into the data set `out`; columns in `keep` are carried along."""
    table = spark.read.parquet(data)
    keep = list(keep)
    codes = [StructField(name, FloatType()) for name in model.get_feature_names_out()]
    extra = [StructField("reconstruction_error", FloatType()), StructField("unlike_training", BooleanType())]
    schema = StructType([table.schema[name] for name in keep] + codes + extra)
    table.mapInArrow(encoder(model.to_bytes(), keep), schema).write.mode("overwrite").parquet(out)


def main():
    model, data, out, *keep = sys.argv[1:]
    spark = SparkSession.builder.appName("encode").getOrCreate()
    encode(spark, reduce.Autoencoder.load(model), data, out, keep)
    spark.stop()


if __name__ == "__main__":
    main()
