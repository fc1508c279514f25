"""What is wrong with a printed board: findings, and the board as its own figures would have it.

An audit reads finished tables, the paper's or your own, and compares their figures with each
other. It never knows which of two figures is the wrong one; it says which do not fit, and computes
what follows from the others.

Kinds of findings

======================  ==============================================================================
overall                 the overall score is not the mean of the modalities
level-order             a Level-k above the Level-(k-1) of the same model and modality
no-support              a score where the tables support no task, or the paradigm is not the model's
no-wins                 a Level-3 or Level-4 above 0 where the tables count no win
support                 a count of supported or won tasks that cannot be
percent                 a percentage that is not the count over the group's number of tasks
rank                    ranks that do not follow the printed scores, where these decide it
level-column            the same Level-k of the same model, printed differently in two tables
skill-means             a skill mean that is not the mean of its tasks
counts                  a count of supported or won tasks that is not that of the tasks
tasks                   a level of a modality that the model's results on the tasks do not give
range                   a score outside 0 to 100, or above what one paradigm alone can reach (50)
precision               a figure printed with other decimals than the rest of its column
duplicate               two rows whose names differ in punctuation only, or with the same scores
name                    a model that stands under different names in different tables
claim                   a paradigm or modality that differs between the list of models and the boards
======================  ==============================================================================
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from glevel_fast.core.benchmark import LANGUAGE, PARADIGMS
from glevel_fast.io.frames import Rows
from glevel_fast.io.markup import TextTable
from glevel_fast.trust.printed import (
    DIGITS,
    FULL,
    SLACK,
    Corrected,
    Row,
    Support,
    corrected,
    corrected_sheet,
    count_digits,
    half_unit,
    usual_digits,
)

__all__ = [
    "Corrected",
    "Finding",
    "Row",
    "Support",
    "audit_boards",
    "audit_support",
    "corrected",
    "corrected_sheet",
    "findings_sheet",
]


@dataclass(frozen=True)
class Finding:
    """Something that does not fit; `computed` is what the other figures give, None where they do not tell."""

    kind: str
    table: str
    model: str
    printed: float | str | None
    computed: float | str | None
    message: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def findings_sheet(findings: Sequence[Finding]) -> TextTable:
    """The findings for people, those of a kind together.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    TextTable
    """
    order = list(dict.fromkeys(f.kind for f in findings))
    rows = [[f.kind, f.table, f.model, f.message] for kind in order for f in findings if f.kind == kind]
    counts = ", ".join(f"{sum(f.kind == kind for f in findings)} {kind}" for kind in order)
    title = f"{len(rows)} finding{'s' * (len(rows) != 1)}" + (f": {counts}" if counts else "")
    return TextTable(title, ["Kind", "Table", "Model", "Finding"], "llll", rows)


def audit_boards(rows: Sequence[Row]) -> Rows[Finding]:
    """Everything that boards alone can show, level by level and across levels.

    Parameters
    ----------
    rows : sequence of Row
        Of any number of boards and levels.

    Returns
    -------
    tuple of Finding
    """
    levels = sorted({row.level for row in rows})
    by_model: dict[str, dict[int, Row]] = {}
    for row in rows:
        by_model.setdefault(row.model, {})[row.level] = row
    found: list[Finding] = []
    for row in rows:
        found += _check_row(row)
    for own in by_model.values():
        for below, above in ((own[k], own[k + 1]) for k in levels if k in own and k + 1 in own):
            found += _check_order(below, above)
    for level in levels:
        found += _check_precision([row for row in rows if row.level == level])
        found += _check_ranks([row for row in rows if row.level == level])
        found += _check_twins([row for row in rows if row.level == level])
    found += _check_same_scores(by_model)
    return Rows(found)


def _check_row(row: Row) -> Iterator[Finding]:
    def finding(kind: str, printed: float, computed: float | None, message: str) -> Finding:
        return Finding(kind, row.table, row.printed_name, printed, computed, message)

    if row.parts and abs(row.overall - row.mean) > row.rounding:
        n = len(row.parts)
        alone = [m for m, value in row.parts.items() if value and abs(row.overall - value / n) <= row.rounding]
        why = f"; it is that of {alone[0]} alone, over {n}" if alone else ""
        yield finding(
            "overall",
            row.overall,
            round(row.mean, 4),
            f"Level-{row.level} overall {row.overall:g} is not the mean of its modalities, {row.mean:.2f}{why}",
        )
    for name, value in {**row.parts, "overall": row.overall}.items():
        top = 100.0 if len(row.paradigm) != 1 or row.level == 5 else 50.0
        if not 0.0 <= value <= top:
            by = f" for paradigm {row.paradigm} alone" if top < 100 else ""
            yield finding("range", value, None, f"Level-{row.level} {name} of {value:g} is outside 0 to {top:g}{by}")
    if row.level >= 4 and row.paradigm and len(row.paradigm) == 1 and row.overall > 0:
        yield finding(
            "no-support",
            row.overall,
            0.0,
            f"Level-{row.level} of {row.overall:g}, but paradigm {row.paradigm} has no second one to harmonise with",
        )


def _check_order(below: Row, above: Row) -> Iterator[Finding]:
    for name in [*above.parts, "overall"]:
        low, high = ((r.overall if name == "overall" else r.parts.get(name, 0.0)) for r in (below, above))
        if high > low + above.half_unit(name) + below.half_unit(name) + SLACK:
            yield Finding(
                "level-order",
                above.table,
                above.printed_name,
                high,
                None,
                f"{name}: Level-{above.level} of {high:g} is above Level-{below.level} of {low:g} ({below.table})",
            )


def _check_precision(rows: Sequence[Row]) -> Iterator[Finding]:
    """Few figures with more decimals than the rest of their board; one in full precision has none of these."""
    figures = [(row, name, value) for row in rows for name, value in {**row.parts, "overall": row.overall}.items()]
    decimals = [count_digits(value) for _, _, value in figures if value]
    usual = usual_digits(decimals)
    if usual < FULL:
        for row, name, value in figures:
            if count_digits(value) > usual:
                message = f"Level-{row.level} {name} has more decimals than its column"
                yield Finding("precision", row.table, row.printed_name, value, round(value, usual), message)


def _check_ranks(rows: Sequence[Row]) -> Iterator[Finding]:
    """Ranks that the printed scores contradict; scores that are printed alike may differ in what is not printed."""
    ranked = sorted((row for row in rows if row.rank is not None), key=lambda row: row.rank or 0)
    scores = sorted(row.overall for row in ranked)
    best: Row | None = None
    for row in reversed(ranked):  # from the last rank up: a row must not score below any that stands lower
        if best is not None and row.overall < best.overall:
            place = 1 + len(scores) - bisect_right(scores, row.overall)
            yield Finding(
                "rank",
                row.table,
                row.printed_name,
                row.rank,
                place,
                f"rank {row.rank} with {row.overall:g}; rank {best.rank}, {best.printed_name}, has {best.overall:g}",
            )
        else:
            best = row
    for one, two in pairwise(ranked):
        if one.rank == two.rank or one.overall != two.overall or not one.overall > 0:
            continue
        # Two sums of rounded modalities may differ by the rounding alone.
        unsure = sum(row.half_unit(name) for row in (one, two) for name, value in row.parts.items() if value > 0)
        if two.mean - one.mean > unsure / max(len(two.parts), 1) + SLACK:
            yield Finding(
                "rank",
                two.table,
                two.printed_name,
                two.rank,
                one.rank,
                f"rank {two.rank} below {one.printed_name} at rank {one.rank}, both with {two.overall:g}, though its "
                f"modalities give {two.mean:.4f} and not {one.mean:.4f}",
            )
        elif one.in_full and two.in_full and one.parts == two.parts:
            yield Finding(
                "rank",
                two.table,
                two.printed_name,
                two.rank,
                one.rank,
                f"rank {two.rank} with the same scores as {one.printed_name} at {one.rank}: ties share the smaller",
            )


def bare(name: str) -> str:
    """A name without case and punctuation."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _check_twins(rows: Sequence[Row]) -> Iterator[Finding]:
    first: dict[str, Row] = {}
    for row in rows:
        one = first.setdefault(bare(row.printed_name) or row.printed_name, row)
        if one is not row:
            yield Finding(
                "duplicate",
                row.table,
                row.printed_name,
                row.overall,
                one.overall,
                f"differs from {one.printed_name} in punctuation only; they score {row.overall:g} and {one.overall:g}",
            )


