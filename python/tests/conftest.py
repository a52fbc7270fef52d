import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def program():
    """Calls the built command."""
    path = Path(os.environ.get("REDUCE", ROOT / "target/release/reduce"))

    def call(*arguments, cwd):
        done = subprocess.run([path, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    assert path.exists(), f"{path} is not there: cargo build --release"
    return call


@pytest.fixture(scope="session")
def digits():
    return ROOT / "sample_data/digits.csv"
