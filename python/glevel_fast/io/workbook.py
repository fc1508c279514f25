"""Workbooks: the released layout (nine sheets, one task a row, values after the fourth column), or plain tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import Column, as_text, is_blank
from glevel_fast.io.table import Table, named_columns, title_alone
from glevel_fast.text import listing, shown

if TYPE_CHECKING:
    from glevel_fast.io.sheets import Spreadsheet

SHEETS: dict[str, tuple[str, str]] = {
    "NLP": ("language", ""),
    "Image-Comprehension": ("image", "comprehension"),
    "Image-Generation": ("image", "generation"),
    "Video-Comprehension": ("video", "comprehension"),
    "Video-Generation": ("video", "generation"),
    "Audio-Comprehension": ("audio", "comprehension"),
    "Audio-Generation": ("audio", "generation"),
    "3D-Comprehension": ("3d", "comprehension"),
    "3D-Generation": ("3d", "generation"),
}
"""The sheets of the released layout and their groups (modality, paradigm)."""

HEADER = ("No", "Task Name", "Task Short Name", "Metrics")
SOTA = "SoTA Performance"


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet of the released layout.

    Attributes
    ----------
    name : str
        As in `SHEETS`.
    tasks, metrics : sequence of str
        One per row of `table`.
    table : Table
        The columns after the four of the header: "SoTA Performance", or models.
    """

    name: str
    tasks: Sequence[str]
    metrics: Sequence[str]
    table: Table


@dataclass(frozen=True, eq=False)
class Workbook:
    """The sheets of the released layout that a workbook has, in the order of `SHEETS`, and the names of the others.

    `notes` say what was read otherwise than it stands there.
    """

    where: str
    sheets: Sequence[Sheet]
    others: Sequence[str]
    notes: Sequence[str] = ()


def read_workbook(path: str | os.PathLike[str]) -> Workbook | Table:
    """Read a workbook: in the released layout, or, where no sheet is of that, its first sheet as a table.

    Only those sheets are read, and checked, that belong to it.

    Raises
    ------
    GLevelError
        For what is no workbook, encrypted, damaged, too large, or has a wrong header.
    """
    where = os.fsdecode(path)
    wanted = {name.casefold(): name for name in SHEETS}
    notes: list[str] = []
    from glevel_fast.io.sheets import open_spreadsheet  # which most who know the sheets' names never need

    with open_spreadsheet(path) as book:
        names: dict[str, str] = {}  # name in SHEETS -> name in the file
        others = []
        for title in book.titles:
            name = wanted.get(title.strip().casefold())
            if name is None:
                others.append(title)
            elif name in names:
                raise GLevelError(f"{where}: the sheet {shown(name)} is there twice")
            else:
                names[name] = title
        if not names:
            return _plain(book, where, notes)
        present = filter(names.__contains__, SHEETS)
        sheets = [_sheet(where, name, _cells(book, names[name], notes)) for name in present]
    return Workbook(where, sheets, others, notes)


def read_first_sheet(path: str | os.PathLike[str]) -> Table:
    """The first sheet of any workbook as a table: its first filled row is the header.

    Raises
    ------
    GLevelError
        As `read_workbook`; and for a sheet without a header.
    """
    where = os.fsdecode(path)
    from glevel_fast.io.sheets import open_spreadsheet

    with open_spreadsheet(path) as book:
        table = _table(where, book.cells(book.titles[0])[0]) if book.titles else None
    if table is None:
        raise GLevelError(f"{where}: its first sheet is empty")
    return table


def _cells(book: Spreadsheet, title: str, notes: list[str]) -> list[list[object]]:
    cells, percents = book.cells(title)
    if percents:
        notes.append(
            f"sheet {shown(title)}: {len(percents)} cell{'s' * (len(percents) > 1)} formatted as percentages, "
            f"taken in percent (0.782 shown as 78.2% is 78.2): {listing(percents)}"
        )
    return cells


def _plain(book: Spreadsheet, where: str, notes: list[str]) -> Table:
    """The first sheet with anything on it."""
    for title in book.titles:
        table = _table(f"{where}, sheet {shown(title)}", _cells(book, title, notes))
        if table is None:
            continue
        if others := [shown(other) for other in book.titles if other != title]:
            notes.append(f"the table is taken from the sheet {shown(title)}; passed over: {listing(others)}")
        return replace(table, where=where, unit=f"sheet {shown(title)}, row", notes=tuple(notes))
    raise GLevelError(f"{where}: is a workbook without any values")


def _table(where: str, cells: list[list[object]]) -> Table | None:
    """Rows with a header, the first that is not blank; None where all are."""
    if not (filled := _filled(cells)):
        return None
    if len(filled) > 1 and (title := title_alone(cells[filled[0]], cells[filled[1]])):
        raise GLevelError(
            f"{where}, row {filled[0] + 1}: is no header, only the title {shown(title)}; "
            f"the names of the columns seem to stand in row {filled[1] + 1}: remove what is above"
        )
    columns = [column[1:] for column in zip(*(cells[i] for i in filled), strict=True)]
    return Table(where, named_columns(cells[filled[0]], columns, where), [i + 1 for i in filled[1:]])


def _filled(cells: list[list[object]]) -> list[int]:
    """The rows with anything in them; of most a first number, or nothing but "", tells at once."""
    return [
        i
        for i, row in enumerate(cells)
        if row.count("") < len(row) and (type(row[0]) is float or not all(map(is_blank, row)))
    ]


def _sheet(path: str, name: str, cells: list[list[object]]) -> Sheet:
    where = f"{path}, sheet {name!r}"
    table = _table(where, cells)
    if table is None:
        raise GLevelError(f"{where}: is empty; its first row must be {', '.join(HEADER)} and the model's name")
    known = {title: table.find(title) or "" for title in HEADER}
    if missing := [title for title, column in known.items() if not column]:
        raise GLevelError(
            f"{where}, row {_filled(cells)[0] + 1}: the header lacks {', '.join(map(repr, missing))}; "
            f"it reads {', '.join(map(shown, table.columns))}"
        )
    names, metric_cells = table.columns[known["Task Name"]], table.columns[known["Metrics"]]
    values = {title: column for title, column in table.columns.items() if title not in known.values()}
    tasks, metrics = ([c.strip() if type(c) is str else as_text(c) for c in cells] for cells in (names, metric_cells))
    keep = []
    for i, (task, metric) in enumerate(zip(tasks, metrics, strict=True)):
        if task and metric is not None:
            keep.append(i)
            continue
        at = f"{where}, {table.at(i)}"
        if task is None:
            raise GLevelError(f"{at}: the task name is {shown(names[i])}")
        if metric is None:
            raise GLevelError(f"{at}, task {shown(task)}: the metric is {shown(metric_cells[i])}")
        if metric or not all(is_blank(column[i]) for column in values.values()):
            raise GLevelError(f"{at}: has no task name")
    body: dict[str, Column] = {title: [column[i] for i in keep] for title, column in values.items()}
    return Sheet(
        name,
        [tasks[i] or "" for i in keep],
        [metrics[i] or "" for i in keep],
        Table(where, body, [table.rows[i] for i in keep]),
    )
