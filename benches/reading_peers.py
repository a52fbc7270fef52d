"""Reading beside polars and pandas: `python benches/reading_peers.py FOLDER` makes two wide tables in FOLDER and times all three.

Polars and pandas are timed twice: until they have their columns, and until these are rows in single precision, which is
what our reader gives and what a network takes. Our reader and polars read in turn, and the ratio of their times is
printed. Each reading runs in a process of its own, so that the peak of memory is its own.
"""
import json
import pathlib
import re
import statistics
import subprocess
import sys

TURNS = 5

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


def ours():
    """The compiled bench of our reader."""
    command = ["cargo", "bench", "--no-run", "--bench", "reading", "--message-format=json"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [message["executable"] for message in messages if message.get("target", {}).get("name") == "reading"][-1]


def said(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def seconds(text, before):
    """The number that stands behind a word."""
    return float(re.search(before + r" *([0-9.]+) s", text).group(1))


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
make(folder)
reader = ours()
for path in sorted(folder.iterdir()):
    times = {"reduce": [], "columns": [], "rows": []}
    for _ in range(TURNS):
        # in turn, so that a busy moment meets both
        here = said([reader, str(path)])
        there = said([sys.executable, "-c", ONE, "polars", str(path)])
        times["reduce"].append(seconds(here, r"\)"))
        times["columns"].append(seconds(there, "columns"))
        times["rows"].append(seconds(there, "rows"))
    print(here, there, said([sys.executable, "-c", ONE, "pandas", str(path)]), sep="\n")
    best = {name: min(values) for name, values in times.items()}
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(
        f"{path.name}: best of {TURNS}: reduce {best['reduce']:.2f} s, polars {best['rows']:.2f} s "
        f"(columns {best['columns']:.2f} s); reduce / polars: best {best['reduce'] / best['rows']:.2f}, "
        f"median {middle['reduce'] / middle['rows']:.2f}",
        flush=True,
    )
