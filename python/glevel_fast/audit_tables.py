"""Boards and counts of your own, read for an audit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from glevel_fast.audit import Row, Support
from glevel_fast.boards import COLUMNS
from glevel_fast.errors import BenchmarkError
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, numbers, shown, table_from_records, text

__all__ = ["read_tables"]

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
    where, content = os.path.basename(os.fsdecode(path)), read_file(path)
    if isinstance(content, Mapping):
        try:
            if "rows" in content:
                return tuple(_of_board(content, where)), ()
            if "models" in content:
                return tuple(_of_scores(content, where)), ()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BenchmarkError(
                f"{where}: is not what `glevel board --json` or `glevel score --json` write ({error!r})"
            ) from None
        raise BenchmarkError(f"{where}: holds neither `rows` nor `models`; write it with `glevel board --json`")
    if isinstance(content, list):
        content = table_from_records(content, where)
    if not isinstance(content, Table):
        raise BenchmarkError(f"{where}: is a workbook of raw results; check it with `glevel lint`")
    return _of_table(content, where)


def _of_board(board: Mapping[str, Any], where: str) -> list[Row]:
    level = board["level"]
    if level is None:
        raise BenchmarkError(f"{where}: is a combined board, which has no one score to check; write it with --level")
    scope = str(board["scope"])
    rows = []
    for row in board["rows"]:
        parts = {name: float(value) for name, value in row.items() if name not in COLUMNS and value is not None}
        # In a board of one paradigm or one skill, one paradigm alone reaches 100.
        paradigm = "" if scope[:1] in "CD" else row["paradigm"]
        rank = int(row["rank"]) if row["rank"] is not None else None
        rows.append(
            Row(where, int(level), row["model"], row["model"], paradigm, parts, float(row["score"] or 0.0), rank)
        )
    return rows


def _of_scores(scores: Mapping[str, Any], where: str) -> list[Row]:
    rows = []
    for k in (2, 3, 4):
        for model in scores["models"]:
            parts = {m: float(part[f"level{k}"] or 0.0) for m, part in model["modality"].items()}
            overall = float(model["overall"][f"level{k}"] or 0.0)
            rows.append(Row(where, k, model["model"], model["model"], "", parts, overall, None))
    return rows


def _of_table(table: Table, where: str) -> tuple[tuple[Row, ...], tuple[Support, ...]]:
    if all(map(table.find, ("model", "modality", "supported", "wins"))):
        return (), tuple(_support(table, i, where) for i in range(len(table.rows)))
    if not table.find("model") or not table.find("overall"):
        raise BenchmarkError(
            f"{where}: is neither a board (model, overall, one column per modality; level, rank, paradigm) nor "
            "counts (model, modality, paradigm, supported, wins; supported_pct, wins_pct, tasks)"
        )
    special = set(map(table.find, BOARD))
    parts = [title for title in table.columns if title not in special]
    return tuple(_row(table, i, parts, where) for i in range(len(table.rows))), ()


def _text(table: Table, name: str, i: int) -> str:
    title = table.find(name)
    return "" if title is None else text(table.columns[title][i]) or ""


def _number(table: Table, name: str, i: int) -> float | None:
    title = table.find(name)
    if title is None:
        return None
    values, bad = numbers([table.columns[title][i]])
    if bad:
        raise BenchmarkError(f"{table.where}, {table.at(i)}: {name} is {shown(table.columns[title][i])}, not a number")
    value = float(values[0])
    return value if abs(value) < float("inf") else None


def _row(table: Table, i: int, parts: Sequence[str], where: str) -> Row:
    model, rank, level = _text(table, "model", i), _number(table, "rank", i), _number(table, "level", i)
    return Row(
        where,
        int(level) if level else 2,
        model,
        model,
        _text(table, "paradigm", i).upper().replace(" ", ""),
        {title.casefold(): _number(table, title, i) or 0.0 for title in parts},
        _number(table, "overall", i) or 0.0,
        int(rank) if rank else None,
    )


def _support(table: Table, i: int, where: str) -> Support:
    model, n = _text(table, "model", i), _number(table, "tasks", i)
    return Support(
        where,
        (_text(table, "modality", i).casefold(), _text(table, "paradigm", i).casefold()),
        model,
        model,
        int(_number(table, "supported", i) or 0),
        _number(table, "supported_pct", i),
        int(_number(table, "wins", i) or 0),
        _number(table, "wins_pct", i),
        {k: value for k in (2, 3, 4) if (value := _number(table, f"level{k}", i)) is not None},
        int(n) if n else None,
    )
