"""Arrays and frames as the program takes them: one matrix of numbers, and columns that say where in it they are."""

import sys

import numpy as np


def frame_kind(X):
    """``"polars"`` or ``"pandas"`` where `X` is a frame of that library, else ``None``."""
    for library in ("polars", "pandas"):
        module = sys.modules.get(library)
        if module is not None and isinstance(X, module.DataFrame):
            return library
    return None


def names_of(X):
    """The names of a frame's columns."""
    return [str(name) for name in X.columns]


def without(X, names):
    """A frame without the columns of these names that it has."""
    there = [name for name in X.columns if str(name) in set(names)]
    if not there:
        return X
    return X.drop(there) if frame_kind(X) == "polars" else X.drop(columns=there)


def of_array(array, names):
    """The matrix and columns of an array (``rows × len(names)``); an array in single precision is not copied."""
    return array, [(name, str(array.dtype), "number", at, None) for at, name in enumerate(names)]


def of_frame(X):
    """The matrix and columns of a frame.

    Texts, categories and booleans are columns of texts; dates are days, times and durations seconds since 1970-01-01.
    """
    read = _of_polars if frame_kind(X) == "polars" else _of_pandas
    numbers, columns = [], []
    for position, name in enumerate(X.columns):
        type_name, kind, values = read(X, position, name)
        if kind in ("number", "time"):
            columns.append((str(name), type_name, kind, len(numbers), None))
            numbers.append(values)
        else:
            columns.append((str(name), type_name, kind, 0, values))
    matrix = np.empty((len(X), len(numbers)), dtype=np.float32, order="F")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which the program refuses
        for at, values in enumerate(numbers):
            matrix[:, at] = values
    return matrix, columns


def _single(values):
    """Numbers on their way to single precision: by way of double precision, as the program reads them."""
    values = np.asarray(values)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def _of_polars(X, position, name):
    import polars as pl

    column = X.to_series(position)
    dtype = column.dtype
    if dtype == pl.Boolean or dtype in (pl.String, pl.Categorical, pl.Enum):
        kind = "boolean" if dtype == pl.Boolean else "text"
        return str(dtype), kind, column.cast(pl.String).to_list()
    if dtype == pl.Date:
        return str(dtype), "time", column.to_physical().cast(pl.Float64).to_numpy()
    if dtype in (pl.Datetime, pl.Duration, pl.Time):
        unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}[getattr(dtype, "time_unit", None) or "ns"]
        return str(dtype), "time", column.to_physical().cast(pl.Float64).to_numpy() * unit
    if dtype == pl.Null:
        return str(dtype), "number", np.full(len(X), np.nan)
    if dtype.is_numeric():
        narrow = dtype == pl.Float32
        return str(dtype), "number", column.cast(pl.Float32 if narrow else pl.Float64).to_numpy()
    return str(dtype), "other", None


def _of_pandas(X, position, name):
    import pandas as pd
    from pandas.api import types

    column = X.iloc[:, position]
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", "text", _texts(column)
    if types.is_bool_dtype(dtype):
        return str(dtype), "boolean", [None if pd.isna(value) else str(bool(value)).lower() for value in column]
    if types.is_datetime64_any_dtype(dtype):
        seconds = (column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column) - pd.Timestamp(0)
        return str(dtype), "time", seconds.dt.total_seconds().to_numpy(dtype=np.float64)
    if types.is_timedelta64_dtype(dtype):
        return str(dtype), "time", column.dt.total_seconds().to_numpy(dtype=np.float64)
    if types.is_complex_dtype(dtype):
        return str(dtype), "other", None
    if types.is_numeric_dtype(dtype):
        if types.is_extension_array_dtype(dtype):
            return str(dtype), "number", _single(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return str(dtype), "number", _single(column.to_numpy())
    seen = types.infer_dtype(column, skipna=True)
    if seen in ("integer", "floating", "mixed-integer-float", "decimal"):
        return seen, "number", pd.to_numeric(column.astype(float)).to_numpy(dtype=np.float64)
    if seen == "boolean":
        return seen, "boolean", [None if pd.isna(value) else str(bool(value)).lower() for value in column]
    if seen == "empty":
        return seen, "number", np.full(len(X), np.nan)
    if seen in ("string", "mixed-integer"):
        return seen, "text", _texts(column)
    return seen, "other", None


def _texts(column):
    missing = column.isna().to_numpy()
    return [None if gone else str(value) for value, gone in zip(column, missing)]


def to_frame(library, numbers, names, categories, order):
    """A frame of what the program gives back, its columns in `order`; names that are not in it stay out."""
    columns = {name: numbers[:, at] for at, name in enumerate(names)}
    columns.update(categories)
    chosen = {name: columns[name] for name in order if name in columns}
    if library == "polars":
        import polars as pl

        return pl.DataFrame(chosen)
    import pandas as pd

    return pd.DataFrame(chosen)
