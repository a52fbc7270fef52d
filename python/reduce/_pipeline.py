"""Whole pipelines, and what a run left."""

import json
from functools import cached_property
from pathlib import Path

from . import _reduce
from ._autoencoder import Autoencoder


class Pipeline:
    """A pipeline file.

    Parameters
    ----------
    path : str or Path
        The YAML file.
    overrides : dict, optional
        Values in the place of the file's, by key: ``{"autoencoder.code_size": 16}``.

    Raises
    ------
    ValueError
        What is wrong with the file, with line, column and the way out.
    """

    def __init__(self, path, overrides=None):
        self.path = Path(path)
        self.overrides = dict(overrides or {})
        text, self.name, output = _reduce.read_pipeline(self.path, self._pairs())
        self.options = json.loads(text)
        self.output = Path(output)

    def _pairs(self):
        return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.overrides.items()]

    def run(self, *, fresh=False, progress=None):
        """Does all the pipeline says, as ``reduce run`` does; what an earlier run finished is taken up.

        Parameters
        ----------
        fresh : bool, default=False
            Compute everything anew.
        progress : callable, optional
            Called with each event (a dict); the work stops where it returns ``False``, with :class:`Stopped`.

        Returns
        -------
        Run
        """
        return Run(_reduce.run(self.path, self._pairs(), fresh, progress))

    def __repr__(self):
        return f"Pipeline({str(self.path)!r})"


class Run:
    """A finished run: the folder that ``reduce run`` writes.

    Parameters
    ----------
    folder : str or Path
        The run folder.

    Attributes
    ----------
    folder : Path
    ids : list of str
        The rows' names.
    codes : ndarray of shape (rows, code_size), float32
    embedding : ndarray of shape (rows, 2), float32, or None
        The map, where there is one.
    metrics : dict
        What ``metrics.json`` holds.
    model : Autoencoder
        The trained model.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ids, self.codes, self.embedding = _reduce.read_run(self.folder)

    @cached_property
    def metrics(self):
        return json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))

    @cached_property
    def model(self):
        return Autoencoder.load(self.folder)

    def __repr__(self):
        return f"Run({str(self.folder)!r})"
