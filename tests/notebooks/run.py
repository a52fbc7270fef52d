"""Runs every notebook in a copy of the folders it needs; a cell that fails fails the test.

    python -m venv venv && venv/bin/pip install -r notebooks/requirements.txt
    venv/bin/python tests/notebooks/run.py             # checks
    venv/bin/python tests/notebooks/run.py --write     # and writes the fresh outputs into notebooks/
    venv/bin/python tests/notebooks/run.py genes       # only those whose name holds the word

Needs target/release/reduce. Checked as well: that what is committed was executed in order, without errors, and is small.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
LARGEST = 400_000  # bytes of one committed notebook
SECONDS = 300  # for one cell


def clean(notebook):
    """Without what differs from run to run: times, versions of the kernel."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def committed_is_whole(path):
    """Names what is wrong with a notebook as it is committed."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "was not executed from top to bottom: run this with --write"
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        yield "holds an error"
    if path.stat().st_size > LARGEST:
        yield f"is larger than {LARGEST:,} bytes"


def run(path, place, write):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(place / "notebooks")}}).execute()
    if write:
        nbformat.write(clean(notebook), path)


def main():
    write = "--write" in sys.argv[1:]
    words = [word for word in sys.argv[1:] if word != "--write"]
    chosen = [path for path in NOTEBOOKS if all(word in path.name for word in words)]
    program = REPOSITORY / "target/release"
    if not (program / "reduce").exists():
        sys.exit("target/release/reduce is not there: cargo build --release")
    os.environ["PATH"] = f"{program}{os.pathsep}{os.environ['PATH']}"
    failed = 0
    for path in chosen:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            for name in ("notebooks", "pipelines", "sample_data"):
                shutil.copytree(REPOSITORY / name, place / name)
            begin, wrong = time.monotonic(), []
            try:
                run(path, place, write)
            except Exception as error:  # a cell's error, a time limit, a dead kernel: all are told
                wrong.append(str(error))
        wrong += committed_is_whole(path)
        failed += bool(wrong)
        print(f"{path.name}: {'; '.join(wrong) or 'ok'}, {time.monotonic() - begin:.0f} s", flush=True)
    print(f"notebooks: {len(chosen) - failed} passed, {failed} failed")
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