def _check_same_scores(by_model: dict[str, dict[int, Row]]) -> Iterator[Finding]:
    """Models whose figures are all the same on every board, with at least two that are not 0."""
    same: dict[tuple[Any, ...], list[Row]] = {}
    for own in by_model.values():
        figures = tuple((k, *sorted(row.parts.items())) for k, row in sorted(own.items()))
        if sum(value > 0 for row in own.values() for value in row.parts.values()) >= 2:
            same.setdefault(figures, []).append(next(iter(own.values())))
    for rows in same.values():
        for row in rows[1:]:
            yield Finding(
                "duplicate",
                row.table,
                row.printed_name,
                row.overall,
                rows[0].overall,
                f"has the same scores as {rows[0].printed_name} on every board",
            )


def audit_support(support: Sequence[Support], rows: Sequence[Row] = ()) -> Rows[Finding]:
    """What counts of supported and won tasks show, by themselves and beside the boards.

    Parameters
    ----------
    support : sequence of Support
    rows : sequence of Row
        The boards that the counts belong to.

    Returns
    -------
    tuple of Finding
    """
    found: list[Finding] = []
    for entry in support:
        found += _check_counts(entry)
    found += _check_percents(support)
    boards = {(row.level, row.model): row for row in rows}
    for entry in support:
        for level, printed in entry.levels.items():
            row = boards.get((level, entry.model))
            board = row.parts.get(entry.group[0], 0.0) if row else 0.0
            if level < 5 and row is not None and not _same_figure(entry, row, level, printed, board):
                found.append(
                    Finding(
                        "level-column",
                        entry.table,
                        entry.printed_name,
                        printed,
                        board,
                        f"{entry.group[0]} Level-{level} of {printed:g} is {board:g} in {row.table}",
                    )
                )
    found += _check_claims(support, boards)
    return Rows(found)


