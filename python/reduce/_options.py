"""Parameters as the JSON of a pipeline, and errors that name the parameter."""

import json
import numbers

import numpy as np
from sklearn.utils import check_random_state

from . import _reduce


def plain(value):
    """A value as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None:
        return "none"
    return value


def seed_of(random_state):
    """The seed of the program: a whole number as it is; else one drawn from numpy's generator, as scikit-learn does."""
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool):
        if random_state < 0:
            raise ValueError(f"`random_state` must not be negative, but is {random_state}")
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def checked(sections, build):
    """The JSON of `build(sections)`, where the program takes it; else an error that names the parameter.

    Parameters
    ----------
    sections : dict
        For each parameter a pair: the path of its key in the pipeline, and its value.
    build : callable
        Makes a pipeline of some of them.
    """
    text = json.dumps(build(sections))
    try:
        _reduce.check(text)
    except ValueError as error:
        for name in sections:
            try:
                _reduce.check(json.dumps(build({name: sections[name]})))
            except ValueError as reason:
                raise ValueError(f"`{name}`: {reason}") from None
        raise error from None
    return text


def nested(sections, **rest):
    """A pipeline of values at their paths."""
    pipeline = json.loads(json.dumps(rest))
    for path, value in sections.values():
        at = pipeline
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = plain(value)
    return pipeline
