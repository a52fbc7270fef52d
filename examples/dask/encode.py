"""Codes for every row of a partitioned Parquet data set, on Dask: `python encode.py MODEL DATA OUT [COLUMN ...]`.

Each partition is encoded where it lies and written as a file of its own; nothing is collected. The codes, the reconstruction
error and the flag are those of `reduce encode`, bit for bit, because it is the same compiled code and a row's code depends on
nothing but the row. Columns named after OUT are carried along. Needs `dask[dataframe]`, `polars` and `./python` on every machine.
"""

import sys

import dask.dataframe as dd
import pandas as pd
import polars as pl

import reduce


def encode_partition(frame, model_bytes, keep):
    """A partition of rows (pandas) as a partition of `keep`, codes, reconstruction errors and flags."""
    model = reduce.Autoencoder.from_bytes(model_bytes)
    rows = pl.from_pandas(frame[model.feature_names_in_.tolist()])
    codes = pd.DataFrame(model.transform(rows), columns=model.get_feature_names_out(), index=frame.index)
    extra = {"reconstruction_error": -model.score_samples(rows), "unlike_training": model.unlike_training(rows)}
    return pd.concat([frame[keep], codes.assign(**extra)], axis="columns")


def encode(model, data, out, keep=()):
    """Encodes the Parquet data set `data` into the data set `out`; columns in `keep` are carried along."""
    table, keep = dd.read_parquet(data), list(keep)
    kinds = dict.fromkeys(model.get_feature_names_out(), "float32")
    kinds |= {"reconstruction_error": "float32", "unlike_training": "bool"}
    empty = pd.concat([table._meta[keep], pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})], axis="columns")
    table.map_partitions(encode_partition, model.to_bytes(), keep, meta=empty).to_parquet(out, write_index=False)


def main():
    model, data, out, *keep = sys.argv[1:]
    encode(reduce.Autoencoder.load(model), data, out, keep)


if __name__ == "__main__":
    main()
