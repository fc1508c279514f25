"""Every printed figure of Tables 6 to 16 beside what the tasks of the appendix give for it.

Nothing is adjusted to fit. Where a figure does not agree, `causes` tries what would explain it, and
the comparison names the explanation that fits, or says that there is none.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.core.benchmark import MODALITIES, Group
from glevel_fast.core.scoring import Scorer
from glevel_fast.errors import BenchmarkError
from glevel_fast.published import causes
from glevel_fast.published.causes import Cause, within
from glevel_fast.published.general_bench import benchmark, results
from glevel_fast.published.recomputed import Appendix, appendix
from glevel_fast.published.tables import (
    BOARD_TABLE,
    GROUP_TABLE,
    SPECIALIST,
    leaderboards,
    skill_means,
    task_support,
)

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["KINDS", "Agreement", "Figure", "compare", "lower_bounds", "scored", "summary"]

KINDS = {
    "skill mean": "Tables 6-11",
    "supported": "Tables 6-11",
    "supported %": "Tables 6-11",
    "wins": "Tables 6-11",
    "wins %": "Tables 6-11",
    "level beside the skills": "Tables 6-10",
    **{f"Level-{level} of a modality": f"Table {table}" for level, table in BOARD_TABLE.items()},
    **{f"Level-{level} overall": f"Table {table}" for level, table in BOARD_TABLE.items()},
    "Level-5": "Table 11",
}
"""Kinds of printed figures, and where they stand."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure beside the recomputed one.

    `kind` is a key of `KINDS`, `where` a skill ("image comprehension 4"), a group, a modality or "overall";
    `level` is 0 for what is no level. Points, percents or counts, as printed. Where the figure is not
    reproduced, `cause` says why in general and `detail` in particular.
    """

    kind: str
    table: int
    model: str
    printed_name: str
    where: str
    level: int
    printed: float
    recomputed: float
    cause: Cause = Cause.NONE
    detail: str = ""

    @property
    def difference(self) -> float:
        return self.recomputed - self.printed

    @property
    def reproduced(self) -> bool:
        return not self.cause

    @property
    def lower_bound(self) -> bool:
        """Whether results behind the figure are not printed, so that it can only be higher."""
        return self.cause == Cause.UNPRINTED

    @property
    def why(self) -> str:
        """Why the figure is not reproduced, as a sentence; "" where it is."""
        return f"{self.cause} ({self.detail})" if self.detail else str(self.cause)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts over comparisons; `str()` of it is for a terminal.

    `kinds` has (printed, reproduced, not printed task by task) per kind; `groups` the comparisons
    that were not reproduced, by cause.
    """

    kinds: dict[str, tuple[int, int, int]]
    groups: dict[Cause, tuple[Figure, ...]]

    @property
    def reproduced(self) -> int:
        return sum(good for _, good, _ in self.kinds.values())

    @property
    def recomputable(self) -> int:
        """All but those whose results the appendix does not print."""
        return sum(total - missing for total, _, missing in self.kinds.values())

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 116) -> str:
        """The sum, a table of counts, then a paragraph per cause, at most `width` characters wide."""
        first = f"{self.reproduced:,} of {self.recomputable:,} printed figures agree with the tasks within rounding."
        rows = [("Printed figure", "Where", "printed", "agree", "differ", "no results")]
        rows += [
            (kind, KINDS[kind], f"{total:,}", f"{good:,}", f"{total - good - missing:,}", f"{missing:,}")
            for kind, (total, good, missing) in self.kinds.items()
        ]
        sums = [sum(column) for column in zip(*self.kinds.values(), strict=True)] or [0, 0, 0]
        total, good, missing = sums
        rows.append(("all", "", f"{total:,}", f"{good:,}", f"{total - good - missing:,}", f"{missing:,}"))
        pads = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(pad) if i < 2 else cell.rjust(pad)
                for i, (cell, pad) in enumerate(zip(row, pads, strict=True))
            )
            for row in rows
        ]
        return "\n".join(
            [first, "", *map(str.rstrip, lines), "", *(_group_text(*group, width) for group in self.groups.items())]
        )