def _same_figure(entry: Support, row: Row, level: int, printed: float, board: float) -> bool:
    """Whether two figures can have been rounded from one."""
    digits = entry.digits.get(f"level{level}", DIGITS), row.digits.get(entry.group[0], DIGITS)
    apart = 0.0 if digits[0] == digits[1] else half_unit(digits[0]) + half_unit(digits[1])
    return abs(printed - board) <= apart + SLACK


def _check_counts(entry: Support) -> Iterator[Finding]:
    def finding(kind: str, printed: float, computed: float | None, message: str) -> Finding:
        return Finding(kind, entry.table, entry.printed_name, printed, computed, message)

    where = " ".join(filter(None, entry.group))
    if entry.n_tasks is not None and entry.supported > entry.n_tasks:
        yield finding(
            "support", entry.supported, entry.n_tasks, f"{where}: {entry.supported} supported of {entry.n_tasks} tasks"
        )
    if entry.wins > entry.supported:
        yield finding("support", entry.wins, entry.supported, f"{where}: more wins than supported tasks")


def _check_percents(support: Sequence[Support]) -> Iterator[Finding]:
    """Percentages that are not count over size; where a table shares another denominator, that is one finding."""
    tables: dict[tuple[str, tuple[str, str]], list[Support]] = {}
    for entry in support:
        if entry.n_tasks and entry.supported <= entry.n_tasks:
            tables.setdefault((entry.table, entry.group), []).append(entry)
    for (table, _), entries in tables.items():
        figures = [
            (entry, what, count, percent)
            for entry in entries
            for what, count, percent in (
                ("supported", entry.supported, entry.supported_pct),
                ("wins", entry.wins, entry.wins_pct),
            )
            if percent is not None
        ]
        size = entries[0].n_tasks or 0
        off = [f for f in figures if not _is_percent(f[2], size, f[3], f[0].percent_unit(f[1]))]
        n = _shared_size([(count, percent, entry.percent_unit(what)) for entry, what, count, percent in figures], size)
        if len(off) > 1 and len(entries) > 1 and n:
            message = f"all percentages are of {n} tasks, where the group has {size}"
            yield Finding("percent", table, "", n, size, message)
            continue
        for entry, what, count, percent in off:
            computed, where = round(100 * count / size, 1), " ".join(filter(None, entry.group))
            message = f"{where}: {count} {what} of {size} are {computed:g} %, not {percent:g} %"
            yield Finding("percent", table, entry.printed_name, percent, computed, message)


