"""pandas, polars and Arrow, in and out, by one path: narwhals."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np

from glevel_fast.errors import GLevelError, MissingExtraError
from glevel_fast.extras import require
from glevel_fast.io.cells import EXACT, widened
from glevel_fast.io.limits import refuse_many_texts
from glevel_fast.io.markup import TextTable
from glevel_fast.io.table import Table, named_columns
from glevel_fast.io.write import records
from glevel_fast.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from glevel_fast.io.cells import Column

SHOWN = 20
"""Rows that a notebook shows."""

T = TypeVar("T", bound="Row")
Backend = Literal["pandas", "polars", "pyarrow"]


def read_frame(frame: Any, where: str = "DataFrame") -> Table:
    """A pandas, polars or Arrow table; numeric columns become float64 arrays, NaN where missing.

    Raises
    ------
    GLevelError
        For anything else, and for a frame with a column twice or more texts than `io.table.MAX_TEXTS`.
    """
    nw = require("narwhals", "frames")
    frame, index = _with_index(frame)
    try:
        try:
            data = nw.from_native(frame, eager_only=True)
        except TypeError:
            data = _from_capsule(frame, nw)
        refuse_many_texts(data.shape[0] * sum(not _is_numeric(dtype) for dtype in data.schema.values()), where)
        columns = [_column(series, nw) for series in data.iter_columns()]
    except GLevelError:
        raise
    except (ValueError, nw.exceptions.NarwhalsError) as error:  # a column twice; text that is not UTF-8
        raise GLevelError(f"{where}: {clean(str(error), 400)}") from None
    rows = range(1, data.shape[0] + 1)
    return Table(where, named_columns(data.columns, columns, where), rows, index=index)


def _with_index(frame: Any) -> tuple[Any, tuple[str, ...]]:
    """A pandas frame or series with its index as columns, and their names; anything else as it is."""
    if type(frame).__module__.partition(".")[0] != "pandas" or not hasattr(frame, "reset_index"):
        if type(frame).__name__ == "Series":
            raise GLevelError("a polars Series has no names beside its values; pass a DataFrame")
        return frame, ()
    if hasattr(frame, "to_frame"):
        if frame.name is None and frame.index.nlevels == 1:
            raise GLevelError("a Series needs a name, that of the model or of the task: series.rename(name)")
        frame = frame.to_frame("value" if frame.index.nlevels > 1 else frame.name)
    if frame.columns.nlevels > 1:
        raise GLevelError("the columns of the frame have several levels; give each one name")
    own = frame.index
    if own.nlevels == 1 and own.name is None and own.dtype.kind in "iu":  # its default, or what filtering left of it
        return frame, ()
    plain = own.nlevels == 1
    names = [
        str(name) if name is not None else f"__index_level_{i}__"
        for i, name in enumerate([own.name] if plain else own.names)
    ]
    if twice := sorted(set(names) & set(map(str, frame.columns))):
        names = [f"__index_level_{i}__" if name in twice else name for i, name in enumerate(names)]
    return frame.reset_index(names=names), tuple(names)


def _from_capsule(frame: Any, nw: Any) -> Any:
    """Whatever else speaks the Arrow C interface: record batches, readers, DuckDB relations."""
    kind = f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}"
    if kind == "polars.LazyFrame":
        raise GLevelError("a polars LazyFrame holds no data yet; pass frame.collect()")
    if not (hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__")):
        raise GLevelError(f"cannot read a table from {kind}; pass a path, a dict, or a pandas, polars or Arrow table")
    pa = require("pyarrow", "parquet")
    try:
        return nw.from_native(pa.table(frame), eager_only=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise GLevelError(f"cannot read a table from {kind}: {clean(str(error), 400)}") from None


def _is_numeric(dtype: Any) -> bool:
    return bool(dtype.is_numeric() and not dtype.is_decimal())


def _column(series: Any, nw: Any) -> Column:
    dtype = getattr(series.to_native(), "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "f":  # of pandas; not every narwhals knows float16
        return widened(series.to_native().to_numpy())
    if not _is_numeric(series.dtype):
        return series.to_list()  # type: ignore[no-any-return]
    if series.dtype.is_integer() and len(series) and not _is_exact(series):  # names, most likely
        return series.to_list()  # type: ignore[no-any-return]
    if series.null_count():  # integers have no NaN
        single = series.dtype == nw.Float32
        series = series.cast(nw.Float32 if single else nw.Float64).fill_null(float("nan"))
    return widened(series.to_numpy())


def _is_exact(series: Any) -> bool:
    low, high = series.min(), series.max()
    return low is None or (low >= -EXACT and high <= EXACT)


def to_native(columns: Mapping[str, Any], backend: Backend) -> Any:
    """A pandas, polars or pyarrow table from columns (lists or arrays).

    Raises
    ------
    MissingExtraError
        Where narwhals or the backend is not installed.
    """
    nw = require("narwhals", "frames")
    try:
        return nw.from_dict(dict(columns), backend=backend).to_native()
    except ImportError as error:
        raise MissingExtraError(f"this needs {backend}, which is not installed: pip install {backend}") from error


class _Columns(Protocol):
    def columns(self) -> dict[str, Any]: ...


class Row(Protocol):
    """A result with plain data."""

    def to_dict(self) -> dict[str, Any]: ...


class AsFrames:
    """The ways out of whatever has `columns()`: plain data, frames, and a table in a notebook."""

    def to_dict(self: _Columns) -> dict[str, Any]:
        """The rows of `columns()` as plain data for JSON, under "rows".

        Returns
        -------
        dict
        """
        return {"rows": records(self.columns())}

    def to_pandas(self: _Columns) -> pd.DataFrame:
        """The rows of `columns()` (needs the extra `frames` and pandas).

        Returns
        -------
        pandas.DataFrame
            The columns of `columns()`.
        """
        frame: pd.DataFrame = to_native(self.columns(), "pandas")
        return frame

    def to_polars(self: _Columns) -> pl.DataFrame:
        """The rows of `columns()` (needs the extra `frames` and polars).

        Returns
        -------
        polars.DataFrame
            The columns of `columns()`.
        """
        frame: pl.DataFrame = to_native(self.columns(), "polars")
        return frame

    def to_arrow(self: _Columns) -> pa.Table:
        """The rows of `columns()` (needs the extras `frames` and `parquet`).

        Returns
        -------
        pyarrow.Table
            The columns of `columns()`.
        """
        table: pa.Table = to_native(self.columns(), "pyarrow")
        return table

    def _repr_html_(self: _Columns) -> str:
        given = self.columns()
        columns = {name: column.tolist() if hasattr(column, "tolist") else column for name, column in given.items()}
        rows = [[_shown(cell) for cell in row] for row in islice(zip(*columns.values(), strict=True), SHOWN)]
        of_numbers = [all(isinstance(cell, int | float | None) for cell in column) for column in columns.values()]
        more = len(next(iter(columns.values()), ())) - len(rows)
        notes = [f"... and {more} more"] if more > 0 else []
        title = repr(self).partition("\n")[0]
        return TextTable(title, list(columns), "".join("lr"[right] for right in of_numbers), rows, notes).html()


class Rows(tuple[T, ...], AsFrames):
    """A tuple of results that are alike, each with `to_dict()`: a row each."""

    __slots__ = ()

    def columns(self) -> dict[str, list[Any]]:
        """One column per entry of `to_dict()`; one entry per row."""
        rows = [row.to_dict() for row in self]
        names = list(dict.fromkeys(name for row in rows for name in row))
        return {name: [_flat(row.get(name)) for row in rows] for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: every row under "rows"."""
        return {"rows": [row.to_dict() for row in self]}


def _flat(value: Any) -> Any:
    """A value that a column of a frame can hold."""
    return ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else value


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
