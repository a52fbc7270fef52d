"""What `plan` foretells beside what runs take: `python benches/forecast.py REDUCE TABLE.parquet…`.

For every table: the memory of the stage that needs most, foretold and measured, both in MiB, and their ratio; trainings are cut to
ten epochs, after which the best weights are held as well.
"""

import json
import pathlib
import subprocess
import sys
import tempfile


def main(program, *tables):
    program = str(pathlib.Path(program).resolve())
    cut = ["--set", "autoencoder.training.max_epochs=10"]
    for table in map(pathlib.Path, tables):
        with tempfile.TemporaryDirectory() as folder:
            def reduce(*arguments):
                done = subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True, text=True)
                return done.stdout

            reduce("init", str(table.resolve()), "-o", "t.yaml")
            planned = json.loads(reduce("plan", "t.yaml", "--json", *cut))
            reduce("run", "t.yaml", "-q", *cut, "--set", "output=run")
            measured = json.loads(pathlib.Path(folder, "run/run.json").read_text())["stages"]
        foretold = max(stage["memory_bytes"] for stage in planned["stages"]) / 2**20
        taken = max(stage["peak_memory_bytes"] for stage in measured) / 2**20
        print(f"{table.stem:30} foretold {foretold:7.0f}  measured {taken:7.0f}  ratio {foretold / taken:.2f}", flush=True)


main(*sys.argv[1:])
