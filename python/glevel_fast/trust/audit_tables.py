"""Boards and counts of your own, read for an audit."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

from glevel_fast.boards.board import COLUMNS
from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.io.cells import as_numbers, as_text
from glevel_fast.io.files import raising
from glevel_fast.io.limits import refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_records
from glevel_fast.text import shown
from glevel_fast.trust.audit import Row, Support

__all__ = ["read_tables"]

MAX_FIGURES = 200_000
"""Most cells of a board; the paper's have a thousand."""
HIGHEST = 1e9
"""Highest figure of a board: beyond, sums and roundings of figures might be too large for a double."""
BOARD = ("model", "overall", "level", "rank", "paradigm", "date")


def read_tables(path: str | os.PathLike[str]) -> tuple[tuple[Row, ...], tuple[Support, ...]]:
    """Boards or counts from a file.

    Parameters
    ----------
    path : path
        What `glevel board --json` or `glevel score --json` wrote; or a table (.csv, .parquet, .json) in the
        shape of the bundled ones. Boards: `model, overall`, one column per modality, and optionally `level`
        (2 where there is none), `rank`, `paradigm` ("C", "G" or "C+G"). Counts: `model, modality, paradigm,
        supported, wins`, and optionally `supported_pct, wins_pct, tasks, level2` to `level4`.

    Raises
    ------
    BenchmarkError
        For columns that are none of these, or a cell that is no number.
    """
    with raising(BenchmarkError):
        return _read(os.path.basename(os.fsdecode(path)), read_file(path))


def _read(where: str, content: Any) -> tuple[tuple[Row, ...], tuple[Support, ...]]:
    if isinstance(content, Mapping):
        try:
            if "rows" in content:
                return tuple(_of_board(content, where)), ()
            if "models" in content:
                return tuple(_of_scores(content, where)), ()
        except GLevelError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BenchmarkError(
                f"{where}: is not what `glevel board --json` or `glevel score --json` write ({shown(error)})"
            ) from None
        raise BenchmarkError(f"{where}: holds neither `rows` nor `models`; write it with `glevel board --json`")
    if isinstance(content, list):
        content = table_from_records(content, where)
    if not isinstance(content, Table):
        raise BenchmarkError(f"{where}: is a workbook of raw results; check it with `glevel lint`")
    return _of_table(content, where)


def _of_board(board: Mapping[str, Any], where: str) -> list[Row]:
    if board["level"] is None:
        raise BenchmarkError(f"{where}: is a combined board, which has no one score to check; write it with --level")
    level, scope = _level(board["level"], where), str(board["scope"])
    refuse_many(sum(map(len, board["rows"])), MAX_FIGURES, "cells", where)
    rows = []
    for row in board["rows"]:
        parts = {
            name: _figure(value, where, name)
            for name, value in row.items()
            if name not in COLUMNS and value is not None
        }
        # In a board of one paradigm or one skill, one paradigm alone reaches 100.
        paradigm = "" if scope[:1] in "CD" else str(row["paradigm"])
        model, score, rank = str(row["model"]), _figure(row["score"] or 0.0, where, "score"), row["rank"]
        place = None if rank is None else int(_figure(rank, where, "rank"))
        rows.append(Row(where, level, model, model, paradigm, parts, score, place))
    return rows


def _of_scores(scores: Mapping[str, Any], where: str) -> list[Row]:
    refuse_many(3 * sum(1 + len(model["modality"]) for model in scores["models"]), MAX_FIGURES, "figures", where)
    rows = []
    for k in (2, 3, 4):
        name = f"level{k}"
        for model in scores["models"]:
            parts = {m: _figure(part[name] or 0.0, where, name) for m, part in model["modality"].items()}
            overall = _figure(model["overall"][name] or 0.0, where, name)
            rows.append(Row(where, k, str(model["model"]), str(model["model"]), "", parts, overall, None))
    return rows


def _of_table(table: Table, where: str) -> tuple[tuple[Row, ...], tuple[Support, ...]]:
    refuse_many(len(table.rows) * len(table.columns), MAX_FIGURES, "cells", where)
    if all(map(table.find, ("model", "modality", "supported", "wins"))):
        return (), tuple(_support(table, where))
    if not table.find("model") or not table.find("overall"):
        raise BenchmarkError(
            f"{where}: is neither a board (model, overall, one column per modality; level, rank, paradigm) nor "
            "counts (model, modality, paradigm, supported, wins; supported_pct, wins_pct, tasks)"
        )
    return tuple(_rows(table, where)), ()


def _figure(value: Any, where: str, name: str) -> float:
    if not abs(figure := float(value)) <= HIGHEST:
        raise BenchmarkError(f"{where}: {shown(name)} is {shown(value)}, beyond {HIGHEST:g}")
    return figure


def _level(value: Any, where: str) -> int:
    if value not in (1, 2, 3, 4, 5):
        raise BenchmarkError(f"{where}: the level is {shown(value)}, not 1 to 5")
    return int(value)


def _texts(table: Table, name: str) -> list[str]:
    title = table.find(name)
    return [""] * len(table.rows) if title is None else [as_text(cell) or "" for cell in table.columns[title]]


def _figures(table: Table, title: str | None) -> list[float | None]:
    if title is None:
        return [None] * len(table.rows)
    values, bad = as_numbers(table.columns[title])
    if bad:
        cell = shown(table.columns[title][bad[0]])
        raise BenchmarkError(f"{table.where}, {table.at(bad[0])}: {shown(title)} is {cell}, not a number")
    return [_figure(x, table.where, title) if math.isfinite(x) else None for x in values.tolist()]


def _rows(table: Table, where: str) -> Iterator[Row]:
    special = set(map(table.find, BOARD))
    parts = {title.casefold(): _figures(table, title) for title in table.columns if title not in special}
    overall, rank, level = (_figures(table, table.find(name)) for name in ("overall", "rank", "level"))
    paradigm = _texts(table, "paradigm")
    for i, model in enumerate(_texts(table, "model")):
        yield Row(
            where,
            _level(level[i] or 2, f"{table.where}, {table.at(i)}"),
            model,
            model,
            paradigm[i].upper().replace(" ", ""),
            {name: column[i] or 0.0 for name, column in parts.items()},
            overall[i] or 0.0,
            int(rank[i] or 0) or None,
        )


def _support(table: Table, where: str) -> Iterator[Support]:
    modality, paradigm = _texts(table, "modality"), _texts(table, "paradigm")
    figures = {
        name: _figures(table, table.find(name))
        for name in ("supported", "supported_pct", "wins", "wins_pct", "tasks", "level2", "level3", "level4")
    }
    for i, model in enumerate(_texts(table, "model")):
        own = {name: column[i] for name, column in figures.items()}
        yield Support(
            where,
            (modality[i].casefold(), paradigm[i].casefold()),
            model,
            model,
            int(own["supported"] or 0),
            own["supported_pct"],
            int(own["wins"] or 0),
            own["wins_pct"],
            {k: value for k in (2, 3, 4) if (value := own[f"level{k}"]) is not None},
            int(own["tasks"] or 0) or None,
        )
