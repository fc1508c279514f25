"""From predictions and annotations to a results table whose every value can be traced to its samples."""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import Benchmark
from glevel_fast.core.metrics import find_metric
from glevel_fast.core.results import Results
from glevel_fast.errors import EvaluationError, GLevelError
from glevel_fast.evaluation.catalogue import definitions, definitions_of, find_definition
from glevel_fast.evaluation.files import open_files
from glevel_fast.evaluation.processes import Source, outcomes
from glevel_fast.evaluation.table import TaskRow, as_table, load_tasks
from glevel_fast.evaluation.task import ANNOTATION, FAULTS, MOST, Missing, Outcome, value_of
from glevel_fast.evaluation.values import read_values
from glevel_fast.io.files import raising
from glevel_fast.io.frames import AsFrames
from glevel_fast.loading.benchmark import load_benchmark
from glevel_fast.text import bullets, fold_task, listing, shown

if TYPE_CHECKING:
    from glevel_fast.evaluation.definition import Definition

__all__ = ["Evaluation", "evaluate", "recompute"]


@dataclass(frozen=True, eq=False)
class Evaluation(AsFrames):
    """One model's values on a benchmark's tasks, and the samples they come from.

    Attributes
    ----------
    model : str
    benchmark : Benchmark
    rows : tuple of TaskRow
        The tasks of tasks.csv, in the benchmark's order.
    outcomes : tuple of Outcome
        What became of each.
    given : dict of str to float
        Values that were not computed but given, by task.
    notes : tuple of str
        What was inferred, left out, or counts as the worst value.
    """

    model: str
    benchmark: Benchmark
    rows: tuple[TaskRow, ...]
    outcomes: tuple[Outcome, ...]
    given: Mapping[str, float]
    notes: tuple[str, ...]

    @cached_property
    def results(self) -> Results:
        """What `Scorer.score` takes: one model, the benchmark's tasks, NaN where not supported."""
        columns, at = self.columns(), [self.benchmark.task_index[fold_task(row.task)] for row in self.rows]
        cells = {name: np.full((1, self.benchmark.n_tasks), np.nan) for name in ("value", "stderr", "n")}
        for name, to in cells.items():
            to[0, at] = np.array(columns[name], dtype=np.float64)  # None becomes NaN
        absent = np.array([self.benchmark.n_tasks - len(self.rows)])
        return Results(
            (self.model,), self.benchmark.tasks, cells["value"], ("evaluation",), absent, self.notes,
            stderr=cells["stderr"], n=cells["n"],
        )  # fmt: skip

    def values(self) -> dict[str, float]:
        """Value by task, in the task's unit; NaN where it is not supported.

        Returns
        -------
        dict of str to float
        """
        found = {row.task: out.value for row, out in zip(self.rows, self.outcomes, strict=True)}
        return found | dict(self.given)

    def columns(self) -> dict[str, Any]:
        """The results table, one row per task, as `load_results` reads it: `model, task, value`, and how it came.

        `n` is the number of samples, `stderr` the standard error of a value that is the mean of its samples.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        values = self.values()
        computed = [row.task not in self.given and bool(row.folder) for row in self.rows]
        return {
            "model": [self.model] * len(self.rows),
            "task": [row.task for row in self.rows],
            "value": np.array([values[row.task] for row in self.rows], dtype=np.float64),
            "stderr": np.array([_standard_error(*pair) for pair in zip(self.rows, self.outcomes, strict=True)]),
            "n": [len(out.ids) or None for out in self.outcomes],
            "metric": [row.metric for row in self.rows],
            "definition": [row.definition if own else "" for row, own in zip(self.rows, computed, strict=True)],
            "unit": [row.unit for row in self.rows],
            "source": [self._source(row, out) for row, out in zip(self.rows, self.outcomes, strict=True)],
            "missing": [len(out.missing) for out in self.outcomes],
            "unparsed": [out.unparsed for out in self.outcomes],
        }

    def _source(self, row: TaskRow, out: Outcome) -> str:
        if row.task in self.given:
            return "given"
        return "not supported" if math.isnan(out.value) else "evaluated"

    def sample_columns(self) -> dict[str, Any]:
        """The samples table: one row per task and annotated id, with the sums that the task's value is made of.

        Columns: task, definition, unit, id, status ("scored" or "missing"), value (of a task that is the mean of
        its samples, in the task's unit; else NaN), sums (JSON). `recompute` makes the values of it.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        columns: dict[str, list[Any]] = {
            name: [] for name in ("task", "definition", "unit", "id", "status", "value", "sums")
        }
        for row, out in zip(self.rows, self.outcomes, strict=True):
            if not out.ids or math.isnan(out.value):
                continue
            definition = find_definition(find_metric(row.metric), row.definition)
            n = len(out.ids)
            columns["task"] += [row.task] * n
            columns["definition"] += [row.definition] * n
            columns["unit"] += [row.unit] * n
            columns["id"] += out.ids
            columns["status"] += ["missing" if key in out.missing else "scored" for key in out.ids]
            columns["value"] += [
                value_of(definition, [sums], row.unit) if definition.averages else math.nan for sums in out.sums
            ]
            columns["sums"] += [json.dumps(sums, ensure_ascii=False) for sums in out.sums]
        return columns | {"value": np.array(columns["value"], dtype=np.float64)}

    @staticmethod
    def recompute(samples: Any) -> dict[str, float]:
        """Each task's value from a samples table alone; see `recompute`.

        Parameters
        ----------
        samples : dict of columns
            As `sample_columns` gives them.

        Returns
        -------
        dict of str to float
        """
        return recompute(samples)

    def __repr__(self) -> str:
        values = [value for value in self.values().values() if not math.isnan(value)]
        return f"Evaluation({shown(self.model)}: {len(values)} values, {len(self.rows)} tasks, {len(self.notes)} notes)"


