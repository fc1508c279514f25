"""Tables of specialist sets, from CSV, Parquet or JSON."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import Benchmark, find_task
from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import as_numbers, as_text
from glevel_fast.io.limits import MAX_NUMBERS, MAX_TASKS, refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_columns, table_from_records
from glevel_fast.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_candidates(path: str | os.PathLike[str]) -> dict[str, list[float]]:
    """{task: its candidates} from the columns task and sota, one row per candidate; an empty σ is none (NaN).

    Raises
    ------
    GLevelError
        Naming file, row and value.
    """
    table = _read(path)
    names, values = (table.find(name) for name in ("task", "sota"))
    if names is None or values is None:
        raise GLevelError(f"{path}: the columns task and sota are needed, one row per candidate")
    found: dict[str, list[float]] = {}
    for task, value in zip(table.columns[names], _numbers(table, values).tolist(), strict=True):
        found.setdefault(str(task), []).append(value)
    refuse_many(len(found), MAX_TASKS, "tasks", table.where)
    return found


def read_matrix(path: str | os.PathLike[str], benchmark: Benchmark) -> NDArray[np.float64]:
    """float64 (n_sets, n_tasks) from one column per task and one row per set.

    Tasks without a column keep their specialist; an empty cell is no specialist (NaN).

    Raises
    ------
    GLevelError
        Naming file, column or row, and value.
    """
    table = _read(path)
    refuse_many(len(table.rows) * benchmark.n_tasks, MAX_NUMBERS, "values (sets x the benchmark's tasks)", table.where)
    matrix = np.tile(benchmark.sota, (len(table.rows), 1))
    for name in table.columns:
        matrix[:, find_task(benchmark, name)] = _numbers(table, name)
    return matrix


def _read(path: str | os.PathLike[str]) -> Table:
    content: Any = read_file(path)
    if isinstance(content, dict):
        content = table_from_columns(content, str(path))
    elif isinstance(content, list):
        content = table_from_records(content, str(path))
    if not isinstance(content, Table):
        raise GLevelError(f"{path}: is not a table; give .csv, .parquet or .json")
    return content


def _numbers(table: Table, column: str) -> NDArray[np.float64]:
    cells = table.columns[column]
    values, bad = as_numbers(cells)
    if bad:
        cell = shown(cells[bad[0]])
        raise GLevelError(f"{table.where}, {table.at(bad[0])}: column {shown(column)} holds {cell}, not a number")
    return values


def read_column(
    path: str | os.PathLike[str], key: str, column: str, *, numbers: bool = False
) -> dict[str, str] | dict[str, float]:
    """{name: what `column` has for it} from a table with the columns `key` and `column`.

    Raises
    ------
    GLevelError
        A column that is not there, a name twice, or what is no number where numbers are wanted.
    """
    table = _read(path)
    names, values = (table.find(name) for name in (key, column))
    if names is None or values is None:
        raise GLevelError(f"{path}: the columns {key} and {column} are needed")
    keys = [as_text(cell) or "" for cell in table.columns[names]]
    if len(set(keys)) < len(keys):
        twice = next(name for i, name in enumerate(keys) if name in keys[:i])
        raise GLevelError(f"{path}: the {key} {shown(twice)} is there twice")
    cells = _numbers(table, values).tolist() if numbers else [as_text(cell) or "" for cell in table.columns[values]]
    return dict(zip(keys, cells, strict=True))
