"""Makes genes.parquet and digits.csv from a folder of larger sets.

    python make.py DATA_FOLDER

The folder holds `pbmc3k/pbmc3k.parquet` (id, one column of raw counts per gene, label) and
`digits/digits.parquet` (px0 … px63, label). Needs numpy, polars and pyarrow.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow
import pyarrow.parquet

GENES = 4500
HERE = Path(__file__).resolve().parent


def make_genes(source: Path, target: Path) -> None:
    """The labelled cells and the most variable genes, as raw counts.

    Genes are chosen without looking at the labels: every cell of the source (labelled or not) is scaled
    to 10,000 counts, log1p is taken, and the genes of largest variance are kept, in the source's order.
    """
    table = pl.read_parquet(source)
    genes = [name for name in table.columns if name not in ("id", "label")]
    counts = table.select(genes).to_numpy().astype(np.float64)
    logged = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    kept = np.sort(np.argsort(-logged.var(axis=0), kind="stable")[:GENES])
    labelled = table.filter(pl.col("label").is_not_null())
    chosen = labelled.select(
        pl.col("id").alias("cell"),
        pl.col("label").alias("cell_type"),
        *[smallest(labelled[genes[gene]]) for gene in kept],
    )
    pyarrow.parquet.write_table(
        pyarrow.table({name: chosen[name].to_numpy() for name in chosen.columns}),
        target,
        compression="zstd",
        compression_level=19,
        use_dictionary=["cell_type"],
        write_statistics=False,
        write_page_checksum=True,
    )


def smallest(counts: pl.Series) -> pl.Series:
    """The same counts in the smallest unsigned integers that hold them."""
    return counts.cast(pl.UInt8 if counts.max() <= 255 else pl.UInt16)


def make_digits(source: Path, target: Path) -> None:
    """All 1,797 images, a column per pixel named by its row and column, and the digit."""
    table = pl.read_parquet(source)
    pixels = [pl.col(f"px{8 * row + column}").alias(f"pixel_{row}_{column}") for row in range(8) for column in range(8)]
    table.select(pl.col("label"), *pixels).write_csv(target)


def main() -> None:
    data = Path(sys.argv[1])
    make_genes(data / "pbmc3k" / "pbmc3k.parquet", HERE / "genes.parquet")
    make_digits(data / "digits" / "digits.parquet", HERE / "digits.csv")
    for name in ("genes.parquet", "digits.csv"):
        content = (HERE / name).read_bytes()
        print(f"{hashlib.sha256(content).hexdigest()}  {name}  ({len(content):,} bytes)")


if __name__ == "__main__":
    main()
