"""Why a printed figure is not what its tasks give: explanations that are tried one by one, none of them taken on trust.

Each is a computation that must give the printed figure within rounding; the first that does is
named. What none gives is "contradicts its tasks".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.core.benchmark import PARADIGMS, Group
from glevel_fast.published.general_bench import corrections
from glevel_fast.published.tables import SkillMean, SupportRow, leaderboards

if TYPE_CHECKING:
    from glevel_fast.published.recomputed import Appendix

__all__ = ["ROUNDING", "Cause", "Why", "of_level", "of_percent", "of_skill_mean", "of_supported", "of_wins", "within"]

ROUNDING = 0.0101
"""Between figures of two decimals that are made of figures of two decimals."""
PERCENT = 0.0501
"""Half a unit of a percentage printed with one decimal."""
ONE_DECIMAL = 0.0551
"""Between a mean and one that is rounded to one decimal, or whose values are."""
UNSUPPORTED_AS_100 = 3
"""Tasks of image comprehension that some Level-2 scores count as 100 points; matting has as many (SAD, SAD, MSE)."""
RATIOS = {"image": (158, 271), "video": (86, 126)}
"""A number of tasks that some scores of a modality are scaled by, and the number of its comprehension tasks."""


class Cause(StrEnum):
    """Why a printed figure is not reproduced."""

    NONE = ""
    UNPRINTED = "the appendix prints no results, or not all, behind it"
    PARTS = "the printed overall is not the mean of its printed parts"
    FOLLOWS = "follows from a printed modality that is not reproduced"
    AS_100 = "three tasks that no such model supports counted as 100 points"
    SCALED = "scaled by a ratio of numbers of tasks"
    NAME = "what another model's tasks give"
    ZERO = "printed as 0 where tasks give more"
    RAW = "wins are raw values above the specialist's, also where lower is better"
    TIES = "ties are not counted as wins"
    SUPPORT = "supported tasks counted otherwise"
    COUNT = "wins counted otherwise"
    FOLLOWS_COUNT = "the percentage of the printed count"
    OF_MORE = "a percentage of one task more than the group has"
    SHIFTED = "printed one skill further"
    DECIMAL = "the mean, or what it is of, is rounded to one decimal"
    FEWER = "a mean over one task less than the skill has"
    ENTERED = "a task printed as not supported has a value in the mean"
    CORRECTED = "the printed specialist is corrected"
    RELEASE = "policy 'release' maps, counts and divides otherwise"
    OTHER = "contradicts its tasks"


Why = tuple[Cause, str]
AGREES: Why = (Cause.NONE, "")


def within(printed: float, computed: float, tolerance: float = ROUNDING) -> bool:
    return abs(printed - computed) <= tolerance


def of_skill_mean(board: Appendix, model: str, group: Group, skill: int, row: dict[int, float]) -> Why:
    """Of one mean in a model's row of skill means."""
    at, printed = board.in_skill[group, skill], row[skill]
    i = board.row[model]
    values, supported = np.nan_to_num(board.values[i, at]), board.supported[i, at]
    mean, n = float(values.mean()), int(np.count_nonzero(supported))
    if within(printed, mean):
        return AGREES
    if printed and skill - 1 in row and within(printed, board.mean(model, group, skill - 1)):
        return Cause.SHIFTED, f"the mean of skill {skill - 1}"
    if not printed and within(row.get(skill + 1, 0.0), mean):
        return Cause.SHIFTED, f"the mean is printed at skill {skill + 1}"
    if within(printed, mean, ONE_DECIMAL) and (_one_decimal(row.values()) or _one_decimal(values)):
        return Cause.DECIMAL, ""
    if len(at) > 1 and within(printed, float(values.sum()) / (len(at) - 1)):
        return Cause.FEWER, f"{len(at) - 1} of {len(at)}"
    if printed > mean and n < len(at):
        return Cause.ENTERED, f"{(printed - mean) * len(at):.2f} more than the sum"
    return Cause.OTHER, ""


def _one_decimal(values: Iterable[float]) -> bool:
    return all(abs(value - round(value, 1)) < 1e-9 for value in values)


def of_specialists(board: Appendix, row: SkillMean, mean: float) -> Why:
    """Of the specialists' mean of a skill, which is not within rounding."""
    printed = {(c.modality, c.paradigm, c.skill): float(c.printed) for c in corrections() if c.field == "sota"}
    n = len(board.in_skill[row.group, row.skill])
    if n == 1 and printed.get((*row.group, str(row.skill))) == row.mean:
        return Cause.CORRECTED, f"{mean:g}"
    return Cause.OTHER, ""


