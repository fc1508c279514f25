"""General-Bench task by task: the tasks and results that the paper's appendix prints (A.6 and B, Tables 39 to 115).

The files of `data/` hold every figure as printed. What is taken otherwise is a line of
`data/corrections.csv`; `policy="as printed"` leaves all of these lines out.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Literal

import numpy as np

from glevel_fast.core.benchmark import MODALITIES, Benchmark, Group
from glevel_fast.core.results import Results
from glevel_fast.errors import BenchmarkError
from glevel_fast.published.tables import BoardRow, canonical_name, data_rows, data_text, in_tables, leaderboards
from glevel_fast.text import fold_task, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Correction",
    "Policy",
    "Task",
    "WorkbookDifference",
    "benchmark",
    "corrections",
    "printed_tasks",
    "results",
    "tasks",
    "workbook_differences",
]

Policy = Literal["corrected", "as printed"]

METRICS = {
    "AP@0.5": "AP50",
    "mAP@0.5": "AP50",
    "AP@0.6": "AP60",
    "AP@0.7": "AP70",
    "AP@0.75": "AP75",
    "AP@0.8": "AP80",
    "AP@0.9": "AP90",
    "AesthScore": "Aesthetic score",
    "Avg(DINO+CLIP+OFS+MSS)": "DINO+ViCLIP+Optical flow+Motion Smooth",
    "BLEU": "BLEU-4",
    "BLUE-1": "BLEU-1",
    "L1-Dis": "L1 distance",
    "m vIoU": "m_vIoU",
    "OFS": "Optical Flow Score",
    "ROUGE": "ROUGE-L",
    "S-measure": "Structure measure",
    "StyleCLAP": "Style-CLAP",
    "Suc-Rate": "Successful rate",
    "UPR": "User preference rates",
}
"""What the tables call a metric, where `find_metric` knows it under another name."""

NOT_PRINTED = -1.0
"""Stands for a value that the appendix does not print, while rows are put together; no printed value is below 0."""

SCALES = {"WER": 0.01}
"""Factor from the printed unit to the metric's: WER is printed in percent."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of General-Bench, its texts as printed; `number` counts within its skill, `table` has its results.

    `metric` is as printed ("Avg(DINO+CLIP+OFS+MSS)"), `better` the arrow; `sota` is in the printed
    unit; `skill` counts within the group; `workbook_name` and `workbook_metric` are those of the
    released workbook where it has others, else "".
    """

    modality: str
    paradigm: str
    skill: int
    skill_name: str
    skill_short: str
    number: int
    name: str
    short: str
    metric: str
    better: str
    sota: float
    specialist: str
    samples: int
    table: int
    workbook_name: str
    workbook_metric: str

    @property
    def group(self) -> Group:
        return self.modality, self.paradigm

    @property
    def id(self) -> str:
        """Such as "24.6": skill and task within the group, as in the results' header."""
        return f"{self.skill}.{self.number}"


@dataclass(frozen=True, slots=True)
class Correction:
    """Where the package takes something else than the paper prints; "" where a whole row is left out.

    `field` is a column of the tasks, or "model" or "value" of the results; `row` counts the rows
    under one name within a table.
    """

    tables: str
    modality: str
    paradigm: str
    skill: str
    task: str
    model: str
    row: str
    field: str
    printed: str
    taken: str
    why: str


@dataclass(frozen=True, slots=True)
class WorkbookDifference:
    """Where the released workbook has another name, metric or specialist's score ("sota") for a task of this name."""

    group: Group
    id: str
    task: str
    what: Literal["name", "metric", "sota"]
    taken: str
    workbook: str


@cache
def corrections() -> tuple[Correction, ...]:
    """Every place where `benchmark()` and `results()` differ from what is printed, and why."""
    return tuple(Correction(**row) for row in data_rows("corrections.csv"))


def workbook_differences() -> tuple[WorkbookDifference, ...]:
    """Every difference between the bundled tasks and `sota_result.xlsx`, which has the same 699 tasks.

    Returns
    -------
    tuple of WorkbookDifference
    """
    by_key = {(*task.group, str(task.skill), str(task.number)): task for task in tasks()}
    found = []
    for row in data_rows("workbook.csv"):
        task = by_key[row["modality"], row["paradigm"], row["skill"], row["task"]]
        metric = METRICS.get(task.metric, task.metric)
        if row["name"]:
            found.append(WorkbookDifference(task.group, task.id, task.name, "name", task.name, row["name"]))
        if row["metric"]:
            found.append(WorkbookDifference(task.group, task.id, task.name, "metric", metric, row["metric"]))
        if row["sota"]:
            found.append(WorkbookDifference(task.group, task.id, task.name, "sota", f"{task.sota:g}", row["sota"]))
    return tuple(found)


def tasks(policy: Policy = "corrected") -> tuple[Task, ...]:
    """The 699 tasks of the appendix, in its order.

    Parameters
    ----------
    policy : {"corrected", "as printed"}
        Whether the lines of `corrections()` that concern tasks are applied.

    Returns
    -------
    tuple
    """
    return _tasks(_checked(policy))


@cache
def _tasks(policy: Policy) -> tuple[Task, ...]:
    workbook = {
        (row["modality"], row["paradigm"], row["skill"], row["task"]): (row["name"], row["metric"])
        for row in data_rows("workbook.csv")
    }
    fixed: dict[tuple[str, ...], dict[str, str]] = {}
    for c in task_corrections() if policy == "corrected" else ():
        fixed.setdefault((c.modality, c.paradigm, c.skill, c.task), {})[c.field] = c.taken
    found = []
    for row in data_rows("tasks.csv"):
        key = row["modality"], row["paradigm"], row["skill"], row["task"]
        row |= fixed.get(key, {})
        found.append(
            Task(
                row["modality"],
                row["paradigm"],
                int(row["skill"]),
                row["skill_name"],
                row["skill_short"],
                int(row["task"]),
                row["task_name"],
                row["task_short"],
                row["metric"],
                row["better"],
                float(row["sota"]),
                row["specialist"],
                int(row["samples"]),
                int(row["table"]),
                *workbook.get(key, ("", "")),
            )
        )
    return tuple(found)


def benchmark(policy: Policy = "corrected") -> Benchmark:
    """General-Bench as the appendix prints it: 699 tasks, each with its metric and its specialist's score.

    Results may name a task by its long name, its short name, or as the released workbook does.

    Parameters
    ----------
    policy : {"corrected", "as printed"}
        Whether the lines of `corrections()` that concern tasks are applied.

    Returns
    -------
    Benchmark
    """
    return _benchmark(_checked(policy))


@cache
def _benchmark(policy: Policy) -> Benchmark:
    table = tasks(policy)
    metrics = [METRICS.get(task.metric, task.metric) for task in table]
    printed: dict[tuple[str, ...], list[str]] = {}  # long and short names before their correction, which meet too
    for c in task_corrections() if policy == "corrected" else ():
        if c.field in ("task_name", "task_short"):
            printed.setdefault((c.modality, c.paradigm, f"{c.skill}.{c.task}"), []).append(c.printed)
    note = "General-Bench of the paper's appendix, "
    if policy == "corrected":
        note += f"{len(task_corrections())} entries of its task list corrected (published.corrections())"
    else:
        note += "as printed"
    return Benchmark(
        tasks=tuple(task.name for task in table),
        modality=tuple(task.modality for task in table),
        paradigm=tuple(task.paradigm for task in table),
        metric=tuple(metrics),
        sota=np.array([task.sota for task in table]),
        skill=tuple(task.skill_name for task in table),
        specialist=tuple(task.specialist for task in table),
        scale=np.array([SCALES.get(metric, 1.0) for metric in metrics]),
        aliases=tuple(
            tuple(
                dict.fromkeys(filter(None, (task.short, task.workbook_name, *printed.get((*task.group, task.id), ()))))
            )
            for task in table
        ),
        metric_aliases=tuple(
            tuple(dict.fromkeys(name for name in (task.metric, task.workbook_metric) if name not in ("", metric)))
            for task, metric in zip(table, metrics, strict=True)
        ),
        notes=(note,),
    )


