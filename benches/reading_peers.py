"""Reading beside polars and pandas: `python benches/reading_peers.py FOLDER` makes two wide tables in FOLDER and times both.

They are timed twice: until they have their columns, and until these are rows in single precision, which is what our
reader gives and what a network takes.

`cargo bench --bench reading -- FOLDER/*` times our reader on the same files. Each reading runs in a process of its
own, so that the peak of memory is its own.
"""
import pathlib
import subprocess
import sys

ONE = """
import numpy, resource, sys, time
which, path = sys.argv[1:]
library = __import__(which)
start = time.time()
frame = library.read_csv(path) if path.endswith("csv") else library.read_parquet(path)
columns = time.time() - start
rows = frame.to_numpy(order="c") if which == "polars" else frame.to_numpy()
rows = numpy.ascontiguousarray(rows, numpy.float32)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"{which:7} {path}  {frame.shape}  columns {columns:.2f} s, rows {time.time() - start:.2f} s  {peak} MiB")
"""


def make(folder):
    import numpy
    import polars

    generator = numpy.random.default_rng(1)
    tables = {
        "counts_3000x20000": generator.poisson(0.5, (3000, 20000)).astype(numpy.uint8),
        "numbers_500x50000": numpy.round(generator.normal(size=(500, 50000)), 5),
    }
    for name, values in tables.items():
        if not (folder / f"{name}.csv").exists():
            frame = polars.DataFrame(values, schema=[f"g{i}" for i in range(values.shape[1])])
            frame.write_csv(folder / f"{name}.csv")
            frame.write_parquet(folder / f"{name}.parquet")
            frame.write_parquet(folder / f"{name}_snappy.parquet", compression="snappy")


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
make(folder)
for path in sorted(folder.iterdir()):
    for which in ("polars", "pandas"):
        subprocess.run([sys.executable, "-c", ONE, which, str(path)], check=True)
