"""Metrics of one's own, from a table."""

from __future__ import annotations

import math
import os
from typing import Any, cast

from glevel_fast.core.metrics import Family, Metric, register_metric
from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import as_number, as_text
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_columns, table_from_records
from glevel_fast.text import listing, shown

__all__ = ["load_metrics"]

NUMBERS = ("worst", "best", "constant", "low", "high")


def load_metrics(path: str | os.PathLike[str]) -> tuple[Metric, ...]:
    """Register the metrics of a table: one row each.

    Parameters
    ----------
    path : path
        .csv, .xlsx, .json, ... with the columns `metric` and `family` ("linear", "inverse", "tanh"), and those of
        `worst`, `best`, `constant`, `low`, `high` and `aliases` (separated by semicolons) that a family needs: see
        `Metric`. An empty cell is the default.

    Returns
    -------
    tuple of Metric
        As registered.

    Raises
    ------
    GLevelError
        Naming file, row and value; and where a name is that of another metric already.
    """
    where = os.fsdecode(path)
    content = read_file(path)
    if isinstance(content, dict):
        content = table_from_columns(content, where)
    elif isinstance(content, list):
        content = table_from_records(content, where)
    if not isinstance(content, Table):
        raise GLevelError(f"{where}: is not a table of metrics")
    titles = {name: content.find(name) for name in ("metric", "family", "aliases", *NUMBERS)}
    if lacking := [repr(name) for name in ("metric", "family") if titles[name] is None]:
        has = listing([shown(title) for title in content.columns])
        raise GLevelError(f"{where}: a table of metrics needs the columns {', '.join(lacking)}; it has {has}")
    if unknown := [shown(title) for title in content.columns if title not in titles.values()]:
        raise GLevelError(f"{where}: unknown columns {listing(unknown)}; known are {', '.join(titles)}")
    return tuple(_register(content, titles, i) for i in range(len(content.rows)))


def _register(table: Table, titles: dict[str, str | None], i: int) -> Metric:
    at = f"{table.where}, {table.at(i)}"
    cells = {name: table.columns[title][i] for name, title in titles.items() if title is not None}
    given: dict[str, Any] = {}
    for name in NUMBERS:
        value = as_number(cells[name], frozenset({"", "nan"}), percent=False) if name in cells else math.nan
        if value is None and as_text(cells[name]) in ("inf", "+inf", "∞"):
            value = math.inf
        if value is None:
            raise GLevelError(f"{at}: {name} is {shown(cells[name])}, not a number")
        if not math.isnan(value):
            given[name] = value
    texts = {name: as_text(cells[name]) for name in ("metric", "family", "aliases") if name in cells}
    if wrong := [name for name in ("metric", "family") if not texts[name]]:
        raise GLevelError(f"{at}: the {wrong[0]} is {shown(cells[wrong[0]])}, not a name")
    aliases = tuple(part.strip() for part in (texts.get("aliases") or "").split(";") if part.strip())
    try:
        family = cast("Family", (texts["family"] or "").casefold())
        return register_metric(Metric(texts["metric"] or "", family, aliases=aliases, **given))
    except ValueError as error:
        raise GLevelError(
            f"{at}: {str(error).replace('pass replace=True to take it over', 'give it another name')}"
        ) from None
