"""tasks.csv: which folder holds a task's annotations and predictions, and how its value is computed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.core.metrics import find_metric
from glevel_fast.errors import EvaluationError, GLevelError
from glevel_fast.evaluation.catalogue import definitions_of, find_definition
from glevel_fast.io.cells import as_text
from glevel_fast.io.files import raising
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_columns, table_from_records
from glevel_fast.text import bullets, fold_task, listing, shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.evaluation.definition import Definition

__all__ = ["COLUMNS", "UNITS", "TaskRow", "as_table", "load_tasks", "unit_of"]

COLUMNS = ("task", "folder", "metric", "definition", "unit", "answer_path")
UNITS = {"percent": 100.0, "fraction": 1.0}
"""Of a share, and what it is multiplied by."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task to evaluate.

    Attributes
    ----------
    task, metric : str
        As the benchmark writes them.
    folder : str
        Where its files lie, "" where it is not computed here.
    definition : str
        The id of its definition, "" where the metric has none.
    unit : str
        "percent" or "fraction" of a share; of anything else what the user wrote.
    answer_path : str
        Where in a record its gold is, "" for the one answer in `output`.
    """

    task: str
    folder: str
    metric: str
    definition: str
    unit: str
    answer_path: str


def load_tasks(source: Any, bench: Benchmark) -> tuple[tuple[TaskRow, ...], tuple[str, ...]]:
    """Read tasks.csv (or Parquet, JSON, a frame, a dict of columns) and hold it against the benchmark.

    Returns
    -------
    rows : tuple of TaskRow
        In the benchmark's order.
    notes : tuple of str
        What was inferred.

    Raises
    ------
    EvaluationError
        Listing up to ten rows that cannot be used, by task: no such task in the benchmark, another metric
        than there, no such definition, or a unit that is not the specialist's.
    """
    with raising(EvaluationError):
        table = as_table(source, "tasks")
    titles = {name: table.find(name) for name in COLUMNS}
    if lacking := [repr(name) for name in ("task", "folder", "metric") if titles[name] is None]:
        raise EvaluationError(
            f"{table.where}: lacks the column {', '.join(lacking)}; it has {listing([*table.columns])} "
            "(`glevel evaluate --draft` writes one)"
        )
    rows: dict[int, TaskRow] = {}
    faults: list[str] = []
    defaults: list[str] = []
    for i in range(len(table.rows)):
        cells = {name: "" if title is None else as_text(table.columns[title][i]) for name, title in titles.items()}
        try:
            row, at = _row(cells, bench)
            if at in rows:
                raise EvaluationError("is there twice")
            if row.definition and row.folder and not cells["definition"]:
                defaults.append(f"{shown(row.task)} {row.definition}")
            rows[at] = row
        except GLevelError as error:
            faults.append(f"{table.at(i)}, task {shown(cells['task'])}: {error}")
    if faults:
        raise EvaluationError(f"{table.where}: {len(faults)} tasks cannot be used:{bullets(faults, len(faults))}")
    notes = [f"tasks without a definition take the default of their metric: {listing(defaults)}"] if defaults else []
    low = [
        f"{shown(row.task)} {bench.sota[at]:g}"
        for at, row in sorted(rows.items())
        if row.unit == "percent" and bench.scale[at] == 1 and 0 < bench.sota[at] <= 1
    ]
    if low:
        what = "specialists of at most 1 where the unit is percent (if they are fractions, give them the scale 100)"
        notes.append(f"{what}: {listing(low)}")
    others = [shown(title) for title in table.columns if title not in titles.values()]
    notes += [f"{os.path.basename(table.where)}: columns passed over: {listing(others)}"] if others else []
    return tuple(rows[at] for at in sorted(rows)), tuple(notes)


def as_table(source: Any, where: str) -> Table:
    """A table from a path, a dict of columns, a list of records, or a frame; `where` names it where it is no file.

    Raises
    ------
    GLevelError
        For what is no table.
    """
    if isinstance(source, str | os.PathLike):
        where, source = os.fsdecode(source), read_file(source)
    if isinstance(source, Mapping):
        return table_from_columns(source, where)
    if isinstance(source, list):
        return table_from_records(source, where)
    if isinstance(source, Table):
        return source
    from glevel_fast.io.frames import read_frame

    return read_frame(source)


def _row(cells: Mapping[str, str | None], bench: Benchmark) -> tuple[TaskRow, int]:
    for name, cell in cells.items():
        if cell is None:
            raise EvaluationError(f"the {name} is no text")
    given = {name: cell or "" for name, cell in cells.items()}
    at = bench.task_index.get(fold_task(given["task"])) if given["task"] else None
    if at is None:
        raise EvaluationError("is not in the benchmark")
    metric, own = find_metric(given["metric"]), bench.metrics[at]
    if metric is not own:
        raise EvaluationError(f"the metric is {shown(given['metric'])}, in the benchmark {shown(bench.metric[at])}")
    definition = find_definition(metric, given["definition"]) if given["definition"] or definitions_of(metric) else None
    unit = _checked(given["unit"], definition, bench, at) if definition and given["folder"] else given["unit"]
    folder = given["folder"].replace(os.sep, "/").strip("/")
    name = definition.id if definition else ""
    return TaskRow(bench.tasks[at], folder, bench.metric[at], name, unit, given["answer_path"]), at


def unit_of(definition: Definition, bench: Benchmark, at: int) -> str:
    """The unit in which the benchmark has a task's specialist: of a share "percent" or "fraction", else "".

    Source: docs/spec.md sections 2 and 3: value x scale is a fraction for WER, and a percentage for every other share.
    """
    if not definition.share:
        return ""
    whole = bench.metrics[at] is find_metric("WER")
    factors = {1.0: "fraction", 0.01: "percent"} if whole else {1.0: "percent", 100.0: "fraction"}
    unit = factors.get(float(bench.scale[at]))
    if unit is None:
        raise EvaluationError(f"the benchmark's scale of {bench.scale[at]:g} is neither of a percentage nor a fraction")
    return unit


def _checked(unit: str, definition: Definition, bench: Benchmark, at: int) -> str:
    folded = unit.casefold()
    if not definition.share:
        if folded in UNITS:
            raise EvaluationError(f"the unit is {shown(unit)}, but {bench.metric[at]} is no share; leave it empty")
        return unit
    own = unit_of(definition, bench, at)
    if folded not in UNITS:
        raise EvaluationError(f"the unit is {shown(unit)}; say percent or fraction (the benchmark has {own}s)")
    if folded != own:
        sota = bench.sota[at]
        beside = f" (specialist {sota:g})" if sota == sota else ""
        raise EvaluationError(
            f"the unit is {folded}, but the benchmark has {own}s{beside}; correct it, or the benchmark's scale"
        )
    return folded
