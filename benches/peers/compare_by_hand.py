"""`reduce` beside the script `by_hand.py`, on the same tables: lines, seconds, memory, error beside PCA, trustworthiness.

    cargo build --release
    venv/bin/python benches/peers/compare_by_hand.py [digits] [genes]     # prints a table in Markdown

Each is run as its user would, as a process of its own; seconds and peak memory are the process's. Errors are on rows held out by each
tool itself, relative to PCA of 32 components (scikit-learn) fitted on its own training rows and measured on the same held-out rows, since the two
hold out different rows. Trustworthiness of codes and map is scikit-learn's, k = 10, against the prepared table of the script (the same steps in both); label agreement is the
leave-one-out accuracy of ten nearest neighbors.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

REPOSITORY = Path(__file__).resolve().parents[2]
REDUCE = REPOSITORY / "target/release/reduce"


def timed(command):
    """Seconds and peak memory in MB of a process.

    The peak is read while it runs: the one that the system gives at the end counts what this process held when it started the other.
    """
    begin, peak = time.monotonic(), 0
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])
        time.sleep(0.01)
    said = process.stderr.read().decode()
    if process.wait():
        sys.exit(said)
    return time.monotonic() - begin, peak / 1024


def agreement(points, labels):
    """The share of rows whose ten nearest others mostly share their label."""
    nearest = NearestNeighbors(n_neighbors=11).fit(points).kneighbors(points, return_distance=False)
    values = np.unique(labels, return_inverse=True)[1]
    votes = values[nearest[:, 1:]]
    return float(np.mean([np.bincount(vote).argmax() == own for vote, own in zip(votes, values)]))


def lines_of_script():
    text = (REPOSITORY / "benches/peers/by_hand.py").read_text().split("# script\n")[1].split("# end\n")[0]
    return sum(1 for line in text.splitlines() if line.strip())


def lines_of_pipeline(name):
    text = (REPOSITORY / f"pipelines/{name}.yaml").read_text()
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def by_hand(kind, path, folder):
    seconds, memory = timed([sys.executable, "benches/peers/by_hand.py", kind, path, str(folder)])
    found = np.load(folder / "for_comparison.npz")
    prepared, held_out = found["prepared"], found["held_out"]
    pca = PCA(32, svd_solver="full").fit(prepared[found["train"]])
    back = pca.inverse_transform(pca.transform(prepared[held_out]))
    error = float(found["error"]) / float(((prepared[held_out] - back) ** 2).mean())
    return lines_of_script(), seconds, memory, error, prepared, found["codes"], found["embedding"]


def by_reduce(kind, folder, prepared):
    run = folder / "run"
    seconds, memory = timed([str(REDUCE), "run", f"pipelines/{kind}.yaml", "--quiet", "--fresh", "--set", f"output={run}"])
    metrics = json.loads((run / "metrics.json").read_text())
    codes = pl.read_parquet(run / "codes.parquet").select(pl.col("^code_.*$")).to_numpy()
    embedding = pl.read_parquet(run / "embedding.parquet").select("x", "y").to_numpy()
    return lines_of_pipeline(kind), seconds, memory, metrics["reconstruction"]["mse_relative_to_pca"], prepared, codes, embedding


def main():
    print("| table | | lines | seconds | MB | error / PCA-32's | trustworthiness of codes | … of the map | label agreement of codes | … of the map |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    tables = {"digits": ("sample_data/digits.csv", "label"), "genes": ("sample_data/genes.parquet", "cell_type")}
    for kind in sys.argv[1:] or tables:
        path, label = tables[kind]
        read = pl.read_csv if path.endswith("csv") else pl.read_parquet
        labels = read(REPOSITORY / path)[label].to_numpy()
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            hand = by_hand(kind, path, folder)
            for name, (lines, seconds, memory, error, prepared, codes, embedding) in (
                ("script", hand),
                ("`reduce`", by_reduce(kind, folder, hand[4])),
            ):
                print(
                    f"| {kind} | {name} | {lines} | {seconds:.1f} | {memory:.0f} | {error:.2f} "
                    f"| {trustworthiness(prepared, codes, n_neighbors=10):.3f} | {trustworthiness(prepared, embedding, n_neighbors=10):.3f} "
                    f"| {agreement(codes, labels):.3f} | {agreement(embedding, labels):.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
