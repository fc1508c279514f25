"""`Table`, the neutral structure that every reader returns, and how its cells become numbers and text."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glevel_fast.errors import GLevelError

Column = Sequence[Any] | NDArray[np.float64]

MAX_CELLS = 4_000_000
"""Most cells of a table that is read cell by cell (CSV, JSON, one sheet): each becomes a Python object."""
MAX_NUMBERS = 15_000_000
"""Most cells of a Parquet file, and most values (models x tasks) made of fewer cells: 120 MB of doubles."""
MAX_TEXTS = 2_000_000
"""Most cells of all columns of a frame or a Parquet file that are not numeric."""
MAX_MODELS = 200_000
MAX_TASKS = 100_000
"""Most tasks of a benchmark, and most columns of a table."""
MAX_LETTERS = 10_000_000
"""Most characters of all models' names, and of all tasks'."""

NOT_SUPPORTED = frozenset({"", "nan", "∞", "+∞", "inf", "+inf", "infinity", "+infinity", "-", "/"})
"""Text that says "this model does not support the task" (case-blind, stripped; SPEC.md section 3)."""


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, and where they came from.

    Attributes
    ----------
    where : str
        For messages: "runs/a.csv", "a.xlsx, sheet 'NLP'", "DataFrame".
    columns : dict of str to column
        A column is a float64 array (NaN where missing), or a sequence of whatever the cells held.
    rows : sequence of int
        The number of each row in the source, for messages.
    unit : str
        What the source calls a row: "row", "line", "record".
    """

    where: str
    columns: dict[str, Column]
    rows: Sequence[int]
    unit: str = "row"

    def at(self, i: int) -> str:
        """ "line 12" for row i."""
        return f"{self.unit} {self.rows[i]}"

    def find(self, name: str) -> str | None:
        """The column whose header means `name`: case and white space do not count."""
        wanted = fold_header(name)
        return next((header for header in self.columns if fold_header(header) == wanted), None)


def fold_header(header: str) -> str:
    """The form under which headers meet: case and white space do not count."""
    return "".join(header.split()).casefold()


def refuse_many(n: int, most: int, what: str, where: str) -> None:
    """Raise `GLevelError` for more than `most` of something."""
    if n > most:
        raise GLevelError(f"{where}: {n:,} {what} are more than the limit of {most:,}")


def refuse_names(names: Collection[str], most: int, what: str, where: str) -> None:
    """Raise `GLevelError` for more than `most` names, or more than `MAX_LETTERS` characters in them."""
    refuse_many(len(names), most, what, where)
    refuse_many(sum(map(len, names)), MAX_LETTERS, f"characters in the names of {what}", where)


def refuse_many_texts(texts: int, where: str) -> None:
    """Raise `GLevelError` for more than `MAX_TEXTS` cells that are not numbers."""
    if texts > MAX_TEXTS:
        raise GLevelError(
            f"{where}: {texts:,} cells that are not numbers are more than {MAX_TEXTS:,}; "
            "give results wide: one row per model, one numeric column per task"
        )


def named_columns(header: Sequence[object], cells: Sequence[Column], where: str) -> dict[str, Column]:
    """Header texts with their columns; empty columns without a name are dropped.

    Raises
    ------
    GLevelError
        For a filled column without a name, a name that stands twice, or more than `MAX_TASKS` columns.
    """
    refuse_many(len(header), MAX_TASKS, "columns", where)
    columns: dict[str, Column] = {}
    for i, (title, column) in enumerate(zip(header, cells, strict=True), start=1):
        name = text(title)
        if name is None:
            raise GLevelError(f"{where}: the header of column {i} is {shown(title)}, not a name")
        if not name:
            if all(is_blank(cell) for cell in column):
                continue
            raise GLevelError(
                f"{where}: column {i} has no name (with pandas, write without the index: to_csv(index=False))"
            )
        if name in columns:
            raise GLevelError(f"{where}: the column {shown(name)} stands twice; rename or remove one")
        columns[name] = column
    return columns