def of_supported(board: Appendix, row: SupportRow) -> Why:
    """Of a count of supported tasks."""
    at = board.in_group[row.group]
    computed = int(np.count_nonzero(board.supported[board.row[row.model], at]))
    if computed == row.supported:
        return AGREES
    if row.supported > len(at):
        return Cause.SUPPORT, f"more than the {len(at)} tasks of the group"
    return Cause.SUPPORT, f"{row.supported - computed:+d}"


def of_wins(board: Appendix, row: SupportRow) -> Why:
    """Of a count of won tasks."""
    i, at = board.row[row.model], board.in_group[row.group]
    wins = int(np.count_nonzero(board.won[i, at]))
    if wins == row.wins:
        return AGREES
    value, sota, supported = board.values[i, at], board.sota[at], board.supported[i, at]
    if row.wins == int(np.count_nonzero(supported & (value > sota))):
        return Cause.RAW, ""
    if row.wins == int(np.count_nonzero(board.won[i, at] & (value != sota))):
        return Cause.TIES, ""
    if row.wins == 0:
        return Cause.ZERO, f"{wins} wins"
    return Cause.COUNT, f"{row.wins - wins:+d}"


def of_percent(printed: float, printed_count: int, computed: int, n_tasks: int) -> Why:
    """Of the percentage beside a count."""
    if within(printed, 100.0 * computed / n_tasks, PERCENT):
        return AGREES
    if within(printed, 100.0 * printed_count / n_tasks, PERCENT):
        return Cause.FOLLOWS_COUNT, ""
    if within(printed, 100.0 * printed_count / (n_tasks + 1), PERCENT):
        return Cause.OF_MORE, f"{n_tasks + 1}"
    return Cause.OTHER, f"{printed_count} of {n_tasks}"


def of_level(board: Appendix, model: str, modality: str, level: int, printed: float, computed: float) -> Why:
    """Of a Level-2, 3 or 4 of a modality."""
    groups = [(modality, paradigm) for paradigm in PARADIGMS]
    if within(printed, computed):
        return AGREES
    if not any(board.listed(model, group) for group in groups):
        twin = _twin(board, model, modality, level, printed)
        if printed == 0.0:
            return Cause.ZERO, ""
        return (Cause.NAME, twin) if twin else (Cause.UNPRINTED, modality)
    if printed == 0.0:
        return Cause.ZERO, f"{computed:.2f}"
    for name, value in _readings(board, model, modality, level):
        if within(printed, value):
            return (Cause.AS_100 if name == "100" else Cause.SCALED), ("" if name == "100" else name)
    if twin := _twin(board, model, modality, level, printed):
        return Cause.NAME, twin
    lacking = [
        f"{n} tasks of {' '.join(group)}"
        for group in groups
        if _credited(model, group) and (n := board.unlisted(model, group))
    ]
    if lacking and printed > computed:
        return Cause.UNPRINTED, ", ".join(lacking)
    return Cause.OTHER, ""


def _readings(board: Appendix, model: str, modality: str, level: int) -> Iterator[tuple[str, float]]:
    """What Level-2 or Level-3 would be under other divisors, and with unsupported tasks as 100 points."""
    if level > 3:
        return
    first, second = board.parts(model, modality, won=level == 3)
    if level == 2 and modality == "image":
        n = len(board.in_group[modality, PARADIGMS[0]])
        yield "100", (first + 100.0 * UNSUPPORTED_AS_100 / n + second) / 2
    if modality in RATIOS and first:
        few, all_ = RATIOS[modality]
        yield f"comprehension x {all_}/{few}", (first * all_ / few + second) / 2
        yield f"comprehension x {few}/{all_}", (first * few / all_ + second) / 2


def _twin(board: Appendix, model: str, modality: str, level: int, printed: float) -> str:
    """Another model whose tasks give both the printed Level-2 and the printed Level-3."""
    if level > 3:
        return ""
    rows = {row.level: row.score(modality) for row in leaderboards() if row.model == model}
    pair = rows.get(2, 0.0), rows.get(3, 0.0)
    if not all(pair) or printed not in pair:
        return ""
    for other in board.models:
        if other == model or not any(board.listed(other, (modality, paradigm)) for paradigm in PARADIGMS):
            continue
        plain = [sum(board.parts(other, modality, won)) / 2 for won in (False, True)]
        if all(map(within, pair, plain)):
            return other
        few, all_ = RATIOS.get(modality, (1, 1))
        if all(within(want, value * all_ / few) for want, value in zip(pair, plain, strict=True)):
            return f"{other} x {all_}/{few}"
    return ""


def _credited(model: str, group: Group) -> bool:
    """Whether Table 12 has the model under this paradigm."""
    return any(
        group[1][0].upper() in row.paradigm.split("+")
        for row in leaderboards()
        if row.level == 2 and row.model == model
    )
