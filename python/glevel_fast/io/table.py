"""`Table`, the neutral structure that every reader returns, and tables from columns and records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import Column, as_text, is_blank
from glevel_fast.io.limits import MAX_CELLS, MAX_TASKS, refuse_many
from glevel_fast.text import listing, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNNAMED = "Unnamed: 0"


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
    notes : sequence of str
        What was read otherwise than it stands there, or passed over.
    index : sequence of str
        Columns that are the index of a data frame.
    matrix : float64 (n_rows, n), C-contiguous, or None
        The columns `side_by_side` as they lie in memory: these are views of it.
    side_by_side : sequence of str
    """

    where: str
    columns: dict[str, Column]
    rows: Sequence[int]
    unit: str = "row"
    notes: Sequence[str] = ()
    index: Sequence[str] = ()
    matrix: NDArray[np.float64] | None = None
    side_by_side: Sequence[str] = ()

    def at(self, i: int) -> str:
        """ "line 12" for row i."""
        return f"{self.unit} {self.rows[i]}"

    def find(self, name: str) -> str | None:
        """The column whose header means `name`: case and white space do not count."""
        wanted = fold_header(name)
        return next((header for header in self.columns if fold_header(header) == wanted), None)


def title_alone(header: Sequence[object], below: Sequence[object]) -> str:
    """The one text of a line above a line of several, which is no header but a title; "" where it is none.

    One text in the second column is no title, but the only model above tasks as rows.
    """
    filled = [i for i, cell in enumerate(header) if not is_blank(cell)]
    if len(filled) != 1 or filled[0] == 1 or sum(not is_blank(cell) for cell in below) < 2:
        return ""
    return as_text(header[filled[0]]) or ""


def fold_header(header: str) -> str:
    """The form under which headers meet: case and white space do not count."""
    return "".join(header.split()).casefold()


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
        name = as_text(title)
        if name is None:
            raise GLevelError(f"{where}: the header of column {i} is {shown(title)}, not a name")
        if not name:
            if all(is_blank(cell) for cell in column):
                continue
            if i > 1 or UNNAMED in header:
                raise GLevelError(f"{where}: column {i} has no name")
            name = UNNAMED  # as pandas reads what it has written with its index
        if name in columns:
            raise GLevelError(f"{where}: the column {shown(name)} stands twice; rename or remove one")
        columns[name] = column
    return columns


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