def is_missing(value: object) -> bool:
    """None, NaN, and the missing values of pandas."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (
            type(value).__name__ in ("NAType", "NaTType")  # pandas.NA and NaT, without importing pandas
        )
    )


def is_blank(value: object) -> bool:
    """Missing, or text of white space only."""
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def is_unicode(name: str) -> bool:
    """Whether a name can be written at all; JSON and Python let the lone half of a surrogate pair through."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object) -> str | None:
    """A cell as stripped text, "" where it is missing; None where it is neither text nor a number."""
    if isinstance(value, str):
        return value.strip()
    if is_missing(value):
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:.0f}" if value.is_integer() and -1e15 < float(value) < 1e15 else str(value)
    return shown(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else None


def number(value: object, missing: frozenset[str] = NOT_SUPPORTED) -> float | None:
    """A cell as a number, NaN where it is missing or a text in `missing`; None where it is something else.

    An infinity that is a number stays; minus infinity, and what is too large for a double, is something else.
    """
    if isinstance(value, str):
        try:
            x = float(value) if value else math.nan
        except ValueError:
            x = math.inf
        # float() takes 1_000 for 1000, rounds 1e400 to infinity, and knows nan and inf
        if math.isfinite(x) and "_" not in value:
            return x
        return math.nan if value.strip().casefold() in missing else None
    if isinstance(value, float):
        return value if value != -math.inf else None
    if is_missing(value):
        return math.nan
    if isinstance(value, (int, np.integer, np.floating, Decimal)) and not isinstance(value, bool):
        try:
            x = float(value)
        except (OverflowError, ValueError):
            return None
        return None if math.isinf(x) and (x < 0 or not isinstance(value, np.floating)) else x
    return None


def numbers(column: Column, missing: frozenset[str] = NOT_SUPPORTED) -> tuple[NDArray[np.float64], list[int]]:
    """A column as float64, NaN where missing, and the positions of the cells that are not numbers (or -inf)."""
    if isinstance(column, np.ndarray):
        return column, np.flatnonzero(np.isneginf(column)).tolist()
    if (values := _plain_numbers(column)) is not None:
        return values, []
    parsed = [number(value, missing) for value in column]
    bad = [i for i, x in enumerate(parsed) if x is None] if None in parsed else []
    return np.array([math.nan if x is None else x for x in parsed] if bad else parsed, dtype=np.float64), bad


def _plain_numbers(column: Sequence[Any]) -> NDArray[np.float64] | None:
    """What `numbers` gives for texts that are finite numbers or empty, in a third of the time; else None."""
    if set(map(type, column)) != {str}:
        return None
    try:
        values = np.array([float(cell or "nan") for cell in column])
    except ValueError:
        return None
    if np.isinf(values).any() or np.count_nonzero(np.isnan(values)) != column.count("") or "_" in "".join(column):
        return None
    return values


def shown(value: object) -> str:
    """A value for a message: its repr, never long and never failing."""
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:77] + "...")
    try:
        short = repr(value.item() if isinstance(value, np.generic) else value)
    except Exception:  # the repr of a stranger's object may raise anything
        short = f"<{type(value).__name__}>"
    return short if len(short) <= 80 else short[:77] + "..."


def listing(items: Sequence[str], most: int = 10) -> str:
    """Up to `most` items in one line, and how many more."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def bullets(items: Iterable[str], total: int, most: int = 10) -> str:
    """Up to `most` items, each on a line of its own, and how many more; `items` is read no further."""
    lines = list(islice(items, most))
    more = [f"and {total - most} more"] if total > most else []
    return "".join(f"\n  - {line}" for line in [*lines, *more])


def table_from_columns(columns: Mapping[Any, Any], where: str) -> Table:
    """A table from a dict of columns.

    Raises
    ------
    GLevelError
        For what is not a dict of sequences of equal length.
    """
    cells: list[Column] = []
    for name, column in columns.items():
        if isinstance(column, (str, bytes, Mapping)) or not hasattr(column, "__len__"):
            raise GLevelError(f"{where}: the column {shown(name)} is {shown(column)}, not a list of values")
        if isinstance(column, np.ndarray) and column.ndim != 1:
            raise GLevelError(f"{where}: the column {shown(name)} has {column.ndim} dimensions, not one")
        cells.append(column if isinstance(column, np.ndarray) and column.dtype == np.float64 else list(column))
    lengths = {len(column) for column in cells}
    if len(lengths) > 1:
        sizes = listing([f"{shown(name)} {len(column)}" for name, column in zip(columns, cells, strict=True)])
        raise GLevelError(f"{where}: the columns differ in length: {sizes}")
    return Table(where, named_columns(list(columns), cells, where), range(1, 1 + max(lengths, default=0)))


def table_from_records(records: Sequence[Any], where: str) -> Table:
    """A table from a list of dicts; what a record lacks is None.

    Raises
    ------
    GLevelError
        For a record that is not a dict, or more than `MAX_CELLS` cells.
    """
    names: dict[str, None] = {}
    for i, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            raise GLevelError(f"{where}: record {i} is {shown(record)}, not an object with named values")
        if not record.keys() <= names.keys():
            names.update(dict.fromkeys(record))
    if len(names) * len(records) > MAX_CELLS:
        raise GLevelError(f"{where}: {len(records):,} records with {len(names):,} names are more than can be read")
    columns: list[Column] = [[record.get(name) for record in records] for name in names]
    return Table(where, named_columns(list(names), columns, where), range(1, len(records) + 1), "record")


@contextmanager
def open_file(path: str | os.PathLike[str], most: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes for reading.

    Raises
    ------
    GLevelError
        For what is missing, unreadable, too large, or not a regular file.
    """
    try:
        # not blocking: opening a FIFO without a writer would otherwise wait for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise GLevelError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        if os.path.isdir(path):
            raise GLevelError(f"{path}: is a directory; name the files in it") from None
        raise GLevelError(f"{path}: cannot be read: {reason(error)}") from None
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise GLevelError(f"{path}: is a directory; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise GLevelError(f"{path}: is not a regular file")
        if status.st_size > most:
            raise GLevelError(f"{path}: {status.st_size:,} bytes are more than the limit of {most:,} for this format")
        with open(handle, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise GLevelError(f"{path}: cannot be read: {reason(error)}") from None
    finally:
        os.close(handle)


def reason(error: BaseException) -> str:
    """Why, in a few words, without the path that the message names already."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


@contextmanager
def raising(kind: type[GLevelError]) -> Iterator[None]:
    """Readers raise a plain `GLevelError`; the caller knows what was being read."""
    try:
        yield
    except GLevelError as error:
        if type(error) is not GLevelError:
            raise
        raise kind(str(error)) from error.__cause__