def _shared_size(figures: Sequence[tuple[int, float, float]], size: int) -> int | None:
    """The number of tasks nearest to `size`, up to four times that, of which all percentages are."""
    low, high = 1.0, 4.0 * size - 1
    for count, percent, unit in figures:
        if count and percent > -unit:
            low = max(low, 100 * count / (percent + unit))
            high = min(high, 100 * count / (percent - unit)) if percent > unit else high
    n = min(max(size, math.ceil(low)), math.floor(high))
    return n if n >= 1 and all(_is_percent(count, n, percent, unit) for count, percent, unit in figures) else None


def _is_percent(count: int, n: int, percent: float, unit: float) -> bool:
    return abs(100 * count / n - percent) <= unit


def _check_claims(support: Sequence[Support], boards: dict[tuple[int, str], Row]) -> Iterator[Finding]:
    counts: dict[tuple[str, str], dict[str, Support]] = {}
    for entry in support:
        counts.setdefault((entry.model, entry.group[0]), {})[entry.group[1]] = entry
    for (model, modality), entries in counts.items():
        if modality == LANGUAGE:
            continue
        paradigm = next((boards[k, model].paradigm for k in (2, 3, 4) if (k, model) in boards), "")
        has = paradigm.split("+") if paradigm else []
        for name, entry in entries.items():
            if has and entry.supported and name[:1].upper() not in has:
                yield Finding(
                    "claim",
                    entry.table,
                    entry.printed_name,
                    paradigm,
                    "C+G",
                    f"supports {entry.supported} tasks of {modality} {name}, but has paradigm {paradigm} on the boards",
                )
        # Only where every paradigm that the model has is listed do the counts tell all.
        if not has or any(p[:1].upper() in has and p not in entries for p in PARADIGMS):
            continue
        for level in (2, 3, 4):
            row = boards.get((level, model))
            score = row.parts.get(modality, 0.0) if row else 0.0
            if row is None or score <= 0:
                continue
            supported, wins = (sum(getattr(e, n) for e in entries.values()) for n in ("supported", "wins"))
            if level == 2 and not supported:
                yield _no("no-support", row, score, f"{modality} Level-2 of {score:g}, but no task is supported")
            if level == 3 and not wins:
                yield _no("no-wins", row, score, f"{modality} Level-3 of {score:g}, but the tables count no win")
            if level == 4 and not all(p in entries and entries[p].wins for p in PARADIGMS):
                lacks = " and ".join(p for p in PARADIGMS if p not in entries or not entries[p].wins)
                yield _no("no-wins", row, score, f"{modality} Level-4 of {score:g}, but no win is counted in {lacks}")


def _no(kind: str, row: Row, score: float, message: str) -> Finding:
    return Finding(kind, row.table, row.printed_name, score, 0.0, message)