@cache
def scored() -> Scores:
    """The scores of the appendix's results."""
    return Scorer(benchmark()).score(results())


def compare(scores: Scores | None = None) -> tuple[Figure, ...]:
    """Each printed figure beside the recomputed one, table by table.

    Left out are levels that are 0 in both.

    Parameters
    ----------
    scores : Scores, optional
        Of `results()` on `benchmark()`, under any policy; default: the policy "paper".

    Returns
    -------
    tuple of Figure

    Raises
    ------
    BenchmarkError
        For scores of another benchmark or other models.
    """
    scores = scored() if scores is None else scores
    if scores.benchmark != benchmark() or scores.models != results().models:
        raise BenchmarkError(
            "these are not the scores of published.results() on published.benchmark(), so no printed figure belongs "
            "to them"
        )
    board = appendix()
    found = [*_skill_means(board), *_counts(board), *_beside(board, scores), *_levels(board, scores), *_level5(scores)]
    if scores.policy == "release":
        found = [c if c.reproduced or not c.level else replace(c, cause=Cause.RELEASE, detail="") for c in found]
    return tuple(found)


def lower_bounds() -> dict[str, tuple[str, ...]]:
    """The modalities in which a model's levels are lower bounds: not all results behind its Level-2 are printed.

    Returns
    -------
    dict
    """
    found: dict[str, list[str]] = {}
    for c in compare():
        if c.kind == "Level-2 of a modality" and c.lower_bound:
            found.setdefault(c.model, []).append(c.where)
    return {model: tuple(modalities) for model, modalities in found.items()}


def summary(comparisons: Iterable[Figure]) -> Agreement:
    """How many figures were reproduced within rounding, and which were not, by cause.

    Parameters
    ----------
    comparisons : iterable of Figure

    Returns
    -------
    Agreement
    """
    comparisons = tuple(comparisons)
    total = Counter(c.kind for c in comparisons)
    good = Counter(c.kind for c in comparisons if c.reproduced)
    missing = Counter(c.kind for c in comparisons if c.cause == Cause.UNPRINTED)
    groups = {cause: tuple(c for c in comparisons if c.cause == cause) for cause in Cause if cause}
    return Agreement(
        {kind: (total[kind], good[kind], missing[kind]) for kind in KINDS if total[kind]},
        {cause: group for cause, group in groups.items() if group},
    )


def _skill_means(board: Appendix) -> list[Figure]:
    found = []
    rows: dict[tuple[Group, str], dict[int, float]] = {}
    for row in skill_means():
        rows.setdefault((row.group, row.printed_name), {})[row.skill] = row.mean
    for row in skill_means():
        if row.model == SPECIALIST:
            mean = float(board.sota[board.in_skill[row.group, row.skill]].mean())
            why = (Cause.NONE, "") if within(row.mean, mean) else causes.of_specialists(board, row, mean)
        else:
            mean = board.mean(row.model, row.group, row.skill)
            why = causes.of_skill_mean(board, row.model, row.group, row.skill, rows[row.group, row.printed_name])
        where = " ".join(filter(None, (*row.group, str(row.skill))))
        table = GROUP_TABLE[row.group]
        found.append(Figure("skill mean", table, row.model, row.printed_name, where, 0, row.mean, mean, *why))
    return found


def _counts(board: Appendix) -> list[Figure]:
    found = []
    for row in task_support():
        i, at = board.row[row.model], board.in_group[row.group]
        for kind, mask, printed, percent, why in (
            ("supported", board.supported, row.supported, row.supported_pct, causes.of_supported(board, row)),
            ("wins", board.won, row.wins, row.wins_pct, causes.of_wins(board, row)),
        ):
            count, n = int(np.count_nonzero(mask[i, at])), len(at)
            whose = GROUP_TABLE[row.group], row.model, row.printed_name, " ".join(filter(None, row.group)), 0
            found.append(Figure(kind, *whose, printed, count, *why))
            of_percent = causes.of_percent(percent, printed, count, n)
            found.append(Figure(f"{kind} %", *whose, percent, 100.0 * count / n, *of_percent))
    return found


