"""Writes golden.json: neighbors by scikit-learn 1.9.1 and affinities by openTSNE 1.0.4 of 40 random rows.

    python tests/golden/embed/generate.py > tests/golden/embed/golden.json
"""

import json

import numpy as np
from openTSNE.affinity import PerplexityBasedNN
from sklearn.neighbors import NearestNeighbors

points = np.random.default_rng(7).normal(size=(40, 5)).astype(np.float32)
distances, indices = NearestNeighbors(n_neighbors=25, algorithm="brute").fit(points.astype(np.float64)).kneighbors()
affinities = PerplexityBasedNN(points, perplexity=8, method="exact", k_neighbors=24).P.toarray()
embedding = np.random.default_rng(8).normal(size=(40, 2)) * 3
squared = ((embedding[:, None] - embedding[None]) ** 2).sum(-1)
similarities = 1 / (1 + squared)
np.fill_diagonal(similarities, 0)
kept = affinities > 0
q = similarities / similarities.sum()
divergence = (affinities[kept] * np.log(affinities[kept] / q[kept])).sum()
rounded = lambda table, digits: [[round(float(value), digits) for value in row] for row in table]
print(
    json.dumps(
        {
            "points": [[float(value) for value in row] for row in points],
            "indices": indices.tolist(),
            "distances": rounded(distances, 7),
            "perplexity": 8,
            "affinities": rounded(affinities, 9),
            "embedding": rounded(embedding.astype(np.float32), 7),
            "normalization": float(similarities.sum()),
            "divergence": float(divergence),
        }
    )
)
