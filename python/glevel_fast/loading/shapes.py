"""Tables in shapes that other tools give them: pandas' JSON orients, its index columns, tasks as rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import Column, as_text
from glevel_fast.io.table import Table, fold_header
from glevel_fast.text import fold_task, listing, shown

__all__ = ["Orient", "tasks_as_rows", "unfolded", "unwrapped", "without_index"]

Orient = Literal["models", "tasks"]
"""What the rows of a table are."""

ABOUT_TASKS = frozenset({
    "task", "metric", "modality", "paradigm", "skill", "sota", "specialist", "weight", "scale", "group", "unit",
})  # fmt: skip
"""Columns that say something of a task; where tasks are rows, all others are models."""

_INDEX = re.compile(r"Unnamed: \d+(?:_level_\d+)?|__index_level_\d+__|index|level_\d+", re.IGNORECASE)
_TOOLS = (
    ("lm-eval", {"results", "versions"}),
    ("lm-eval", {"results", "configs"}),
    ("inspect", {"eval", "results", "status"}),
    ("mteb", {"scores", "task_name"}),
    ("mteb", {"mteb_version", "mteb_dataset_name"}),
    ("eee", {"evaluation_results", "schema_version"}),
    ("helm", {"run_spec", "scenario"}),
    ("model-index", {"model-index"}),
)
_PLAINER = "to_json(orient='records') is plainer"


# JSON


def unwrapped(content: Any, where: str) -> tuple[Any, list[str]]:
    """Columns or records from pandas' JSON orients, with a note; other plain data as it is.

    Raises
    ------
    GLevelError
        For another tool's result file, and for pandas' orient "values".
    """
    if isinstance(content, list) and content and all(isinstance(row, list) for row in content):
        raise GLevelError(
            f"{where}: is rows without names (to_json(orient='values')?): write to_json(orient='records')"
        )
    if not isinstance(content, Mapping) or not content:
        return content, []
    keys = set(content)
    for tool, signs in _TOOLS:
        if signs <= keys:
            raise GLevelError(f"{where}: looks like a result file of {tool}: glevel import {tool} FILE")
    if keys <= {"columns", "index", "data"} and _is_list(content.get("columns")) and _is_list(content.get("data")):
        return _split(content, where), [_orient("split")]
    if "schema" in keys and _is_list(content.get("data")) and isinstance(content["schema"], Mapping):
        key = content["schema"].get("primaryKey")
        drop = {
            name for name in (key if isinstance(key, list) else []) if isinstance(name, str) and _INDEX.fullmatch(name)
        }
        rows = [
            {k: v for k, v in row.items() if k not in drop} if isinstance(row, Mapping) else row
            for row in content["data"]
        ]
        return rows, [_orient("table")]
    if not all(isinstance(value, Mapping) and value for value in content.values()):
        return content, []
    inner = next(iter(content.values())).keys()
    names = next((column for name, column in content.items() if _is_key(name)), None)
    if names and _are_texts(names.values()) and all(value.keys() == inner for value in content.values()):
        return {name: list(value.values()) for name, value in content.items()}, [_orient("columns")]
    if _are_texts([next((cell for name, cell in row.items() if _is_key(name)), None) for row in content.values()]):
        return list(content.values()), [_orient("index")]
    return content, []


def _orient(name: str) -> str:
    default = " (df.to_json()'s default orient)" if name == "columns" else ""
    return f"read as a data frame in pandas' JSON orient {name!r}{default}; {_PLAINER}"


def _is_key(name: object) -> bool:
    return isinstance(name, str) and fold_header(name) in ("model", "task")


def _are_texts(cells: Iterable[object]) -> bool:
    """Whether they can be the names of models or tasks; a task may be called "model", and then has numbers."""
    return all(isinstance(cell, str) for cell in cells)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _split(content: Mapping[str, Any], where: str) -> dict[str, list[Any]]:
    names, rows = content["columns"], content["data"]
    if wrong := [i for i, row in enumerate(rows, start=1) if not isinstance(row, list) or len(row) != len(names)]:
        raise GLevelError(f"{where}: row {wrong[0]} of `data` has not as many values as there are `columns`")
    if any(not isinstance(name, str) for name in names):
        raise GLevelError(f"{where}: a name in `columns` is not text")
    columns = {name: [row[j] for row in rows] for j, name in enumerate(names)}
    index = content.get("index")
    if isinstance(index, list) and len(index) == len(rows) and all(isinstance(name, str) for name in index):
        columns = {"__index_level_0__": index} | columns
    return columns


def unfolded(
    content: Mapping[Any, Mapping[Any, Any]], is_task: Callable[[str], bool], orient: Orient | None
) -> tuple[Mapping[Any, Mapping[Any, Any]], list[str]]:
    """{model: {task: value}} from {task: {model: value}}, where that is asked for or plainly so."""
    if orient == "models":
        return content, []
    inner = dict.fromkeys(name for value in content.values() for name in value)
    plainly = any(map(is_task, map(str, content))) and not any(map(is_task, map(str, inner)))
    if orient is None and not plainly:
        return content, []
    turned = {model: {task: value[model] for task, value in content.items() if model in value} for model in inner}
    return turned, [f"tasks are the keys, and models below them (df.to_json()'s default orient): read so; {_PLAINER}"]


# tables


def without_index(table: Table, key: Literal["model", "task"], is_task: Callable[[str], bool]) -> Table:
    """A table whose index columns are left out, or taken for the names that it lacks; both are noted."""
    columns, notes = dict(table.columns), list(table.notes)
    has_key = table.find(key) is not None or table.find("task") is not None
    for title in table.columns:
        if title not in table.index and not (_INDEX.fullmatch(title) and not is_task(title)):
            continue
        if fold_header(title) in ("model", "task", "value"):
            continue
        if has_key:
            del columns[title]
            notes.append(
                f"{shown(title)} is a pandas index and left out: write without it, to_csv(index=False), "
                "to_parquet(index=False)"
            )
        elif not _is_counting(table.columns[title]):
            names = [as_text(cell) for cell in table.columns[title]]
            found = sum(bool(name) and is_task(name or "") for name in names)
            meant = "task" if key == "task" or 2 * found > len(names) else key
            columns = {meant if name == title else name: column for name, column in columns.items()}
            notes.append(f"{shown(title)} is a pandas index, taken for the column {meant!r}")
            has_key = True
    return replace(table, columns=columns, notes=tuple(notes), index=())


def _is_counting(column: Column) -> bool:
    """Whether a column holds nothing but whole numbers, none twice."""
    if isinstance(column, np.ndarray):
        return bool(
            np.isfinite(column).all() and (column == np.rint(column)).all() and np.unique(column).size == column.size
        )
    texts = [as_text(cell) for cell in column]
    return all(text and text.isdigit() for text in texts) and len(set(texts)) == len(texts)


def tasks_as_rows(table: Table, orient: Orient | None, ignore: frozenset[str]) -> Table:
    """A table with models as rows, from one with tasks as rows: where that is asked for, or where it has a column
    `task`, columns of models, and neither `model` nor `value`.

    Raises
    ------
    GLevelError
        For a task that stands twice, or has no name.
    """
    task = table.find("task")
    if orient == "models" or (orient is None and (task is None or table.find("model") or table.find("value"))):
        return table
    task = task or next(iter(table.columns), None)
    models = [
        title
        for title in table.columns
        if title != task and fold_header(title) not in ABOUT_TASKS and fold_task(title) not in ignore
    ]
    if task is None or not models:
        return table
    names = [as_text(cell) for cell in table.columns[task]]
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        if not name:
            raise GLevelError(f"{table.where}, {table.at(i)}: the task is {shown(table.columns[task][i])}, not a name")
        if (j := first.setdefault(fold_task(name), i)) != i:
            raise GLevelError(f"{table.where}: the task {shown(name)} stands twice: {table.at(j)}, {table.at(i)}")
    passed_over = [title for title in table.columns if title != task and title not in models]
    notes = [*table.notes, f"tasks are rows here; models: {listing([shown(title) for title in models])}"]
    notes += [f"columns passed over: {listing([shown(title) for title in passed_over])}"] if passed_over else []
    cells: Sequence[Column] = [table.columns[title] for title in models]
    columns: dict[str, Column] = {"model": list(models)}
    columns |= {name: [column[i] for column in cells] for i, name in enumerate(names) if name}
    places = {title: i for i, title in enumerate(table.columns, start=1)}
    return Table(table.where, columns, [places[title] for title in models], "column", tuple(notes))
