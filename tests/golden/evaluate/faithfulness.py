"""Writes faithfulness.json: two spaces of the same rows, and what scikit-learn and scipy say about them.

    python tests/golden/evaluate/faithfulness.py        (numpy, scipy, scikit-learn)
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors


def neighbors(points, count):
    return NearestNeighbors(n_neighbors=count).fit(points).kneighbors(return_distance=False)


def recall(high, low, count):
    pairs = zip(neighbors(high, count), neighbors(low, count))
    return float(np.mean([len(set(before) & set(after)) / count for before, after in pairs]))


def label_agreement(low, labels, count):
    """Leave-one-out majority; a tie goes to the class with the nearest member."""
    hits = 0
    for row, near in enumerate(neighbors(low, count)):
        votes = [int((labels[near] == labels[candidate]).sum()) for candidate in near]
        hits += labels[near[int(np.argmax(votes))]] == labels[row]
    return hits / len(labels)


def class_neighbors(high, low, labels, count):
    classes = np.unique(labels)
    before, after = (neighbors(np.array([side[labels == c].mean(axis=0) for c in classes]), count) for side in (high, low))
    return float(np.mean([len(set(b) & set(a)) / count for b, a in zip(before, after)]))


def tied_trustworthiness(high, low, count):
    """Trustworthiness with every tie going to the lower row number, by full stable sorting."""
    rows = len(high)

    def ranks(points):
        distances = cdist(points, points, "sqeuclidean")
        np.fill_diagonal(distances, np.inf)
        order = np.argsort(distances, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(1, rows + 1)[None, :].repeat(rows, 0), axis=1)
        return order, rank

    (_, before), (order, _) = ranks(high), ranks(low)
    worse = np.take_along_axis(before, order[:, :count], axis=1) - count
    return 1 - worse[worse > 0].sum() * 2 / (rows * count * (2 * rows - 3 * count - 1))


def main():
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 6, 240)
    centers = generator.normal(size=(6, 12)) * 2.0
    high = np.round(centers[labels] + generator.normal(size=(240, 12)), 3).astype(np.float32)
    low = np.round(high[:, :2] + 0.8 * generator.normal(size=(240, 2)) + high[:, 2:4] * 0.3, 3).astype(np.float32)
    some = np.where(generator.random(240) < 0.15, -1, labels)
    known = some >= 0
    grid_high = generator.integers(0, 3, (150, 12)).astype(np.float32)
    grid_low = generator.integers(0, 5, (150, 2)).astype(np.float32)
    golden = {
        "high": high.astype(float).round(3).tolist(),
        "low": low.astype(float).round(3).tolist(),
        "labels": labels.tolist(),
        "some_labels": some.tolist(),
        "measures": {
            str(count): {
                "trustworthiness": trustworthiness(high.astype(np.float64), low.astype(np.float64), n_neighbors=count),
                "continuity": trustworthiness(low.astype(np.float64), high.astype(np.float64), n_neighbors=count),
                "knn_recall": recall(high, low, count),
                "label_agreement": label_agreement(low, labels, count),
                "some_label_agreement": label_agreement(low[known], some[known], count),
            }
            for count in (5, 10)
        },
        "silhouette": float(silhouette_score(low.astype(np.float64), labels)),
        "some_silhouette": float(silhouette_score(low[known].astype(np.float64), some[known])),
        "high_silhouette": float(silhouette_score(high.astype(np.float64), labels)),
        "distance_correlation": float(spearmanr(pdist(high.astype(np.float64)), pdist(low.astype(np.float64))).statistic),
        "class_neighbor_preservation": class_neighbors(high, low, labels, 3),
        "grid_high": grid_high.astype(int).tolist(),
        "grid_low": grid_low.astype(int).tolist(),
        "grid_trustworthiness": tied_trustworthiness(grid_high, grid_low, 10),
        "grid_continuity": tied_trustworthiness(grid_low, grid_high, 10),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
