"""What the released scorer's quirks do to a board: policy "paper" and "release" side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import board
from glevel_fast.core import release
from glevel_fast.core.benchmark import LANGUAGE, LEVELS, Benchmark
from glevel_fast.core.compiled import count_threads
from glevel_fast.core.scoring import Scorer
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.markup import TextTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    """A model's score and rank at one level under both policies; `why` the reasons, first the one that moves the
    score most when it alone is switched off.

    A release score is None where the released scorer fails (docs/spec.md section 6).
    """

    level: int
    model: str
    paper: float
    release: float | None
    paper_rank: int | None
    release_rank: int | None
    why: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class PolicyDiff(AsFrames):
    """Where two policies differ: value by value, and what that does to scores and ranks."""

    cells: tuple[Cell, ...]
    moves: tuple[Move, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"cells": [asdict(cell) for cell in self.cells], "moves": [asdict(move) for move in self.moves]}

    def columns(self) -> dict[str, list[Any]]:
        """One row per move; `why` in words.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        rows = [vars(move) | {"why": "; ".join(move.why)} for move in self.moves]
        return {name: [row[name] for row in rows] for name in Move.__dataclass_fields__}

    def __repr__(self) -> str:
        return "\n\n".join(sheet.text(20) for sheet in self.sheets(20))

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

    Returns
    -------
    PolicyDiff
        `cells` and `moves`.

    Raises
    ------
    InvalidScoreError
        A value that either policy refuses.
    """
    paper = Scorer(benchmark, "paper", **options).score(results)
    released = Scorer(benchmark, "release").score(results)
    compared = _Compared(paper, results, benchmark)
    return PolicyDiff(tuple(compared.cells()), tuple(_moves(paper, released, compared)))


class _Compared:
    """Every cell under both policies, and why they differ there."""

    def __init__(self, paper: Scores, results: Results, benchmark: Benchmark) -> None:
        self.results, self.benchmark, self.raw = results, benchmark, paper.scored_raw()
        self.points = paper.compiled.engine.map(self.raw, count_threads(None))
        self.won = paper.compiled.twin.wins(self.raw)
        self.other, self.other_won, _ = release.cells(benchmark, results.values, results.models)
        self.adds, self.other_adds = np.nan_to_num(self.points), np.where(np.isfinite(self.other), self.other, 0.0)
        self.other_masked, _ = release.masked_cells(benchmark, results.values, results.models)
        self.reasons: dict[tuple[int, int], str] = {}
        masked = np.where(self.won, self.adds, 0.0)
        differs = (np.abs(self.adds - self.other_adds) > TOLERANCE) | (self.won != self.other_won)
        differs |= ~(np.abs(masked - self.other_masked) <= TOLERANCE)
        for i, j in np.argwhere(differs).tolist():
            same_points = abs(self.adds[i, j] - self.other_adds[i, j]) <= TOLERANCE
            self.reasons[i, j] = _reason(benchmark, j, float(self.raw[i, j]), same_points)

    def cells(self) -> Iterator[Cell]:
        """The cells that differ."""
        for (i, j), reason in self.reasons.items():
            yield Cell(
                self.results.models[i],
                self.benchmark.tasks[j],
                self.benchmark.metric[j],
                _plain(self.results.values[i, j]),
                _plain(self.points[i, j]),
                _plain(self.other[i, j]),
                bool(self.won[i, j]),
                bool(self.other_won[i, j]),
                reason,
            )

    def effects(self) -> dict[str, NDArray[np.float64]]:
        """float64 (n_models, 4) per reason: by how much S2 to S5 move when it alone is switched off.

        Switched off, its cells count as under the paper's policy; everything else stays as released.
        """
        with np.errstate(invalid="ignore"):
            base, _, _ = release.totals(self.benchmark, self.other_adds, self.other_masked)
            found = {}
            for reason in dict.fromkeys(self.reasons.values()):
                off = np.zeros(self.won.shape, bool)
                off[tuple(np.array([cell for cell, why in self.reasons.items() if why == reason]).T)] = True
                adds = np.where(off, self.adds, self.other_adds)
                masked = np.where(off, np.where(self.won, self.adds, 0.0), self.other_masked)
                found[reason] = release.totals(self.benchmark, adds, masked)[0] - base
            if (self.benchmark.weight != 1).any():
                weighted, _, _ = release.totals(self.benchmark, self.other_adds, self.other_masked, weighted=True)
                found["the weights of tasks are not used"] = weighted - base
            return {reason: np.where(np.isnan(effect), np.inf, np.abs(effect)) for reason, effect in found.items()}


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


def _moves(paper: Scores, released: Scores, compared: _Compared) -> Iterator[Move]:
    effects = compared.effects()
    own: dict[int, list[str]] = {}
    for (i, _), reason in compared.reasons.items():
        own.setdefault(i, []).append(reason)
    for k, level in enumerate(LEVELS):
        ours, theirs = (board(s, "A", level) for s in (paper, released))
        other = {m: (s, r) for m, s, r in zip(theirs.models, theirs.score.tolist(), theirs.rank.tolist(), strict=True)}
        for model, score, rank, i in zip(
            ours.models, ours.score.tolist(), ours.rank.tolist(), ours.rows.tolist(), strict=True
        ):
            their_score, their_rank = other[model]
            same = abs(score - their_score) <= TOLERANCE
            if same and rank == their_rank:
                continue
            moved = {reason: float(effect[i, k]) for reason, effect in effects.items() if effect[i, k] > TOLERANCE}
            why = tuple(sorted(moved, key=lambda reason: -moved[reason]))
            if same:
                why = ("others moved",)
            elif not why:  # such as a Level-4 that needs a win in both paradigms
                why = tuple(f"together with others: {reason}" for reason in dict.fromkeys(own.get(i, ())))
            yield Move(level, model, score, _plain(their_score), rank or None, their_rank or None, why)
