"""Benchmarks from files, frames and dicts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import ALIAS_COLUMNS, ALIAS_SEPARATOR, COLUMNS, OPTIONAL_COLUMNS, Benchmark
from glevel_fast.core.metrics import Metric, find_metric, known_metric
from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.io.cells import NOT_SUPPORTED, Column, as_numbers, as_text, cure
from glevel_fast.io.files import raising
from glevel_fast.io.limits import MAX_TASKS, refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, fold_header, table_from_columns, table_from_records
from glevel_fast.io.workbook import SHEETS, SOTA, Workbook
from glevel_fast.loading.shapes import unwrapped, without_index
from glevel_fast.text import listing, shown, shown_listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["load_benchmark"]


def load_benchmark(source: Any, *, definitions: Mapping[str, Metric] | None = None) -> Benchmark:
    """Read a benchmark from a file, a frame or a dict of columns.

    Parameters
    ----------
    source : path, DataFrame, or dict of columns
        The released workbook with "SoTA Performance" (.xlsx, .xlsm, .xlsb, .xls, .ods); .csv, .parquet, .json (a list
        of records, or columns), or a pandas, polars or Arrow table, with the columns
        `task, modality, paradigm, metric, sota` and optionally `skill, specialist, weight, scale`,
        and `aliases` and `metric_aliases`: other names of the task and its metric, with " | " between.
        A sota that is empty, None, NaN, "∞", "-" or "/" is NaN. An empty weight or scale is 1, but
        for a WER above 1: that is a percent, and its scale 0.01 (docs/spec.md section 2).

    definitions : dict of str to Metric, optional
        What names of metrics mean in this table alone; all others are those that are registered.

    Returns
    -------
    Benchmark
        Its `notes` say what was inferred or passed over.

    Raises
    ------
    BenchmarkError, UnknownMetricError
        Naming file, sheet, row or task, and value.
    """
    from glevel_fast.io.table import Table
    from glevel_fast.io.workbook import Workbook

    with raising(BenchmarkError):
        if isinstance(source, (str, os.PathLike)):
            where = os.fsdecode(source)
            content = read_file(where)
        elif isinstance(source, Mapping):
            where, content = "dict", source
        else:
            from glevel_fast.io.frames import read_frame

            where, content = "DataFrame", read_frame(source)
        if isinstance(content, Workbook):
            columns, at, notes = _from_workbook(content)
        else:
            content, more = unwrapped(content, where)
            if isinstance(content, Mapping):
                content = table_from_columns(content, where)
            elif isinstance(content, list):
                content = table_from_records(content, where)
            elif not isinstance(content, Table):
                raise BenchmarkError(f"{where}: holds {shown(content)}, not a table of tasks")
            columns, at, notes = _from_table(without_index(content, "task", lambda _: False))
            notes = [*more, *notes]
        return _from_columns(where, columns, at, notes, definitions)


_Parts = tuple[dict[str, "Column"], Callable[[int], str], list[str]]


def _from_workbook(book: Workbook) -> _Parts:
    """The columns of a benchmark from the released layout, the place of each row, and notes."""

    have = {sheet.name for sheet in book.sheets}
    if lacking := [repr(name) for name in SHEETS if name not in have]:
        raise BenchmarkError(
            f"{book.where}: lacks the sheets {listing(lacking)}; a benchmark's workbook has all {len(SHEETS)} "
            "(for fewer tasks use .csv, .parquet or .json)"
        )
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS}
    places: list[str] = []
    passed_over: dict[str, None] = {}
    for sheet in book.sheets:
        titles = list(sheet.table.columns)
        sota = next((title for title in titles if fold_header(title) == fold_header(SOTA)), None)
        if sota is None:
            this = f"results of {listing([shown(t) for t in titles])}" if titles else "the template"
            raise BenchmarkError(f"{sheet.table.where}: has no column {SOTA!r}; this looks like {this}")
        passed_over |= dict.fromkeys(title for title in titles if title != sota)
        n = len(sheet.tasks)
        modality, paradigm = SHEETS[sheet.name]
        for name, cells in (
            ("task", sheet.tasks),
            ("modality", [modality] * n),
            ("paradigm", [paradigm] * n),
            ("metric", sheet.metrics),
            ("sota", sheet.table.columns[sota]),
        ):
            columns[name] += cells
        places += [f"sheet {sheet.name!r}, {sheet.table.at(i)}" for i in range(n)]
    notes = [f"columns passed over: {listing([shown(title) for title in passed_over])}"] if passed_over else []
    return {**columns}, places.__getitem__, [*book.notes, *notes]


def _from_table(table: Table) -> _Parts:
    """The columns of a benchmark from a table with one row per task."""
    titles = {name: table.find(name) for name in (*COLUMNS, *OPTIONAL_COLUMNS, *ALIAS_COLUMNS)}
    has = listing([shown(title) for title in table.columns])
    if lacking := [repr(name) for name in COLUMNS if titles[name] is None]:
        hint = "; this looks like results, not like a benchmark" if table.find("model") else ""
        noun = "column" if len(lacking) == 1 else "columns"
        raise BenchmarkError(f"{table.where}: lacks the {noun} {', '.join(lacking)}; it has {has}{hint}")
    if not table.rows:
        raise BenchmarkError(f"{table.where}: has a header but no rows")
    columns = {name: table.columns[title] for name, title in titles.items() if title is not None}
    extra = [shown(title) for title in table.columns if title not in titles.values()]
    return columns, table.at, [*table.notes, *([f"columns passed over: {listing(extra)}"] if extra else [])]


def _from_columns(
    where: str,
    columns: dict[str, Column],
    at: Callable[[int], str],
    notes: list[str],
    definitions: Mapping[str, Metric] | None,
) -> Benchmark:

    refuse_many(len(columns["task"]), MAX_TASKS, "tasks", where)
    parsed: dict[str, Any] = {}
    for name, column in columns.items():
        if name in ("sota", "weight", "scale"):
            # an infinite weight is no missing weight
            missing = NOT_SUPPORTED if name == "sota" else frozenset({"", "nan"})
            values, bad = as_numbers(column, missing, percent=name == "sota")
            parsed[name] = np.array(values)
        else:
            parsed[name] = tuple(as_text(cell) for cell in column)
            needed = name in ("task", "metric")
            bad = [i for i, cell in enumerate(parsed[name]) if cell is None or (needed and not cell)]
        if bad:
            i = bad[0]
            task = "" if name == "task" else f", task {shown(columns['task'][i])}"
            wanted = "a number" if name in ("sota", "weight", "scale") else "a name"
            raise BenchmarkError(
                f"{where}: {at(i)}{task}: the {name} is {shown(column[i])}, not {wanted}{cure(column[i])}"
            )
        if name in ALIAS_COLUMNS:
            parsed[name] = tuple(
                tuple(filter(None, map(str.strip, t.split(ALIAS_SEPARATOR.strip())))) for t in parsed[name]
            )
    sota, n = parsed["sota"], len(parsed["task"])
    sota[np.isinf(sota)] = np.nan
    for name in ("weight", "scale"):
        parsed.setdefault(name, np.full(n, np.nan))
    given = ~np.isnan(parsed["scale"])
    for name in ("weight", "scale"):
        parsed[name] = np.where(np.isnan(parsed[name]), 1.0, parsed[name])
    wer = find_metric("WER")
    open_ = np.array([known_metric(name) is wer for name in parsed["metric"]]) & ~given
    percent = open_ & (sota > 1)
    if open_.any() and not (percent == open_).all() and not (open_ == (open_ & (sota <= 1))).all():
        raise BenchmarkError(f"{where}: {_unit_in_doubt(parsed['task'], sota, open_)}")
    if percent.any():
        parsed["scale"] = np.where(percent, 0.01, parsed["scale"])
        names = shown_listing([parsed["task"][i] for i in np.flatnonzero(percent)])
        notes = [*notes, f"WER above 1 is taken as a percent (scale 0.01): {names}"]
    parsed["inferred"] = frozenset(parsed["task"][i] for i in np.flatnonzero(open_))
    parsed["tasks"] = parsed.pop("task")
    try:
        return Benchmark(
            **parsed, notes=tuple(f"{os.path.basename(where)}: {note}" for note in notes), definitions=definitions
        )
    except GLevelError as error:
        raise type(error)(f"{where}: {error}") from None


def _unit_in_doubt(tasks: Sequence[str], sota: NDArray[np.float64], open_: NDArray[np.bool_]) -> str:
    """Why the unit of word error rates cannot be inferred."""
    groups = (
        ("above 1, as percents are", open_ & (sota > 1)),
        ("at most 1, as fractions are", open_ & (sota <= 1)),
        ("not known", open_ & np.isnan(sota)),
    )
    parts = [
        f"{what}: {listing([f'{shown(tasks[i])} {sota[i]:g}' for i in np.flatnonzero(mask).tolist()])}"
        for what, mask in groups
        if mask.any()
    ]
    return (
        f"in which unit word error rates are cannot be inferred from the specialists; {'; '.join(parts)}; "
        "add a column `scale`: 0.01 for percents, 1 for fractions"
    )