def _recomputed(scores: Scores, model: str, modality: str, level: int) -> float:
    """0 for a model without results."""
    if model not in scores.models:
        return 0.0
    i = scores.models.index(model)
    if modality == "overall":
        return float(scores.overall[i, level - 2])
    return float(scores.modality[i, scores.modalities.index(modality), level - 2])


def _level(
    board: Appendix, scores: Scores, model: str, modality: str, level: int, printed: float
) -> tuple[float, causes.Why]:
    """A modality's level as recomputed, and why it is not what is printed."""
    value = _recomputed(scores, model, modality, level)
    return value, causes.of_level(board, model, modality, level, printed, value)


def _beside(board: Appendix, scores: Scores) -> list[Figure]:
    """The levels that Tables 6 to 10 print beside the skills."""
    found = []
    for row in task_support():
        for level, printed in ((2, row.level2), (3, row.level3), (4, row.level4)):
            if printed is None:
                continue
            value, why = _level(board, scores, row.model, row.modality, level, printed)
            if printed or value:
                table = GROUP_TABLE[row.group]
                whose = table, row.model, row.printed_name, row.modality, level
                found.append(Figure("level beside the skills", *whose, printed, value, *why))
    return found


def _levels(board: Appendix, scores: Scores) -> list[Figure]:
    """Tables 12, 14 and 16: each modality, then the overall that is to be their mean."""
    found = []
    for row in leaderboards():
        level, parts = row.level, []
        for modality, printed in zip(MODALITIES, row.modality, strict=True):
            value, why = _level(board, scores, row.model, modality, level, printed)
            if printed or value:
                whose = BOARD_TABLE[level], row.model, row.printed_name, modality, level
                parts.append(Figure(f"Level-{level} of a modality", *whose, printed, value, *why))
        value = _recomputed(scores, row.model, "overall", level)
        if row.overall or value:
            whose = BOARD_TABLE[level], row.model, row.printed_name, "overall", level
            why = _why_overall(row.overall, value, row.modality, parts)
            parts.append(Figure(f"Level-{level} overall", *whose, row.overall, value, *why))
        found += parts
    order = list(KINDS)
    return sorted(found, key=lambda c: order.index(c.kind))


def _why_overall(printed: float, value: float, modalities: tuple[float, ...], parts: list[Figure]) -> causes.Why:
    mean = sum(modalities) / len(modalities)
    if not within(printed, mean):
        alone = [
            m
            for m, part in zip(MODALITIES, modalities, strict=True)
            if part and within(printed, part / len(modalities))
        ]
        return Cause.PARTS, f"{mean:.2f}" + (f"; only {alone[0]} entered it" if alone else "")
    if within(printed, value):
        return Cause.NONE, ""
    wrong = [c for c in parts if not c.reproduced]
    missing = [c.where for c in wrong if c.cause == Cause.UNPRINTED]
    if missing:
        return Cause.UNPRINTED, ", ".join(missing)
    return (Cause.FOLLOWS, ", ".join(c.where for c in wrong)) if wrong else (Cause.OTHER, "")


def _level5(scores: Scores) -> list[Figure]:
    """Level-5, which Table 11 prints as 0.00 for every model."""
    found = []
    for row in task_support():
        if row.level5 is None:
            continue
        value = _recomputed(scores, row.model, "overall", 5)
        why = (Cause.NONE, "") if within(row.level5, value) else (Cause.ZERO, f"{value:.2f}")
        if row.level5 or value:
            whose = GROUP_TABLE[row.group], row.model, row.printed_name, "overall", 5
            found.append(Figure("Level-5", *whose, row.level5, value, *why))
    return found


def _group_text(cause: Cause, group: tuple[Figure, ...], width: int) -> str:
    models = ", ".join(dict.fromkeys(c.model for c in group))
    line = f"{len(group)}: {cause}: {models}"
    return textwrap.fill(line, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
