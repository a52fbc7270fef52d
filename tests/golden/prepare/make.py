"""Writes the references of the preparation's steps: `python make.py` in this folder.

numpy, scikit-learn and scanpy (with scikit-misc) give the numbers; the versions are written beside them.
"""
import json
import anndata
import numpy as np
import scanpy as sc
import sklearn
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler, normalize

rng = np.random.default_rng(7)
out = {"versions": {"numpy": np.__version__, "sklearn": sklearn.__version__, "scanpy": sc.__version__}}

# A small table of numbers on several scales, one column constant; the first 9 of 12 rows train.
x = (rng.normal(size=(12, 5)) * [1, 100, 0.01, 5, 0] + [0, 1000, 3, -2, 4]).astype(np.float32)
train = x[:9]
x64, train64 = x.astype(np.float64), train.astype(np.float64)
out["x"] = x.tolist()
out["standardize"] = StandardScaler().fit(train64).transform(x64).tolist()
out["standardize_clip_1"] = np.clip(StandardScaler().fit(train64).transform(x64), -1, 1).tolist()
out["unit_range"] = MinMaxScaler(clip=True).fit(train64).transform(x64).tolist()
out["robust"] = RobustScaler(quantile_range=(25, 75)).fit(train64).transform(x64).tolist()
out["robust_10"] = RobustScaler(quantile_range=(10, 90)).fit(train64).transform(x64).tolist()
low, high = np.quantile(train64, [0.1, 0.9], axis=0)
out["quantile_clip_10"] = np.clip(x64, low, high).tolist()
out["l2_rows"] = normalize(x64).tolist()
out["arcsinh_5"] = np.arcsinh(x64 / 5).tolist()

# With holes.
holes = x.copy()
holes[[0, 3, 10], [1, 1, 1]] = np.nan
holes[5, 3] = np.nan
out["holes"] = [[None if np.isnan(v) else float(v) for v in row] for row in holes]
for strategy in ("mean", "median"):
    out[f"impute_{strategy}"] = SimpleImputer(strategy=strategy).fit(holes[:9].astype(np.float64)).transform(holes).tolist()

# Levels.
levels = np.array(["b", "a", "c", "a", "b", "a", "a", "b", "a", "z", "c", "b"]).reshape(-1, 1)
out["levels"] = levels[:, 0].tolist()
out["one_hot"] = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(levels[:9]).transform(levels).tolist()

# Counts: 60 cells of 240 genes, overdispersed, with a spread of depths.
mean = rng.gamma(0.5, 2.0, size=240)
depth = rng.lognormal(0, 0.4, size=(60, 1))
counts = rng.poisson(rng.gamma(2.0, mean / 2.0 * depth)).astype(np.float32)
counts[:, 3] = 0
counts[7] = 0
out["counts"] = counts.astype(int).tolist()
a = anndata.AnnData(counts.copy())
sc.pp.normalize_total(a, target_sum=1e4)
out["normalize_total_row_1"] = a.X[1].tolist()
m = anndata.AnnData(counts.copy())
sc.pp.normalize_total(m)
out["normalize_total_median_row_1"] = m.X[1].tolist()
sc.pp.log1p(a)
out["log1p_row_1"] = a.X[1].tolist()
hvg = sc.pp.highly_variable_genes(a, n_top_genes=50, flavor="seurat", inplace=False)
out["dispersion_top_50"] = np.flatnonzero(hvg["highly_variable"]).tolist()
raw = anndata.AnnData(counts.copy())
hvg = sc.pp.highly_variable_genes(raw, n_top_genes=50, flavor="seurat_v3", inplace=False)
out["seurat_v3_top_50"] = np.flatnonzero(hvg["highly_variable"]).tolist()
out["variance_top_50"] = np.sort(np.argsort(-counts.astype(np.float64).var(axis=0), kind="stable")[:50]).tolist()
out["tf_idf"] = TfidfTransformer(norm=None).fit_transform(counts[:5].astype(np.float64)).toarray().tolist()

json.dump(out, open("prepare.json", "w"))
