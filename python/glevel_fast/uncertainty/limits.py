"""Intervals of scores over the choice of tasks, how far they cover, and chances of levels on a board of fresh tasks.

An interval is S / f to S f with f = exp(t · standard error / S), Student's t: it does not reach below 0, is longer
upwards, as the scores of few wins are, and covers better than the percentiles of the resamples
(benchmarks/coverage.py). Where there are no wins, nothing can be said but how high the score may be: as many wins
as a Poisson count would rarely show none of.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.uncertainty.influence import t_quantile

if TYPE_CHECKING:
    from glevel_fast.uncertainty.influence import Influence

__all__ = ["COVERAGE", "chances", "coverage", "expected_wins", "intervals", "tail_of"]

Array = NDArray[np.float64]
COVERAGE = {
    "full": "a 95 % interval covers at least 93 %",
    "wide": "few wins, or none in one paradigm of a modality: a 95 % interval covers at least 93 %, most of them more",
    "limit": "no wins: from 0 to an upper limit, which covers at least 97 % of the time",
    "unknown": "how far it covers is not known: a group of one task cannot be resampled, and modalities are too few",
}
"""Classes of coverage, as measured by benchmarks/coverage.py."""
FEW_WINS = 6


def tail_of(confidence: float) -> float:
    """What lies beyond each end.

    Raises
    ------
    GLevelError
        Outside (0, 1).
    """
    if not 0.0 < confidence < 1.0:
        raise GLevelError(f"confidence {confidence!r}: give a number between 0 and 1, such as 0.95")
    return (1.0 - confidence) / 2.0


def intervals(influence: Influence, confidence: float = 0.95) -> tuple[Array, Array]:
    """Lower and upper end of the interval of S2 to S5, float64 (n_models, 4) each."""
    tail = tail_of(confidence)
    low, high = influence.scores.copy(), influence.scores.copy()
    for k, level in enumerate(LEVELS):
        score = influence.scores[:, k]
        factor = _factor(score, *influence.errors(level), tail)
        low[:, k] = score / factor
        none, end = score == 0.0, score * factor
        if level >= 4 and influence.grouped:
            lacks = _half_seen(influence, influence.means, _unseen(influence, tail))
            end += lacks if level == 4 else lacks * influence.means[:, -1] / 100.0
        high[:, k] = np.minimum(end, 100.0)
        if none.any():
            high[none, k] = _limit(influence, level, tail)[none]
    return low, high


def coverage(influence: Influence) -> NDArray[np.str_]:
    """str (n_models, 4): the class of coverage (see `COVERAGE`) of each interval."""
    scores, wins = influence.scores, influence.wins
    classes = np.full(scores.shape, "full", dtype="<U7")
    if influence.alone or not influence.grouped:
        classes[:] = "unknown"
        return classes
    c, g = wins[:, 0:-1:2], wins[:, 1:-1:2]
    few = (np.minimum(c, g).sum(axis=1) < FEW_WINS) | ((c > 0) != (g > 0)).any(axis=1)
    classes[few, 2:] = "wide"
    classes[wins[:, :-1].sum(axis=1) < FEW_WINS, 1] = "wide"
    classes[wins[:, -1] < FEW_WINS, 3] = "wide"
    classes[:, 1:][scores[:, 1:] == 0.0] = "limit"
    return classes


def chances(influence: Influence, confidence: float = 0.95) -> Array:
    """float64 (n_models, 3, 2): limits of the chance of Level-3, 4, 5 or more on a board of as many fresh tasks.

    No model of the margins is needed, and none holds for all: from a number of wins follow limits of the number
    that is expected (Poisson), and from these the chance of any at all. With no win in sight the chance may be
    nearly 0 or nearly 1, and that is what the limits say. NaN for modalities, of which there are too few.
    """
    wins = influence.wins
    if not influence.grouped:
        return np.full((len(wins), 3, 2), np.nan)
    tail = tail_of(confidence)
    out = np.empty((len(wins), 3, 2))
    for end in range(2):
        any_win = -np.expm1(-expected_wins(wins, tail)[end])
        any_win = np.where(influence.units > 0, any_win, 0.0)
        out[:, 0, end] = -np.expm1(-expected_wins(wins[:, :-1].sum(axis=1), tail)[end])
        both = any_win[:, 0:-1:2] * any_win[:, 1:-1:2]
        # From below, the surest modality alone: all of them at their lower ends at once would be another claim.
        out[:, 1, end] = both.max(axis=1, initial=0.0) if end == 0 else 1.0 - np.prod(1.0 - both, axis=1)
        out[:, 2, end] = out[:, 1, end] * any_win[:, -1]
    limits: Array = np.minimum.accumulate(out, axis=1)  # a level includes those below
    return limits


def expected_wins(wins: NDArray[np.int64] | int, tail: float) -> tuple[Array, Array]:
    """Limits of what is expected of a Poisson count that came out as `wins`, each missed with a chance of `tail`.

    Source: Wilson and Hilferty, The distribution of chi-square, PNAS 17 (1931).
    """
    z = -NormalDist().inv_cdf(tail)
    count = np.asarray(wins, dtype=np.float64)
    some, more = np.maximum(count, 1.0), count + 1.0
    low = some * np.maximum(1.0 - 1.0 / (9.0 * some) - z / (3.0 * np.sqrt(some)), 0.0) ** 3
    high: Array = more * (1.0 - 1.0 / (9.0 * more) + z / (3.0 * np.sqrt(more))) ** 3
    return np.where(count > 0.0, low, 0.0), high


def _factor(score: Array, error: Array, freedom: Array, tail: float) -> Array:
    relative = np.divide(error, score, out=np.zeros_like(score), where=score > 0.0)
    with np.errstate(over="ignore"):
        factor: Array = np.exp(np.minimum(t_quantile(tail, freedom) * relative, 700.0))
    return factor


def _limit(influence: Influence, level: int, tail: float) -> Array:
    """The highest score, float64 (n_models,), that may well have come out as 0."""
    n = len(influence.scores)
    if level == 2 or not influence.grouped:
        return np.zeros(n)  # supports nothing, or has no score in any modality
    unseen = _unseen(influence, tail)
    m = (influence.means.shape[1] - 1) // 2
    if level == 3:
        return np.full(n, unseen[:-1].max(initial=0.0) / (2 * m))
    high = np.tile(unseen, (n, 1))
    for part in influence.parts(5):
        error = np.sqrt((part.e**2).sum(axis=1))
        mean = influence.means[:, part.group]
        seen = np.minimum(mean * _factor(mean, error, np.full(n, part.freedom), tail), 100.0)
        high[:, part.group] = np.where(mean > 0.0, seen, high[:, part.group])
    # What was not seen in a modality at all is best spent in one: S4 is homogeneous in the wins of both paradigms.
    root = np.sqrt(np.divide(1.0, unseen, out=np.full_like(unseen, np.inf), where=unseen > 0.0))
    both = np.minimum(2.0 / (root[0:-1:2] + root[1:-1:2]) ** 2, 100.0).max(initial=0.0) / m
    s4: Array = np.minimum(_half_seen(influence, high, unseen) + both, 100.0)
    s5: Array = s4 * high[:, -1] / 100.0
    return s4 if level == 4 else s5


def _unseen(influence: Influence, tail: float) -> Array:
    """float64 (n_groups,): the highest mean over won tasks that may well have come out as 0."""
    return np.minimum(100.0 * float(expected_wins(0, tail)[1]) * influence.heaviest, 100.0)


def _half_seen(influence: Influence, means: Array, unseen: Array) -> Array:
    """float64 (n_models,): what S4 may lack of modalities with wins in one paradigm and none in the other.

    There the means are `means`. All of them together can lack no more than the one in which a win weighs most.
    """
    some = influence.means > 0.0
    c, g = some[:, 0:-1:2], some[:, 1:-1:2]
    lacks = np.where(c & ~g, _harmonic(means[:, 0:-1:2], unseen[1:-1:2]), 0.0)
    lacks += np.where(g & ~c, _harmonic(unseen[0:-1:2], means[:, 1:-1:2]), 0.0)
    most = np.maximum(np.where(c & ~g, unseen[1:-1:2], 0.0), np.where(g & ~c, unseen[0:-1:2], 0.0))
    at_most: Array = np.minimum(lacks.sum(axis=1), 2.0 * most.max(axis=1, initial=0.0)) / max(1, lacks.shape[1])
    return at_most


def _harmonic(c: Array, g: Array) -> Array:
    mean: Array = 2.0 * c * g / np.where(c + g > 0.0, c + g, 1.0)
    return mean
