"""Rules that can be read in more than one way, and how many printed figures each reading gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import MODALITIES, PARADIGMS
from glevel_fast.core.metrics import find_metric
from glevel_fast.published.causes import PERCENT, within
from glevel_fast.published.general_bench import benchmark
from glevel_fast.published.recomputed import Appendix, appendix
from glevel_fast.published.tables import BOARD_TABLE, GROUP_TABLE, leaderboards, task_support

__all__ = ["RuleReading", "readings"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RuleReading:
    """How many printed figures a reading of a rule gives, by the table that prints them: (agree, printed).

    `figures` names what is compared, `taken` says whether this package reads the rule so.
    """

    figures: str
    reading: str
    taken: bool
    by_table: dict[int, tuple[int, int]]

    @property
    def agree(self) -> int:
        return sum(agree for agree, _ in self.by_table.values())

    @property
    def printed(self) -> int:
        return sum(printed for _, printed in self.by_table.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        tables = {f"Table {table}": {"agree": a, "printed": n} for table, (a, n) in self.by_table.items()}
        return {
            "figures": self.figures,
            "reading": self.reading,
            "taken": self.taken,
            "agree": self.agree,
            "printed": self.printed,
            "tables": tables,
        }


def readings() -> tuple[RuleReading, ...]:
    """Every reading, those of one rule together, the one that this package takes first.

    Returns
    -------
    tuple of RuleReading
    """
    board = appendix()
    value, sota, higher, supported = board.values, board.sota, board.higher, board.supported
    with np.errstate(invalid="ignore"):
        at_least = supported & np.where(higher, value >= sota, value <= sota)
        better = supported & np.where(higher, value > sota, value < sota)
        mapped = board.points >= board.sota_points
        wins = {
            "raw value at least as good as the specialist's (≥)": at_least,
            "raw value better than the specialist's (>)": better,
            "points at least the specialist's (mapped, ≥)": supported & mapped,
            "points above the specialist's (mapped, >)": supported & (board.points > board.sota_points),
            "raw value ≥ the specialist's, whatever is better": supported & (value >= sota),
            "raw value > the specialist's, whatever is better": supported & (value > sota),
        }
    zeros = ~np.isnan(value)
    return (
        *_counts("wins", wins, lambda row: row.wins),
        *_counts(
            "supported tasks",
            {"an exact 0 is not supported": supported, "an exact 0 is supported, ∞ is not": zeros},
            lambda row: row.supported,
        ),
        *_percentages(),
        *_levels(board, at_least, better, supported & mapped),
    )


def _counts(figures: str, masks: dict[str, Mask], printed: Callable[..., int]) -> Iterator[RuleReading]:
    board = appendix()
    for reading, mask in masks.items():
        tally: dict[int, list[bool]] = {}
        for row in task_support():
            count = np.count_nonzero(mask[board.row[row.model], board.in_group[row.group]])
            tally.setdefault(GROUP_TABLE[row.group], []).append(int(count) == printed(row))
        yield RuleReading(figures, reading, reading == next(iter(masks)), _by_table(tally))


def _percentages() -> Iterator[RuleReading]:
    """Of the printed counts, so that these do not matter."""
    board = appendix()
    for reading, more in (("of the group's tasks", 0), ("of one task more than the group has", 1)):
        tally: dict[int, list[bool]] = {}
        for row in task_support():
            n = len(board.in_group[row.group]) + more
            for count, percent in ((row.supported, row.supported_pct), (row.wins, row.wins_pct)):
                tally.setdefault(GROUP_TABLE[row.group], []).append(within(percent, 100.0 * count / n, PERCENT))
        yield RuleReading("percentages of the printed counts", reading, not more, _by_table(tally))


def _levels(board: Appendix, at_least: Mask, better: Mask, mapped: Mask) -> Iterator[RuleReading]:
    points = np.where(board.supported, board.points, 0.0)
    bench = benchmark()
    counting = bench.tasks.index("Mall Crowd Counting")
    as_percent = points.copy()
    as_percent[:, counting] = np.where(board.supported[:, counting], board.values[:, counting], 0.0)
    unclipped = points.copy()
    cider = [i for i, metric in enumerate(bench.metrics) if metric is find_metric("CIDEr")]
    unclipped[:, cider] = np.nan_to_num(board.values[:, cider])
    hundred = points.copy()
    matting = [i for i, metric in enumerate(bench.metrics) if metric.name in ("SAD", "MSE")]
    hundred[:, matting] = np.where(board.supported[:, matting], points[:, matting], 100.0)
    everything = np.ones_like(points, dtype=bool)
    for level, cases in (
        (
            2,
            {
                "as docs/spec.md says": (points, everything),
                "unsupported matting tasks (SAD, SAD, MSE) are 100 points": (hundred, everything),
                "image comprehension 24.6 is Acc, as its metric is printed": (as_percent, everything),
                "CIDEr is not clipped (no printed CIDEr is above 100)": (unclipped, everything),
            },
        ),
        (
            3,
            {
                "won: at least as good (≥)": (points, at_least),
                "won: better (>)": (points, better),
                "won: points at least the specialist's (mapped, ≥)": (points, mapped),
            },
        ),
    ):
        for k, (reading, (score, won)) in enumerate(cases.items()):
            tally = [
                within(row.score(modality), _mean(board, np.where(won, score, 0.0)[board.row[row.model]], modality))
                for row in leaderboards()
                if row.level == level and row.model in board.row
                for modality in MODALITIES
                if row.score(modality) and any(board.listed(row.model, (modality, p)) for p in PARADIGMS)
            ]
            yield RuleReading(f"Level-{level} of a modality", reading, not k, _by_table({BOARD_TABLE[level]: tally}))


def _mean(board: Appendix, points: Array, modality: str) -> float:
    """Of the means of the modality's two paradigms."""
    return sum(float(points[board.in_group[modality, paradigm]].mean()) for paradigm in PARADIGMS) / len(PARADIGMS)


def _by_table(tally: dict[int, list[bool]]) -> dict[int, tuple[int, int]]:
    return {table: (sum(agree), len(agree)) for table, agree in tally.items()}
