"""Tables of specialist sets, from CSV, Parquet or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, number, shown, table_from_columns, table_from_records

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from glevel_fast.benchmark import Benchmark


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
    for i, task in enumerate(table.columns[names]):
        found.setdefault(str(task), []).append(_number(table, values, i))
    return found


def read_matrix(path: str | os.PathLike[str], benchmark: Benchmark) -> NDArray[np.float64]:
    """float64 (n_sets, n_tasks) from one column per task and one row per set.

    Tasks without a column keep their specialist; an empty cell is no specialist (NaN).

    Raises
    ------
    GLevelError
        Naming file, column or row, and value.
    """
    from glevel_fast.specialists import task_index

    table = _read(path)
    matrix = np.tile(benchmark.sota, (len(table.rows), 1))
    for name in table.columns:
        matrix[:, task_index(benchmark, name)] = [_number(table, name, i) for i in range(len(table.rows))]
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


def _number(table: Table, column: str, i: int) -> float:
    value = number(table.columns[column][i])
    if value is None:
        cell = shown(table.columns[column][i])
        raise GLevelError(f"{table.where}, {table.at(i)}: column {shown(column)} holds {cell}, not a number")
    return value
