"""Boards and counts of your own, read for an audit."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from glevel_fast.boards.board import COLUMNS
from glevel_fast.core.benchmark import LANGUAGE, MODALITIES
from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.io.cells import as_numbers, as_text, is_blank
from glevel_fast.io.files import raising
from glevel_fast.io.limits import refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_records
from glevel_fast.text import listing, shown
from glevel_fast.trust.printed import DIGITS, FULL, Row, Support, count_digits, usual_digits

__all__ = ["Read", "read_tables"]

MAX_FIGURES = 200_000
"""Most cells of a board; the paper's have a thousand."""
HIGHEST = 1e9
"""Highest figure of a board: beyond, sums and roundings of figures might be too large for a double."""
BOARD = ("model", "overall", "level", "rank", "paradigm", "date")
PRINTED = ("supported_pct", "wins_pct", "level2", "level3", "level4")
IN_FULL = {"overall": 0.0}  # what glevel writes is not rounded


class Read(NamedTuple):
    """What a file holds: rows of boards, counts, and what was passed over."""

    rows: tuple[Row, ...]
    support: tuple[Support, ...]
    notes: tuple[str, ...] = ()


def read_tables(path: str | os.PathLike[str], modalities: Sequence[str] = ()) -> Read:
    """Boards or counts from a file.

    Parameters
    ----------
    path : path
        What `glevel board --json` or `glevel score --json` wrote; or a table (.csv, .parquet, .json) in the
        shape of the bundled ones. Boards: `model, overall`, one column per modality, and optionally `level`
        (2 where there is none), `rank`, `paradigm` ("C", "G" or "C+G"). Counts: `model, modality, paradigm,
        supported, wins`, and optionally `supported_pct, wins_pct, tasks, level2` to `level4`.
    modalities : sequence of str, optional
        The columns that are modalities, where they are not those of General-Bench. Other columns are passed over,
        which the notes say.

    Returns
    -------
    Read
        A figure's rounding is taken from the decimals that nine in ten figures of its column have.

    Raises
    ------
    BenchmarkError
        For columns that are none of these, a cell that is no number, or a rank that is not a whole one.
    """
    with raising(BenchmarkError):
        return _read(os.path.basename(os.fsdecode(path)), read_file(path), [m.strip().casefold() for m in modalities])


def _read(where: str, content: Any, modalities: Sequence[str]) -> Read:
    if isinstance(content, Mapping):
        try:
            if "rows" in content:
                return Read(tuple(_of_board(content, where)), ())
            if "models" in content:
                return Read(tuple(_of_scores(content, where)), ())
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
    return _of_table(content, where, modalities)


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
        place = None if rank is None else _rank(_figure(rank, where, "rank"), where)
        rows.append(
            Row(where, level, model, model, paradigm, parts, score, place, dict.fromkeys(IN_FULL | parts, FULL))
        )
    return rows


def _of_scores(scores: Mapping[str, Any], where: str) -> list[Row]:
    refuse_many(3 * sum(1 + len(model["modality"]) for model in scores["models"]), MAX_FIGURES, "figures", where)
    rows = []
    for k in (2, 3, 4):
        name = f"level{k}"
        for model in scores["models"]:
            parts = {m: _figure(part[name] or 0.0, where, name) for m, part in model["modality"].items()}
            overall = _figure(model["overall"][name] or 0.0, where, name)
            digits = dict.fromkeys(IN_FULL | parts, FULL)
            rows.append(Row(where, k, str(model["model"]), str(model["model"]), "", parts, overall, None, digits))
    return rows


def _of_table(table: Table, where: str, modalities: Sequence[str]) -> Read:
    refuse_many(len(table.rows) * len(table.columns), MAX_FIGURES, "cells", where)
    if all(map(table.find, ("model", "modality", "supported", "wins"))):
        return Read((), tuple(_support(table, where)))
    if not table.find("model") or not table.find("overall"):
        raise BenchmarkError(
            f"{where}: is neither a board (model, overall, one column per modality; level, rank, paradigm) nor "
            "counts (model, modality, paradigm, supported, wins; supported_pct, wins_pct, tasks)"
        )
    known = modalities or (*MODALITIES, LANGUAGE)
    special = {*map(table.find, BOARD), None}
    free = [title for title in table.columns if title not in special]
    parts = [title for title in free if title.strip().casefold() in known]
    others = [title for title in free if title not in parts]
    if lacking := set(modalities) - {title.strip().casefold() for title in parts}:
        raise BenchmarkError(f"{where}: has no column {listing(sorted(map(shown, lacking)))}")
    if others and not parts:
        raise BenchmarkError(
            f"{where}: none of the columns {listing([shown(title) for title in others])} is a modality of "
            f"General-Bench ({', '.join(MODALITIES)}); name those that are modalities: --modalities {others[0]}"
        )
    passed = f"{where}: columns that are no modality are passed over: {listing([shown(t) for t in others])}"
    return Read(tuple(_rows(table, where, parts)), (), (passed,) if others else ())


def _figure(value: Any, where: str, name: str) -> float:
    if not abs(figure := float(value)) <= HIGHEST:
        raise BenchmarkError(f"{where}: {shown(name)} is {shown(value)}, beyond {HIGHEST:g}")
    return figure


def _rank(value: float, where: str) -> int | None:
    if value != int(value) or value < 0:
        raise BenchmarkError(f"{where}: the rank {value:g} is not a whole number")
    return int(value) or None


def _digits(table: Table, title: str | None) -> int:
    """Decimals of a column; a board that a spreadsheet wrote has lost the zeros at the end of some."""
    if title is None:
        return DIGITS
    column = table.columns[title]
    cells = column.tolist() if isinstance(column, np.ndarray) else column
    return usual_digits([count_digits(cell) for cell in cells if not is_blank(cell)])


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


def _rows(table: Table, where: str, titles: Sequence[str]) -> Iterator[Row]:
    parts = {title.strip().casefold(): _figures(table, title) for title in titles}
    digits = {title.strip().casefold(): _digits(table, title) for title in titles}
    digits["overall"] = _digits(table, table.find("overall"))
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
            _rank(rank[i] or 0.0, f"{table.where}, {table.at(i)}"),
            digits,
        )


def _support(table: Table, where: str) -> Iterator[Support]:
    modality, paradigm = _texts(table, "modality"), _texts(table, "paradigm")
    figures = {
        name: _figures(table, table.find(name))
        for name in ("supported", "supported_pct", "wins", "wins_pct", "tasks", "level2", "level3", "level4")
    }
    digits = {name: _digits(table, title) for name in PRINTED if (title := table.find(name)) is not None}
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
            digits,
        )
