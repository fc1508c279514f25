"""What the released scorer's quirks do to a board: policy "paper" and "release" side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import board
from glevel_fast.core import release
from glevel_fast.core.benchmark import LANGUAGE, Benchmark
from glevel_fast.core.compiled import count_threads
from glevel_fast.core.scoring import Scorer
from glevel_fast.io.markup import TextTable
from glevel_fast.text import fold_task

if TYPE_CHECKING:
    from glevel_fast.core.results import Results
    from glevel_fast.core.scores import Scores

__all__ = ["Cell", "Move", "PolicyDiff", "policy_diff"]

TOLERANCE = 1e-6  # of a point: the two policies round differently


@dataclass(frozen=True)
class Cell:
    """A value (None: missing) that the policies take differently; points are None where it adds nothing."""

    model: str
    task: str
    metric: str
    value: float | None
    paper: float | None
    release: float | None
    paper_win: bool
    release_win: bool
    reason: str


@dataclass(frozen=True)
class Move:
    """A model's score and rank at one level under both policies; `why` the reasons, the weightiest first.

    A release score is None where the released scorer fails (SPEC.md section 6).
    """

    level: int
    model: str
    paper: float
    release: float | None
    paper_rank: int | None
    release_rank: int | None
    why: tuple[str, ...]


@dataclass(frozen=True)
class PolicyDiff:
    cells: tuple[Cell, ...]
    moves: tuple[Move, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"cells": [asdict(cell) for cell in self.cells], "moves": [asdict(move) for move in self.moves]}

    def sheets(self, most: int | None = None) -> tuple[TextTable, TextTable]:
        """Models by level; and cells, the largest difference first."""
        moves = [
            [
                str(m.level),
                m.model,
                f"{m.paper:.2f}",
                "-" if m.release is None else f"{m.release:.2f}",
                str(m.paper_rank or "-"),
                str(m.release_rank or "-"),
                "; ".join(m.why[:2]) + ("; ..." if len(m.why) > 2 else ""),
            ]
            for m in self.moves
        ]
        order = sorted(self.cells, key=lambda c: -abs((c.release or 0.0) - (c.paper or 0.0)))
        cells = [
            [
                c.model,
                c.task,
                c.metric,
                "-" if c.value is None else f"{c.value:.6g}",
                *("-" if x is None else f"{x:.2f}" for x in (c.paper, c.release)),
                *("yes" if won else "no" for won in (c.paper_win, c.release_win)),
                c.reason,
            ]
            for c in order[:most]
        ]
        notes = (f"{len(order) - len(cells)} more cells",) if len(cells) < len(order) else ()
        move_header = ["Level", "Model", "Paper", "Release", "Rank (paper)", "Rank (release)", "Why"]
        cell_header = ["Model", "Task", "Metric", "Value", "Paper", "Release", "Win (paper)", "Win (release)", "Why"]
        return (
            TextTable("Policy paper beside release: scores and ranks that differ", move_header, "rlrrrrl", moves),
            TextTable(
                f"{len(order)} values that the policies take differently, in points",
                cell_header,
                "lllrrrlll",
                cells,
                notes,
            ),
        )


def policy_diff(results: Results, benchmark: Benchmark, **options: Any) -> PolicyDiff:
    """Which cells and which ranks differ between the policies, and why.

    Parameters
    ----------
    options
        `zero`, `invalid` and `fractions` of the paper's `Scorer`.

    Raises
    ------
    InvalidScoreError
        A value that either policy refuses.
    """
    paper = Scorer(benchmark, "paper", **options).score(results)
    released = Scorer(benchmark, "release").score(results)
    cells = tuple(_cells(paper, results, benchmark))
    return PolicyDiff(cells, tuple(_moves(paper, released, cells, benchmark)))


def _cells(paper: Scores, results: Results, benchmark: Benchmark) -> Iterator[Cell]:
    raw, twin = paper.scored_raw(), paper.compiled.twin
    points = paper.compiled.engine.map(raw, count_threads(None))
    won = twin.wins(raw)
    other, other_won, _ = release.cells(benchmark, results.values, results.models)
    adds, other_adds = np.nan_to_num(points), np.where(np.isfinite(other), other, 0.0)
    differs = (np.abs(adds - other_adds) > TOLERANCE) | (won != other_won)
    for i, j in np.argwhere(differs).tolist():
        yield Cell(
            results.models[i],
            benchmark.tasks[j],
            benchmark.metric[j],
            _plain(results.values[i, j]),
            _plain(points[i, j]),
            _plain(other[i, j]),
            bool(won[i, j]),
            bool(other_won[i, j]),
            _reason(benchmark, j, float(raw[i, j]), abs(adds[i, j] - other_adds[i, j]) <= TOLERANCE),
        )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reason(benchmark: Benchmark, j: int, value: float, same_points: bool) -> str:
    metric, name = benchmark.metrics[j], benchmark.metric[j]
    if same_points:
        missing = np.isnan(value) or value == 0
        return "a missing value is 0 points, and those may win" if missing else "wins are decided on points"
    if benchmark.modality[j] == LANGUAGE:
        return "language values stay raw, but for the first RMSE"
    known = name.upper() in release.known()
    if known and benchmark.scale[j] != 1:
        return f"{name} is mapped without its scale of {benchmark.scale[j]:g}"
    if known:
        return f"{name} is not clipped, and 0 where the value is missing"
    if not metric.is_percent or benchmark.scale[j] != 1:
        return f"the name {name!r} is not met: the value stays raw"
    return "an exact 0 is a value"


def _moves(paper: Scores, released: Scores, cells: Sequence[Cell], benchmark: Benchmark) -> Iterator[Move]:
    for level in (2, 3, 4, 5):
        weight = _reasons(cells, benchmark, level)
        ours, theirs = (board(s, "A", level) for s in (paper, released))
        other = {m: (s, r) for m, s, r in zip(theirs.models, theirs.score.tolist(), theirs.rank.tolist(), strict=True)}
        for model, score, rank in zip(ours.models, ours.score.tolist(), ours.rank.tolist(), strict=True):
            their_score, their_rank = other[model]
            if abs(score - their_score) <= TOLERANCE and rank == their_rank:
                continue
            reasons = weight.get(model, {})
            why = tuple(sorted(reasons, key=lambda reason: -reasons[reason]))
            if (benchmark.weight != 1).any():
                why = ("the weights of tasks are not used", *why)
            elif abs(score - their_score) <= TOLERANCE:
                why = ("others moved",)
            yield Move(level, model, score, _plain(their_score), rank or None, their_rank or None, why)


def _reasons(cells: Sequence[Cell], benchmark: Benchmark, level: int) -> dict[str, dict[str, float]]:
    """By model, the points in which cells differ that enter this level, by reason."""
    weight: dict[str, dict[str, float]] = {}
    for cell in cells:
        language = benchmark.modality[benchmark.task_index[fold_task(cell.task)]] == LANGUAGE
        if (language and level < 5) or (level > 2 and not (cell.paper_win or cell.release_win)):
            continue
        by_reason = weight.setdefault(cell.model, {})
        gap = abs((cell.release or 0.0) - (cell.paper or 0.0))
        by_reason[cell.reason] = by_reason.get(cell.reason, 0.0) + gap
    return weight
