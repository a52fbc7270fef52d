"""Runs openTSNE and `reduce` in turn on the same codes and compares time, memory and quality.

    python -m venv venv && venv/bin/pip install -r benches/peers/requirements-opentsne.txt
    cargo build --release --benches
    venv/bin/python benches/peers/opentsne.py codes mnist.parquet mnist.npy --columns 32
    venv/bin/python benches/peers/opentsne.py compare mnist.npy --rows 10000 --bench target/release/deps/tsne-*

`codes` makes PCA codes of the numeric columns of a Parquet file (not `label`), and labels beside them.
`compare` lays out the same rows by both (perplexity 30, PCA start, exact neighbors, 250 + 500 iterations, 2 threads)
and prints one JSON line per side and the ratios. The divergence of both maps is computed here, with openTSNE's
exact affinities and an exact normalization.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

THREADS = 2


def codes(arguments):
    import polars
    from sklearn.decomposition import PCA

    table = polars.read_parquet(arguments.table)
    labels = table["label"].to_numpy() if "label" in table.columns else np.zeros(len(table))
    values = table.select(polars.selectors.numeric().exclude("label")).to_numpy().astype(np.float32)
    if arguments.log:
        values = np.log1p(values / values.sum(axis=1, keepdims=True) * 1e4)
    if arguments.standardize:
        deviation = values.std(axis=0)
        values = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    result = PCA(arguments.columns, random_state=0).fit_transform(values).astype(np.float32)
    np.save(arguments.codes, result)
    np.save(arguments.codes.replace(".npy", ".labels.npy"), np.asarray([str(label) for label in labels]))


def opentsne(arguments):
    """In a process of its own, so that the peak of its memory is known."""
    import openTSNE

    points = np.load(arguments.codes)
    begun = time.perf_counter()
    map_ = openTSNE.TSNE(
        perplexity=30, neighbors="exact", initialization="pca", negative_gradient_method="fft",
        early_exaggeration_iter=250, n_iter=500, n_jobs=THREADS, random_state=42,
    ).fit(points)
    seconds = time.perf_counter() - begun
    np.save(arguments.embedding, np.asarray(map_, dtype=np.float32))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 3), "peak_megabytes": round(peak)}))


def divergence(affinities, embedding):
    embedding = embedding.astype(np.float64)
    normalization = 0.0
    for start in range(0, len(embedding), 1000):
        block = embedding[start : start + 1000]
        squared = (block**2).sum(1)[:, None] + (embedding**2).sum(1)[None] - 2 * block @ embedding.T
        normalization += (1 / (1 + np.maximum(squared, 0))).sum() - len(block)
    entries = affinities.tocoo()
    squared = ((embedding[entries.row] - embedding[entries.col]) ** 2).sum(1)
    kept = entries.data > 0
    p, squared = entries.data[kept], squared[kept]
    return float((p * (np.log(p) + np.log1p(squared))).sum() + np.log(normalization))


def quality(points, embedding, labels):
    from sklearn.neighbors import NearestNeighbors

    rows = np.random.default_rng(0).permutation(len(points))[:10000]
    near = lambda table: NearestNeighbors(n_neighbors=11, algorithm="auto").fit(table).kneighbors(table[rows])[1]
    high, low = near(points), near(embedding)
    # A row is its own first neighbor but for ties.
    drop = lambda found: [[other for other in row if other != own][:10] for own, row in zip(rows, found)]
    high, low = drop(high), drop(low)
    recall = np.mean([len(set(left) & set(right)) / 10 for left, right in zip(high, low)])
    if labels is None:
        return {"knn_recall": round(float(recall), 4)}
    vote = [max(set(near := [labels[other] for other in row]), key=near.count) for row in low]
    agreement = np.mean([winner == labels[own] for own, winner in zip(rows, vote)])
    return {"knn_recall": round(float(recall), 4), "label_agreement": round(float(agreement), 4)}


def compare(arguments):
    import openTSNE

    points = np.load(arguments.codes)
    order = np.random.default_rng(0).permutation(len(points))[: arguments.rows or len(points)]
    points = np.ascontiguousarray(points[order])
    labels_path = arguments.codes.replace(".npy", ".labels.npy")
    labels = np.load(labels_path)[order] if os.path.exists(labels_path) else None
    environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)}
    with tempfile.TemporaryDirectory() as folder:
        given = os.path.join(folder, "codes.npy")
        np.save(given, points)
        sides = {}
        for name, command in {
            "reduce": [arguments.bench, given, os.path.join(folder, "reduce.npy"), arguments.engine],
            "openTSNE": [sys.executable, __file__, "opentsne", given, os.path.join(folder, "openTSNE.npy")],
        }.items():
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            sides[name] = json.loads(done.stdout.splitlines()[-1])
        affinities = openTSNE.affinity.PerplexityBasedNN(points, perplexity=30, method="exact", n_jobs=THREADS).P
        for name, side in sides.items():
            embedding = np.load(os.path.join(folder, f"{name}.npy"))
            side["divergence"] = round(divergence(affinities, embedding), 5)
            side.update(quality(points, embedding, labels))
            print(name, json.dumps(side))
    ours, theirs = sides["reduce"], sides["openTSNE"]
    print(
        f"{len(points)} rows: {theirs['seconds'] / ours['seconds']:.1f} times as fast as openTSNE, "
        f"{ours['peak_megabytes'] / theirs['peak_megabytes']:.2f} of its memory, "
        f"divergence {ours['divergence'] / theirs['divergence']:.4f} of its, "
        f"kNN recall {ours['knn_recall'] - theirs['knn_recall']:+.4f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("codes")
    verb.set_defaults(run=codes)
    verb.add_argument("table")
    verb.add_argument("codes")
    verb.add_argument("--columns", type=int, default=32)
    verb.add_argument("--log", action="store_true", help="counts: library size 10,000 and log1p before")
    verb.add_argument("--standardize", action="store_true")
    verb = verbs.add_parser("opentsne")
    verb.set_defaults(run=opentsne)
    verb.add_argument("codes")
    verb.add_argument("embedding")
    verb = verbs.add_parser("compare")
    verb.set_defaults(run=compare)
    verb.add_argument("codes")
    verb.add_argument("--rows", type=int, default=0)
    verb.add_argument("--engine", default="auto")
    verb.add_argument("--bench", required=True, help="the built bench, target/release/deps/tsne-…")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
