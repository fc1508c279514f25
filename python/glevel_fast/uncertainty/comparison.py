"""Which models can be told apart, all pairs of a board at once, and between which ranks each then lies.

Per pair: the difference of two scores against its standard error over the choice of tasks, both models on the same
tasks, two-sided, Student's t with Satterthwaite's degrees of freedom. Over the pairs of a board: Holm's correction,
which holds the chance of a single false pair at 1 - confidence. Sources: Welch, Biometrika 34 (1947); Holm,
Scandinavian Journal of Statistics 6 (1979); ranks from pairs: Mogstad, Romano, Shaikh and Wilhelm, Inference for
ranks with applications to mobility across neighbourhoods and academic achievement across countries, Review of
Economic Studies 91 (2024). benchmarks/coverage.py measures what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.io.frames import AsFrames
from glevel_fast.uncertainty.influence import t_tail

if TYPE_CHECKING:
    from glevel_fast.uncertainty.influence import Influence

__all__ = ["Comparison", "compare"]

Array = NDArray[np.float64]
ROWS = ENOUGH = 64


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(AsFrames):
    """All pairs of the models that have a rank on a board.

    Attributes
    ----------
    level : int
    models : tuple of str
        Those with a rank, the best first; the order of all arrays.
    p : float64 (n, n)
        Corrected for all pairs of the board (Holm): two models can be told apart at a confidence of 95 % where
        this is at most 0.05. The diagonal is 1.
    """

    level: int
    models: tuple[str, ...]
    p: Array

    def apart(self, confidence: float = 0.95) -> NDArray[np.bool_]:
        """bool (n, n): which two can be told apart; the one with the higher score is then the better.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        bool (n, n)
        """
        told: NDArray[np.bool_] = self.p <= 1.0 - confidence
        return told

    def ranks(self, confidence: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst rank of each, int64 (n,) each: with this confidence they hold for all models at once.

        They are ranks among these models. A model is below as many as are told apart from it and above it.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (int64 (n,), int64 (n,))
            Best and worst rank.
        """
        told = self.apart(confidence)
        above = np.triu(told).sum(axis=0)
        below = np.tril(told).sum(axis=0)
        return 1 + above.astype(np.int64), len(self.models) - below.astype(np.int64)

    def groups(self, confidence: float = 0.95) -> list[tuple[str, ...]]:
        """Groups of models next to each other of which no two can be told apart.

        As large as can be, and they may overlap, like the letters of a multiple comparison; a model that stands
        alone is a group of its own.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        list of tuple
        """
        told = self.apart(confidence)
        groups: list[tuple[str, ...]] = []
        end = 0
        for first in range(len(self.models)):
            last = max(first + 1, end)
            while last < len(self.models) and not told[first:last, last].any():
                last += 1
            if last > end:
                groups.append(self.models[first:last])
                end = last
        return groups

    def columns(self) -> dict[str, list[Any]]:
        """One row per pair: the model with the better rank, the other, and the pair's `p`.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        better, other = np.triu_indices(len(self.models), 1)
        return {
            "better": [self.models[i] for i in better.tolist()],
            "other": [self.models[i] for i in other.tolist()],
            "p": self.p[better, other].tolist(),
        }

    def __repr__(self) -> str:
        n = len(self.models)
        told = int(np.triu(self.apart()).sum())
        return f"Comparison(Level-{self.level}: {told} of {n * (n - 1) // 2} pairs can be told apart at 95 %)"


def compare(influence: Influence, models: tuple[str, ...], level: int, order: NDArray[np.intp]) -> Comparison:
    """All pairs of `order`, the models with a rank on the board of a level, the best first."""
    n, score, adds = len(order), influence.scores[:, LEVELS.index(level)], influence.added(level)
    p = np.ones((n, n))
    for first in range(0, n, ROWS):
        some, among = order[first : first + ROWS], order[first:]
        difference = np.abs(score[some, np.newaxis] - score[among])
        error, freedom = influence.difference_errors(level, some, among)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(difference > 0.0, difference / error, 0.0)
        # Of k tasks in which two models differ, no order of signs is rarer than 1 in 2^(k - 1).
        rarest = np.minimum(2.0 ** (1.0 - _differing(adds[some], adds[among])), 1.0)
        p[first : first + len(some), first:] = np.maximum(t_tail(t, freedom), rarest)
    pairs = np.triu_indices(n, 1)
    corrected = np.ones((n, n))
    corrected[pairs] = _holm(p[pairs])
    return Comparison(level, tuple(models[i] for i in order), np.minimum(corrected, corrected.T))


def _differing(some: Array, among: Array) -> NDArray[np.int64]:
    """int64 (n_some, n_among): how many units add something different; past 64 of them, not all are counted."""
    count = np.zeros((len(some), len(among)), np.int64)
    for first in range(0, some.shape[1], ENOUGH):
        piece = slice(first, first + ENOUGH)
        count += np.count_nonzero(some[:, np.newaxis, piece] != among[np.newaxis, :, piece], axis=2)
        if (count >= ENOUGH).all():
            break
    return count


def _holm(p: Array) -> Array:
    """Corrected for all of them: the smallest times their number, the next times one fewer, and so on."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected
