"""Values of tasks that are not computed here: those that take a model's weights, or people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import EvaluationError
from glevel_fast.evaluation.table import as_table
from glevel_fast.io.cells import as_number, as_text
from glevel_fast.io.files import raising
from glevel_fast.text import bullets, fold_task, listing, shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["read_values"]


def read_values(source: Any, bench: Benchmark, model: str) -> dict[str, float]:
    """Value by task, of a table `task, value` or `model, task, value`, or a dict {task: value}.

    Parameters
    ----------
    model : str
        Where the table has several models, whose rows count.

    Raises
    ------
    EvaluationError
        Listing rows whose task the benchmark lacks, or that have no number, or tasks there twice.
    """
    with raising(EvaluationError):
        if isinstance(source, Mapping):
            source = [{"task": task, "value": value} for task, value in source.items()]
        table = as_table(source, "values")
    titles = [table.find(name) for name in ("task", "value", "model")]
    if titles[0] is None or titles[1] is None:
        has = listing([shown(title) for title in table.columns])
        raise EvaluationError(f"{table.where}: values need the columns task and value; it has {has}")
    tasks, numbers, models = (None if title is None else table.columns[title] for title in titles)
    assert tasks is not None
    assert numbers is not None
    found: dict[str, float] = {}
    faults = []
    for i in range(len(table.rows)):
        if models is not None and fold_task(as_text(models[i]) or "") != fold_task(model):
            continue
        at = bench.task_index.get(fold_task(as_text(tasks[i]) or ""))
        value = as_number(numbers[i])
        if at is None:
            faults.append(f"{table.at(i)}: the benchmark has no task {shown(tasks[i])}")
        elif value is None:
            faults.append(f"{table.at(i)}, task {shown(tasks[i])}: the value is {shown(numbers[i])}, not a number")
        elif bench.tasks[at] in found:
            faults.append(f"{table.at(i)}: task {shown(tasks[i])} is there twice")
        else:
            found[bench.tasks[at]] = math.nan if math.isinf(value) else value
    if faults:
        raise EvaluationError(f"{table.where}: {len(faults)} values cannot be used:{bullets(faults, len(faults))}")
    if models is not None and not found:
        raise EvaluationError(f"{table.where}: has no value of the model {shown(model)}")
    return found
