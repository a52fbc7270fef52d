"""Writes the seeds of fuzz/corpus: small files of every kind that is read. Needs numpy, scipy, pyarrow, h5py.

Run in the folder fuzz. The finds in corpus/* are not touched; the model is made by `reduce run`, see fuzz/README.md.
"""

import gzip
import io
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import scipy.sparse as sparse


def keep(target: str, name: str, content: bytes | str) -> None:
    path = Path("corpus") / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def text() -> None:
    rows = "id,a,b,class\n" + "".join(f"r{i},{i},{i * 0.5},{'xy'[i % 2]}\n" for i in range(6))
    keep("text", "plain.csv", rows)
    keep("text", "semicolon.csv", "a;b\n1,5;2\n2,5;3\n3,5;4\n")
    keep("text", "quoted.csv", '"a,b","say ""x""",c\r\n"1\n2",3,4\r\n5,6,7\r\n')
    keep("text", "bom.tsv", "\ufeffa\tb\n1\t2\n3\t4\n")
    keep("text", "missing.csv", "a,b\nNA,1\n,2\n3,nan\n4,5\n")
    keep("text", "numbers.csv", "a,b,c,d\n1e5,-0.0,.5,+7\n1E-3,00,5.,16777217\n")
    keep("text", "packed.csv.gz", gzip.compress(rows.encode(), mtime=0))


def ndjson() -> None:
    keep("ndjson", "plain.ndjson", '{"a": 1, "b": "x"}\n{"a": 2.5, "b": null}\n{"b": "y", "a": true}\n')
    keep("ndjson", "nested.ndjson", '{"a": {"b": [1, 2, {"c": "\\u00e9\\""}]}, "n": 1}\n{"n": 2}\n')


def numpy_files() -> None:
    array = np.arange(12, dtype="<f4").reshape(4, 3)
    for name, value in {
        "f4": array, "f8": array.astype(">f8"), "i2": array.astype("<i2"), "u1": array.astype("u1"),
        "columns": np.asfortranarray(array),
    }.items():
        out = io.BytesIO()
        np.save(out, value)
        keep("numpy", f"{name}.npy", out.getvalue())
    out = io.BytesIO()
    np.savez(out, X=array)
    keep("numpy", "one.npz", out.getvalue())
    out = io.BytesIO()
    sparse.save_npz(out, sparse.csr_matrix(array))
    keep("numpy", "sparse.npz", out.getvalue())


def tenx() -> None:
    matrix = "%%MatrixMarket matrix coordinate integer general\n%\n3 2 3\n1 1 5\n2 2 1\n3 1 2\n"
    keep("tenx", "matrix.mtx", matrix)
    folder = matrix.encode() + b"\xffAAA-1\nCCC-1\n\xffENSG1\tA\tGene\nENSG2\tB\tGene\nENSG3\tA\tGene\n"
    keep("tenx", "folder", folder)


def columnar() -> None:
    table = pa.table({
        "id": ["a", "b", "c"], "x": pa.array([1.0, None, 3.0], pa.float32()), "n": pa.array([1, 2, 3], pa.int64()),
        "when": pa.array([1, 2, 3], pa.date32()), "kind": pa.array(["u", "v", "u"]).dictionary_encode(),
        "flag": [True, False, None], "list": [[1], [2, 3], []],
    })
    for codec in ("none", "snappy", "zstd"):
        out = io.BytesIO()
        pq.write_table(table, out, compression=codec)
        keep("columnar", f"{codec}.parquet", out.getvalue())
    for codec in ("uncompressed", "lz4", "zstd"):
        out = io.BytesIO()
        feather.write_feather(table, out, compression=codec)
        keep("columnar", f"{codec}.arrow", out.getvalue())


def hdf5() -> None:
    texts = h5py.string_dtype()
    for name in ("dense", "csr", "chunked"):
        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            file.attrs["encoding-type"] = "anndata"
            for axis, names in (("obs", ["c1", "c2"]), ("var", ["g1", "g2", "g3"])):
                group = file.create_group(axis)
                group.attrs["_index"] = "_index"
                group.attrs["encoding-type"] = "dataframe"
                group.attrs.create("column-order", ["kind"] if axis == "obs" else [], dtype=texts)
                group.create_dataset("_index", data=names, dtype=texts)
            kind = file["obs"].create_group("kind")
            kind.attrs["encoding-type"] = "categorical"
            kind.create_dataset("categories", data=["u", "v"], dtype=texts)
            kind.create_dataset("codes", data=np.array([0, 1], "i1"))
            values = np.array([[1, 0, 2], [0, 3, 0]], "f4")
            if name == "csr":
                matrix = file.create_group("X")
                matrix.attrs["encoding-type"] = "csr_matrix"
                matrix.attrs["shape"] = values.shape
                packed = sparse.csr_matrix(values)
                for part in ("data", "indices", "indptr"):
                    matrix.create_dataset(part, data=getattr(packed, part))
            elif name == "chunked":
                file.create_dataset("X", data=values, chunks=(1, 3), compression="gzip")
            else:
                file.create_dataset("X", data=values)
        keep("hdf5", f"{name}.h5ad", out.getvalue())
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        matrix = file.create_group("matrix")
        matrix.create_dataset("barcodes", data=np.array([b"A", b"C"]))
        matrix.create_dataset("data", data=np.array([5, 1], "i4"))
        matrix.create_dataset("indices", data=np.array([0, 2], "i8"))
        matrix.create_dataset("indptr", data=np.array([0, 1, 2], "i8"))
        matrix.create_dataset("shape", data=np.array([3, 2], "i4"))
        features = matrix.create_group("features")
        features.create_dataset("name", data=np.array([b"g1", b"g2", b"g3"]))
        features.create_dataset("feature_type", data=np.array([b"Gene", b"Gene", b"Gene"]))
    keep("hdf5", "tenx.h5", out.getvalue())


def words() -> None:
    keep("label", "plain", "T cell\nB cell\nNK\n")
    keep("label", "markup", "</text><script>alert(1)</script>\n\" onload=\"x\n&amp;\n")
    keep("label", "paths", "../../x\na/b\nCON\n.\nType\ntype\n")
    keep("label", "signs", "\x1b[31m\x00\n\u202eabc\u202c\nz\u0301\u0301\u0301\u0301\u0301\n\U0001f642\n\ufffe\n")


def pipelines() -> None:
    keep("pipeline", "small.yaml", "version: 1\ninput: {path: t.csv, id: id, labels: [class]}\n")
    keep("pipeline", "full.yaml", """version: 1
name: n
seed: 7
input:
  path: [a.csv, "b*.csv"]
  missing: {numeric: median, words: [NA]}
  features: {include: ["^x"], exclude: [y]}
  rows: {sample: 100}
prepare: [log1p, {top_variable: 10}, standardize]
autoencoder:
  code_size: auto
  hidden: [64, 32]
  loss: nb
  code: variational
  sparsity: {l1: 0.001}
  corruption: {gaussian: {sd: 0.3}}
  training: {max_epochs: 10, batch_size: 64, learning_rate: 0.001, validation: 0.1}
tsne: {perplexity: 30, iterations: 250}
evaluate: none
plots: [{color_by: class, palette: okabe_ito}]
output: runs/x
""")


if __name__ == "__main__":
    for part in (text, ndjson, numpy_files, tenx, columnar, hdf5, words, pipelines):
        part()
