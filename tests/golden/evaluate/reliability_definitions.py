"""Compares definitions of a point's reliability on the sample data: which finds the points in the wrong place?

    python tests/golden/evaluate/reliability_definitions.py        (numpy, polars, scikit-learn; some minutes)

Codes are PCA-32, maps are scikit-learn's t-SNE of the codes. Two kinds of wrong points: 5 % of rows moved onto a random
other row of another class, and rows whose neighbors by the codes mostly share their label while those on the map do
not. Printed is the area under the curve of each definition for finding them (1 = always, 0.5 = chance).
"""

from pathlib import Path

import numpy as np
import polars as pl
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import roc_auc_score

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
NEIGHBORS = 10


def digits():
    table = pl.read_csv(SAMPLES / "digits.csv")
    return table.drop("label").to_numpy().astype(np.float64) / 16, table["label"].to_numpy()


def genes():
    table = pl.read_parquet(SAMPLES / "genes.parquet")
    counts = table.drop("cell", "cell_type").to_numpy().astype(np.float64)
    logged = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    logged = logged[:, np.argsort(-logged.var(axis=0), kind="stable")[:2000]]
    scaled = (logged - logged.mean(axis=0)) / logged.std(axis=0)
    return np.clip(scaled, -10, 10), np.unique(table["cell_type"].to_numpy(), return_inverse=True)[1]


def ranked(points):
    norms = (points**2).sum(axis=1)
    distances = norms[:, None] + norms - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(points) + 1)[None].repeat(len(points), 0), axis=1)
    return order, ranks, distances


def kept(before, after, count):
    return np.array([len(np.intersect1d(b, a)) / count for b, a in zip(before[:, :count], after[:, :count])])


def definitions(before, after):
    (order, ranks, _), (map_order, map_ranks, map_distances) = before, after
    rows, k = len(order), NEIGHBORS
    chance = k * (rows - 1 - k) * (rows - k) / (2 * (rows - 1))
    trust = 1 - np.maximum(np.take_along_axis(ranks, map_order[:, :k], 1) - k, 0).sum(axis=1) / chance
    continuity = 1 - np.maximum(np.take_along_axis(map_ranks, order[:, :k], 1) - k, 0).sum(axis=1) / chance
    # scDEED (Xia, Lee & Li 2024): correlation of map distances to the nearest half before and to that on the map
    half = [np.sqrt(np.take_along_axis(map_distances, side[:, : rows // 2], 1)) for side in (order, map_order)]
    half = [side - side.mean(axis=1, keepdims=True) for side in half]
    scdeed = (half[0] * half[1]).sum(axis=1) / np.sqrt((half[0] ** 2).sum(axis=1) * (half[1] ** 2).sum(axis=1))
    return {
        "weaker of both": np.minimum(trust, continuity),
        "mean of both": (trust + continuity) / 2,
        "trustworthiness": trust,
        "continuity": continuity,
        "kept of 10": kept(order, map_order, 10),
        "kept of 90": kept(order, map_order, 90),
        "scDEED": scdeed,
    }


def majority(order, labels):
    return np.array([np.bincount(labels[near]).argmax() for near in order[:, :NEIGHBORS]])


def report(title, wrong, right, found):
    among = wrong | right
    areas = {name: round(roc_auc_score(wrong[among], -values[among]), 3) for name, values in found.items()}
    print(f"  {title} ({wrong.sum()} points): {areas}", flush=True)


def main():
    for name, (prepared, labels) in (("digits", digits()), ("genes", genes())):
        codes = PCA(32, random_state=0, svd_solver="full").fit_transform(prepared)
        layout = TSNE(2, init="pca", random_state=0).fit_transform(codes.astype(np.float32)).astype(np.float64)
        generator = np.random.default_rng(0)
        moved = generator.random(len(codes)) < 0.05
        target = generator.integers(0, len(codes), len(codes))
        changed = layout.copy()
        changed[moved] = layout[target[moved]] + generator.normal(size=(moved.sum(), 2)) * 0.3
        for step, before in (("codes", ranked(codes)), ("prepared", ranked(prepared))):
            print(f"{name}, {step} → map")
            report("moved", moved & (labels[target] != labels), ~moved, definitions(before, ranked(changed)))
            after = ranked(layout)
            good, shown = majority(before[0], labels) == labels, majority(after[0], labels) == labels
            found = definitions(before, after)
            report("misplaced by t-SNE", good & ~shown, shown, found)
            quantiles = np.quantile(found["weaker of both"], [0.01, 0.1, 0.5, 0.9]).round(2)
            print(f"  weaker of both: quantiles 1, 10, 50, 90 %: {quantiles}", flush=True)


if __name__ == "__main__":
    main()