def results(policy: Policy = "corrected") -> Results:
    """What the appendix prints for each model on each task; `absent` counts the tasks it prints nothing for.

    Parameters
    ----------
    policy : {"corrected", "as printed"}
        "corrected": models under the names of Table 12 and in its order, then those it lacks; `corrections()` says
        which rows are left out. "as printed": one model for every name and row of the appendix (case aside); a
        second row of one name in one table is called "NAME, row 2".

    Returns
    -------
    Results
    """
    return _results(_checked(policy))


@cache
def _results(policy: Policy) -> Results:
    models, values, printed, tables = _matrix(policy)
    return Results(
        models=models,
        tasks=benchmark(policy).tasks,
        values=values,
        sources=tuple(
            f"paper, Table {first}" if first == last else f"paper, Tables {first}-{last}" for first, last in tables
        ),
        absent=np.count_nonzero(~printed, axis=1),
        notes=_unprinted(models, printed) if policy == "corrected" else (),
        unknown=_unknown(models, printed) if policy == "corrected" else None,
    )


def _unknown(models: tuple[str, ...], printed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool (n_models, n_tasks): what is not printed though Table 12 scores the model there, or other tasks are.

    Left out is what a correction takes as not supported.
    """
    scored = {row.model: row for row in leaderboards() if row.level == 2}
    unknown = np.zeros_like(printed)
    for group in benchmark().groups:
        at = [i for i, task in enumerate(tasks()) if task.group == group]
        expected = printed[:, at].any(axis=1) | np.array([_credited(scored.get(model), group) for model in models])
        unknown[:, at] = expected[:, np.newaxis] & ~printed[:, at]
    for c in corrections():
        if c.field == "value" and c.taken:
            unknown[models.index(c.model), np.isin(_tables(), in_tables(c.tables))] = False
    return unknown


def _credited(row: BoardRow | None, group: Group) -> bool:
    """Whether Table 12 scores a model in a group."""
    modality, paradigm = group
    if row is None or modality not in MODALITIES:
        return False
    return row.score(modality) > 0 and paradigm[0].upper() in row.paradigm.split("+")


def _unprinted(models: tuple[str, ...], printed: NDArray[np.bool_]) -> tuple[str, ...]:
    """A note on the modalities that Table 12 scores a model in, and the appendix prints no result of."""
    row = {model: i for i, model in enumerate(models)}
    columns = {m: np.array([task.modality == m for task in tasks()]) for m in MODALITIES}
    lacking: dict[str, list[str]] = {}
    for modality in MODALITIES:
        there: NDArray[np.bool_] = np.any(printed[:, columns[modality]], axis=1)
        for entry in leaderboards():
            if entry.level == 2 and entry.model in row and entry.score(modality) and not there[row[entry.model]]:
                lacking.setdefault(modality, []).append(entry.model)
    each = "; ".join(f"{modality} of {', '.join(names)}" for modality, names in lacking.items())
    return (f"lower bounds, since the appendix prints no results there, are the scores in {each}",)


def printed_tasks() -> NDArray[np.bool_]:
    """bool (n_models, n_tasks): which values of `results()` the appendix prints, be it as not supported."""
    return _matrix("corrected")[2]


@cache
def _matrix(policy: Policy) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.bool_], list[tuple[int, int]]]:
    """Models, their values, which of these are printed, and the first and last table of each model."""
    found: dict[str, NDArray[np.float64]] = {}
    tables: dict[str, set[int]] = {}
    spelled: dict[str, str] = {}  # names that differ in case alone are one
    for name, row, columns, values in _printed_rows():
        by_table, there = _tables()[columns], values != NOT_PRINTED
        whole = name if row == 1 else f"{name}, row {row}"
        whole = spelled.setdefault(fold_task(whole), whole)
        taken: dict[str | None, list[int]] = {}
        for table in dict.fromkeys((by_table if there.all() else by_table[there]).tolist()):
            taken.setdefault(whole if policy == "as printed" else _taken(name, row, table), []).append(table)
        for model, its_tables in taken.items():
            if model is None:
                continue
            if model not in found:
                found[model], tables[model] = np.full(len(tasks()), NOT_PRINTED), set()
            at = there if len(taken) == 1 else there & np.isin(by_table, its_tables)
            chosen = columns[at]
            line = found[model]
            if (line[chosen] != NOT_PRINTED).any():
                raise BenchmarkError(f"two rows of the appendix are {shown(model)}, and no correction chooses one")
            line[chosen] = values[at]
            tables[model].update(its_tables)
    board = [row.model for row in leaderboards() if row.level == 2] if policy == "corrected" else []
    models = tuple(dict.fromkeys([*(model for model in board if model in found), *found]))
    raw = np.array([found[model] for model in models])
    printed = raw != NOT_PRINTED
    values = np.where(printed, raw, math.nan)
    printed.flags.writeable = False
    return models, values, printed, [(min(tables[m]), max(tables[m])) for m in models]


def _printed_rows() -> Iterator[tuple[str, int, NDArray[np.intp], NDArray[np.float64]]]:
    """Every row of the appendix's results.

    Yields its printed name, which row under that name it is (from 1), the positions of its group's
    tasks, and the values there: NaN for "∞", `NOT_PRINTED` for what the row does not print.
    """
    position: dict[Group, list[int]] = {}
    for i, task in enumerate(tasks()):
        position.setdefault(task.group, []).append(i)
    number: dict[str, float] = {}  # of each spelling
    for group, columns in position.items():
        index = np.array(columns, dtype=np.intp)
        name = f"results/{'_'.join(filter(None, group))}.csv"
        header, *lines = csv.reader(data_text(name).replace("∞", "nan").splitlines())
        if header[1:] != [tasks()[i].id for i in columns]:
            raise BenchmarkError(f"{name} has other tasks than tasks.csv")
        names = [line.pop(0) for line in lines]
        cells = list(chain.from_iterable(lines))
        number |= {cell: float(cell or NOT_PRINTED) for cell in set(cells).difference(number)}
        values = np.fromiter(map(number.__getitem__, cells), np.float64, len(cells)).reshape(len(lines), -1)
        seen: dict[str, int] = {}
        for model, row in zip(names, values, strict=True):
            seen[model] = seen.get(model, 0) + 1
            yield model, seen[model], index, row


@cache
def _tables() -> NDArray[np.int64]:
    """int64 (n_tasks,): the table that has each task's results."""
    return np.array([task.table for task in tasks()], dtype=np.int64)


def _taken(name: str, row: int, table: int) -> str | None:
    """The model that a printed row is taken for; None where it is left out."""
    if (choice := _choices().get((table, name, row))) is not None:
        return choice or None
    return canonical_name(name, table)


@cache
def _choices() -> dict[tuple[int, str, int], str]:
    return {
        (table, c.model, int(c.row)): c.taken
        for c in corrections()
        if c.field == "model"
        for table in in_tables(c.tables)
    }


def task_corrections() -> tuple[Correction, ...]:
    """Those of the list of tasks."""
    return tuple(c for c in corrections() if c.field not in ("model", "value"))


def _checked(policy: Policy) -> Policy:
    if policy not in ("corrected", "as printed"):
        raise BenchmarkError(f"policy={shown(policy)}: choose 'corrected' or 'as printed'")
    return policy
