"""A template for a new model's results: the tasks to run, with metric, unit and specialist, and room for the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.scopes import Scope, find_scope, tasks_in
from glevel_fast.errors import GLevelError
from glevel_fast.io import write
from glevel_fast.io.workbook import HEADER, SHEETS, SOTA
from glevel_fast.text import shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.metrics import Metric

__all__ = ["template_columns", "unit", "write_template"]


def template_columns(benchmark: Benchmark, model: str, scope: str | Scope = "A") -> dict[str, list[Any]]:
    """One row per task of a scope; what `load_results` reads once `value` is filled in (empty: not supported).

    Raises
    ------
    BenchmarkError
        A scope that the benchmark does not have.
    """
    chosen = tasks_in(scope if isinstance(scope, Scope) else find_scope(scope, benchmark), benchmark).tolist()
    return {
        "model": [model] * len(chosen),
        "task": [benchmark.tasks[i] for i in chosen],
        "value": [None] * len(chosen),
        "metric": [benchmark.metric[i] for i in chosen],
        "unit": [unit(benchmark.metrics[i], float(benchmark.scale[i])) for i in chosen],
        "better": [benchmark.metrics[i].better for i in chosen],
        "sota": [None if np.isnan(v) else v for v in benchmark.sota[chosen].tolist()],
        "specialist": [benchmark.specialist[i] for i in chosen],
        "short": [_short(benchmark, i) for i in chosen],
        "modality": [benchmark.modality[i] for i in chosen],
        "paradigm": [benchmark.paradigm[i] for i in chosen],
        "skill": [benchmark.skill[i] for i in chosen],
    }


def unit(metric: Metric, scale: float = 1.0) -> str:
    """What raw values of a task are given in: "percent", or the metric's domain."""
    if scale == (1.0 if metric.is_percent else 0.01 if metric.best == 0.0 else 0.0):  # WER, from a fraction's 1 to 0
        return "percent"
    times = "" if scale == 1.0 else f" after x {scale:g}"
    return f"{metric.domain}{times}"


def write_template(path: str, benchmark: Benchmark, model: str, scope: str | Scope = "A") -> int:
    """Write a template as .csv, or as .xlsx in the released layout; returns how many tasks it has.

    The workbook has a sheet per group to fill in, its last column named like the model, and a sheet "Tasks" that
    lists metrics, units and specialists.

    Raises
    ------
    GLevelError
        A name that ends otherwise, a file that cannot be written, or a group that the layout has no sheet for.
    MissingExtraError
        For a workbook, without the extra `workbooks`.
    """
    columns = template_columns(benchmark, model, scope)
    if path == "-" or path.lower().endswith(".csv"):
        write.csv(columns, path)
    elif path.lower().endswith(".xlsx"):
        write.workbook(_sheets(columns, model), path)
    else:
        raise GLevelError(f"{path}: a template is .csv or .xlsx (or '-': CSV on standard output)")
    return len(columns["task"])


def _sheets(columns: dict[str, list[Any]], model: str) -> dict[str, list[list[Any]]]:
    sheet_of = {group: name for name, group in SHEETS.items()}
    header = [*HEADER, SOTA, model]
    sheets: dict[str, list[list[Any]]] = {}
    for i, group in enumerate(zip(columns["modality"], columns["paradigm"], strict=True)):
        if group not in sheet_of:
            raise GLevelError(f"the released layout has no sheet for {shown(' '.join(group))}; write a .csv")
        rows = sheets.setdefault(sheet_of[group], [header])
        rows.append([len(rows), *(columns[name][i] for name in ("task", "short", "metric", "sota")), None])
    listed = {name: column for name, column in columns.items() if name not in ("model", "value")}
    ordered = {name: sheets[name] for name in SHEETS if name in sheets}
    return ordered | {"Tasks": [list(listed), *map(list, zip(*listed.values(), strict=True))]}


def _short(benchmark: Benchmark, i: int) -> str:
    """The first other name of a task; its name where it has none."""
    return benchmark.aliases[i][0] if benchmark.aliases[i] else benchmark.tasks[i]