def evaluate(
    predictions: Source,
    annotations: Source,
    tasks: Any,
    *,
    benchmark: Any,
    model: str | None = None,
    values: Any = None,
    missing: Missing = "worst",
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Evaluation:
    """Compute every task's value from a model's predictions and the annotations.

    Parameters
    ----------
    predictions, annotations : path or bytes
        A folder, or a zip archive, which is read in memory and never extracted.
    tasks : path, DataFrame, dict of columns, or list of records
        `task, folder, metric, definition, unit, answer_path`; see `evaluation.table.load_tasks`.
    benchmark : Benchmark, or what `load_benchmark` reads
    model : str, optional
        The model's name; the predictions' file or folder name where it is not given.
    values : path, DataFrame, or dict {task: value}, optional
        Values of tasks that are not computed here (FID, MOS, GPT-Score, ...), in the benchmark's unit.
    missing : {"worst", "refuse"}
        What an id without a prediction means: the worst value of its metric, or that the task is not supported.
        Where a metric has no worst value, the task is not supported in either case.
    processes : int
        Tasks evaluated at once; the result is the same for any number. From a script, above 1 needs
        ``if __name__ == "__main__":`` around the call (processes are spawned).
    progress : callable, optional
        Called with (done, total) after each task.

    Returns
    -------
    Evaluation

    Raises
    ------
    EvaluationError
        Listing all faults by kind, task and id, up to ten of each kind: duplicate and unknown ids, answers of the
        wrong type, unreadable media, annotations that are not there.
    GLevelError
        Where a source cannot be opened, or the tables cannot be read.
    """
    if missing not in ("worst", "refuse"):
        raise EvaluationError(f"missing={missing!r}: choose 'worst' or 'refuse'")
    bench = benchmark if isinstance(benchmark, Benchmark) else load_benchmark(benchmark)
    rows, notes = load_tasks(tasks, bench)
    name = model if model is not None else _name(predictions)
    given = read_values(values, bench, name) if values is not None else {}
    if both := [row.task for row in rows if row.folder and row.definition and row.task in given]:
        raise EvaluationError(
            f"given and computed at once: {listing([shown(task) for task in both])}; "
            "leave the value out, or the folder of the task in the table of tasks"
        )
    computed = [row for row in rows if row.folder and row.definition]
    found: dict[str, Outcome] = {}
    for row, outcome in zip(computed, outcomes(computed, predictions, annotations, missing, processes), strict=True):
        found[row.task] = outcome
        if progress is not None:
            progress(len(found), len(computed))
    _refuse_faults(found.values())
    listed = {row.task for row in rows}
    rows = (*rows, *(_of_value(task, bench) for task in given if task not in listed))
    order = sorted(rows, key=lambda row: bench.task_index[fold_task(row.task)])
    every = tuple(found.get(row.task, Outcome()) for row in order)
    evaluation = Evaluation(name, bench, tuple(order), every, given, ())
    more = [note for out in every for note in out.notes]
    unused = _unused(predictions, annotations, {out.file for out in every})
    return Evaluation(name, bench, tuple(order), every, given, (*notes, *more, *unused, *_notes(evaluation)))


def _unused(predictions: Source, annotations: Source, used: set[str]) -> list[str]:
    """A note of the JSON among the predictions that no task takes; in the annotations' own folder much is theirs."""
    if predictions == annotations:
        return []
    with closing(open_files(predictions)) as files:
        rest = [shown(name) for name in files.names() if name.lower().endswith(".json") and name not in used]
    return [f"files of the predictions that no task takes: {listing(rest)}"] if rest else []


def _standard_error(row: TaskRow, out: Outcome) -> float:
    """Of a mean of samples, in the task's unit; NaN of anything else, and of fewer than two samples."""
    definition = find_definition(find_metric(row.metric), row.definition) if out.sums else None
    if definition is None or not definition.averages or math.isnan(out.value) or len(out.sums) < 2:
        return math.nan
    values = [value_of(definition, [sums], row.unit) for sums in out.sums]
    return statistics.stdev(values) / math.sqrt(len(values))


def _name(predictions: Source) -> str:
    if isinstance(predictions, bytes):
        raise EvaluationError("predictions given as bytes have no name: say model=")
    base = os.path.basename(os.path.abspath(os.fsdecode(predictions)))
    return base[: -len(".zip")] if base.lower().endswith(".zip") else base


def _of_value(task: str, bench: Benchmark) -> TaskRow:
    at = bench.task_index[fold_task(task)]
    return TaskRow(bench.tasks[at], "", bench.metric[at], "", "", "")


def _refuse_faults(found: Collection[Outcome]) -> None:
    parts = []
    for kind in FAULTS:
        held = [out.faults[kind] for out in found if kind in out.faults]
        if total := sum(count for count, _ in held):
            first = [line for _, lines in held for line in lines][:MOST]
            parts.append(f"{kind} ({total}):{bullets(first, total)}")
    if parts:
        error = EvaluationError("\n".join(parts))
        error.by_predictions = not any(ANNOTATION in out.faults for out in found)
        raise error


def _notes(evaluation: Evaluation) -> list[str]:
    """What is to be said of all tasks together."""
    bench, values = evaluation.benchmark, evaluation.values()
    notes = []

    def note(tasks: Sequence[str], what: str) -> None:
        if tasks:
            notes.append(f"{what}: {listing([shown(task) for task in tasks])}")

    note(list(evaluation.given), "values that were given, not computed")
    empty = [row for row in evaluation.rows if not row.folder and row.task not in evaluation.given]
    weights = [row.task for row in empty if not definitions_of(find_metric(row.metric))]
    note(weights, "not supported, their metrics are not computed here and no values were given (--values)")
    note([row.task for row in empty if row.task not in weights], "not supported, tasks without a folder")
    lost = [row for row in evaluation.rows if row.folder and not row.definition and row.task not in evaluation.given]
    note([row.task for row in lost], "not supported, their metrics are not computed here (--values)")
    note([task for task, value in values.items() if value == 0], "exactly 0, which scoring takes as not supported")
    if absent := bench.n_tasks - len(evaluation.rows):
        notes.append(f"{absent} of the benchmark's {bench.n_tasks} tasks are not in the table of tasks: not supported")
    return notes


def recompute(samples: Any) -> dict[str, float]:
    """Each task's value from a samples table alone, to the last bit.

    Parameters
    ----------
    samples : path or dict of columns
        What `Evaluation.sample_columns` gives, or the file written from it.

    Raises
    ------
    EvaluationError
        Where it is no such table.
    """
    with raising(EvaluationError):
        table = as_table(samples, "samples")
    needed = ("task", "definition", "unit", "sums")
    titles = [table.find(name) for name in needed]
    if None in titles:
        raise EvaluationError(f"{table.where}: is no table of samples; it needs {', '.join(needed)}")
    by_task: dict[tuple[str, str, str], list[Any]] = {}
    for task, name, unit, sums in zip(*(table.columns[title or ""] for title in titles), strict=True):
        try:
            by_task.setdefault((task, name, unit or ""), []).append(json.loads(sums))
        except (TypeError, ValueError) as error:
            raise EvaluationError(f"{table.where}: task {shown(task)}: {shown(sums)} are no sums") from error
    found = {}
    for (task, name, unit), sums in by_task.items():
        try:
            found[task] = value_of(_by_id(name), sums, unit)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, GLevelError):
                raise
            raise EvaluationError(f"{table.where}: task {shown(task)}: the sums do not fit {shown(name)}") from error
    return found


def _by_id(name: str) -> Definition:
    for one in definitions():
        if one.id == name:
            return one
    raise EvaluationError(f"no definition {shown(name)}; it may be of another version of glevel_fast")
