"""The table and the run that the examples on other engines are compared on."""

import subprocess

import numpy as np
import polars as pl

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


def prepare(program, place):
    """Writes the table, five parts of it in `data`, a run and its codes by the program into `place`; the table."""
    table = people()
    table.write_parquet(place / "people.parquet")
    (place / "data").mkdir()
    for part in range(5):
        table[part::5].write_parquet(place / f"data/part-{part}.parquet")
    (place / "p.yaml").write_text(PIPELINE)
    for arguments in (["run", "p.yaml", "--quiet"], ["encode", "run", "people.parquet", "-o", "codes.parquet", "--quiet"]):
        subprocess.run([program, *arguments], cwd=place, check=True)
    return table
