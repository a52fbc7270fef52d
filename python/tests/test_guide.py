"""The blocks of docs/python.md run, in order, as a reader would run them; so do the examples in docstrings."""

import doctest
import re
import shutil

import reduce._autoencoder
import reduce._tsne

from conftest import ROOT


def test_the_page_runs(tmp_path, monkeypatch):
    for name in ("sample_data", "pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.S | re.M)
    assert len(blocks) >= 5
    names = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)


def test_docstrings_run():
    for module in (reduce._autoencoder, reduce._tsne):
        tried = doctest.testmod(module)
        assert tried.attempted > 0 and tried.failed == 0
