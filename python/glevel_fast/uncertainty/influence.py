"""What each unit that a bootstrap draws (a task, a skill, a modality) does to each score: errors without drawing.

A score is a function of group means, and units are drawn within a group: its variance is, to first order, the sum
over groups of slope^2 times the sum of e^2 / (1 - 2 s + q), where e is what a unit adds to the group's mean beyond
its share s of the weight, and q the sum of all s^2. With equal shares, that divisor is the usual (n - 1) / n; a heavy
unit draws the mean to itself and hides its own error the more. Source: Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, section 21.3 (the delta method); scores as in docs/spec.md section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.text import fold_task

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.uncertainty.prepared import Prepared

__all__ = ["Influence", "Part", "Unit", "t_quantile", "t_tail", "units_of_tasks"]

Array = NDArray[np.float64]
Unit = Literal["task", "skill", "modality"]


def units_of_tasks(benchmark: Benchmark, unit: Literal["task", "skill"]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """int32 (n_tasks,): each task's unit, numbered by group; int32 (n_units,): each unit's group."""
    group = benchmark.group_of_task
    if unit == "task":
        units = [(int(g), t) for t, g in enumerate(group)]
    else:
        first: dict[tuple[int, str], int] = {}
        names = [(int(g), fold_task(skill)) for g, skill in zip(group, benchmark.skill, strict=True)]
        for t, name in enumerate(names):
            first.setdefault(name, t)
        units = [(name[0], first[name]) for name in names]
    ordered = sorted(set(units))
    index = {one: i for i, one in enumerate(ordered)}
    return np.array([index[one] for one in units], np.int32), np.array([g for g, _ in ordered], np.int32)


@dataclass(frozen=True)
class Part:
    """One group's part in a score.

    Attributes
    ----------
    group : int
        Which of the means it belongs to.
    adds : float64 (n_models, n_units)
        What each unit adds to the group's mean.
    e : float64 (n_models, n_units)
        The same less the unit's share of the mean, divided so that the squares add up to the mean's variance where
        units vary alike; where one unit has all the weight, what it adds: nothing is known of its spread then, and
        so all of it is in doubt.
    freedom : float
        Degrees of freedom: n - 1 for units of equal weight.
    """

    group: int
    adds: Array
    e: Array
    freedom: float

    @classmethod
    def of(cls, group: int, adds: Array, share: Array) -> Part:
        """From what each unit adds and its share of the weight."""
        if len(share) < 2 or share.max() == 1.0:
            return cls(group, adds, adds, 1.0)
        square = (share**2).sum()
        e = (adds - share * adds.sum(axis=1, keepdims=True)) / np.sqrt(1.0 - 2.0 * share + square)
        return cls(group, adds, e, max(1.0, float(square**2 / (share**4).sum()) - 1.0))


@dataclass(frozen=True, eq=False)
class Influence:
    """Of results under one kind of unit, all models at once.

    Attributes
    ----------
    scores : float64 (n_models, 4)
        S2 to S5.
    means : float64 (n_models, n_groups)
        Over won tasks, in points.
    wins : int64 (n_models, n_groups)
        Units with a win that adds points.
    units : int64 (n_groups,)
        How many there are that have weight.
    heaviest : float64 (n_groups,)
        The largest share of a unit in its group's weight.
    alone : tuple of str
        Groups of one unit, which cannot be resampled.
    """

    scores: Array
    means: Array
    wins: NDArray[np.int64]
    units: NDArray[np.int64]
    heaviest: Array
    alone: tuple[str, ...]
    _parts: tuple[tuple[Part, ...], ...]

    @classmethod
    def of(cls, prepared: Prepared, unit: Unit) -> Influence:
        """Of prepared results."""
        return _of_modalities(prepared) if unit == "modality" else _of_tasks(prepared, unit)

    @property
    def grouped(self) -> bool:
        """Whether units are drawn within groups: not where modalities are drawn, nor with language alone."""
        return len(self.units) > 1

    def parts(self, level: int) -> tuple[Part, ...]:
        """The groups that count in the score of a level."""
        return self._parts[LEVELS.index(level)]

    def slopes(self, level: int, means: Array) -> Array:
        """Of a level's score by each group's mean: float64 of the shape of `means`, (..., n_groups)."""
        if not self.grouped:
            return np.ones(means.shape)
        m = (means.shape[-1] - 1) // 2
        slopes = np.zeros(means.shape)
        if level < 4:
            slopes[..., :-1] = 1.0 / (2 * m)
            return slopes
        c, g = means[..., 0:-1:2], means[..., 1:-1:2]
        total = np.where(c + g > 0.0, c + g, 1.0)
        slopes[..., 0:-1:2], slopes[..., 1:-1:2] = 2.0 * (g / total) ** 2 / m, 2.0 * (c / total) ** 2 / m
        if level == 5:
            slopes *= means[..., -1:] / 100.0
            slopes[..., -1] = (2.0 * c * g / total).mean(axis=-1) / 100.0
        return slopes

    def errors(self, level: int) -> tuple[Array, Array]:
        """Standard error of each model's score and its degrees of freedom (Satterthwaite), float64 (n_models,) each."""
        slopes = self.slopes(level, self.means)
        variance, by_freedom = np.zeros(len(self.scores)), np.zeros(len(self.scores))
        for part in self.parts(level):
            own = slopes[:, part.group] ** 2 * (part.e**2).sum(axis=1)
            variance += own
            by_freedom += own**2 / part.freedom
        return np.sqrt(variance), _freedom(variance, by_freedom)

    def difference_errors(self, level: int, some: NDArray[np.intp], among: NDArray[np.intp]) -> tuple[Array, Array]:
        """The same for the differences of the scores of `some` models and of `among`, float64 (n_some, n_among) each.

        Slopes are those midway between the two: at either end alone they would be too flat where one of them has
        few wins, and the variance of S4 too small.
        """
        means = self.means
        if level < 4 or not self.grouped:
            slopes = self.slopes(level, means[:1, np.newaxis])  # the same everywhere
        else:
            slopes = self.slopes(level, (means[some, np.newaxis] + means[np.newaxis, among]) / 2.0)
        variance, by_freedom = (np.zeros((len(some), len(among))) for _ in range(2))
        for part in self.parts(level):
            one, other = part.e[some], part.e[among]
            square = (one**2).sum(axis=1)[:, np.newaxis] + (other**2).sum(axis=1)
            apart = square - 2.0 * (one @ other.T)
            apart[apart < 1e-12 * square] = 0.0
            apart *= slopes[:, :, part.group] ** 2
            variance += apart
            by_freedom += apart**2 / part.freedom
        return np.sqrt(variance), _freedom(variance, by_freedom)

    def added(self, level: int) -> Array:
        """float64 (n_models, n_units): what each unit adds to the means that count in a score, the busiest first."""
        adds = np.concatenate([np.zeros((len(self.scores), 0)), *(part.adds for part in self.parts(level))], axis=1)
        return np.ascontiguousarray(adds[:, np.argsort(-np.count_nonzero(adds, axis=0), kind="stable")])


def _of_tasks(prepared: Prepared, unit: Literal["task", "skill"]) -> Influence:
    benchmark, scores = prepared.scorer.benchmark, prepared.scores
    points, won = prepared.points_and_wins()
    points = np.nan_to_num(points)
    of_task, group = units_of_tasks(benchmark, unit)
    n_groups = len(benchmark.groups)
    weight = np.bincount(of_task, benchmark.weight, len(group))
    total = np.bincount(group, weight, n_groups)
    share = np.divide(weight, total[group], out=np.zeros_like(weight), where=total[group] > 0)
    weighty = weight > 0.0
    units = np.bincount(group[weighty], minlength=n_groups)
    per_task = np.divide(
        benchmark.weight, total[benchmark.group_of_task], out=np.zeros_like(benchmark.weight),
        where=total[benchmark.group_of_task] > 0,
    )  # fmt: skip
    order = np.argsort(of_task, kind="stable")
    starts = np.searchsorted(of_task[order], np.arange(len(group)))

    def added(values: Array) -> Array:
        return np.add.reduceat((values * per_task)[:, order], starts, axis=1)

    won_points = np.where(won, points, 0.0)
    adds_all, adds_won = added(points), added(won_points)
    has_win = added((won_points > 0.0).astype(np.float64)) > 0.0

    def parts(adds: Array, groups: range) -> tuple[Part, ...]:
        found = []
        for g in groups:
            if (own := np.flatnonzero(weighty & (group == g))).size:
                found.append(Part.of(g, adds[:, own], share[own]))
        return tuple(found)

    modalities, with_language = range(n_groups - 1), range(n_groups)
    won_parts = parts(adds_won, with_language)
    without_language = tuple(part for part in won_parts if part.group < n_groups - 1)
    wins = np.stack([has_win[:, group == g].sum(axis=1) for g in range(n_groups)], axis=1)
    heaviest = np.array([share[group == g].max(initial=0.0) for g in range(n_groups)])
    alone = tuple(" ".join(filter(None, benchmark.groups[g])) for g in np.flatnonzero(units == 1))
    return Influence(
        scores.overall, scores.means[:, :, 1], wins, units, heaviest, alone,
        (parts(adds_all, modalities), without_language, without_language, won_parts),
    )  # fmt: skip


def _of_modalities(prepared: Prepared) -> Influence:
    scores = prepared.scores
    m = max(1, len(scores.modalities))
    by_level = [scores.modality[:, :, k] / m for k in range(3)]
    by_level.append(by_level[2] * (scores.language[:, np.newaxis] / 100.0))
    parts = []
    for adds in by_level:
        parts.append((Part.of(0, adds, np.full(adds.shape[1], 1.0 / m)),))
    wins = (scores.modality[:, :, 1] > 0.0).sum(axis=1)[:, np.newaxis]
    alone = ("the modalities",) if m == 1 else ()
    return Influence(
        scores.overall, scores.overall[:, 1:2], wins, np.array([m]), np.array([1.0 / m]), alone, tuple(parts)
    )


def _freedom(variance: Array, by_freedom: Array) -> Array:
    return np.divide(variance**2, by_freedom, out=np.ones_like(variance), where=by_freedom > 0.0)


# ---- Student's t by way of the normal distribution: D. L. Wallace, Bounds on normal approximations to Student's and
# the chi-square distributions, Annals of Mathematical Statistics 30 (1959). Within 0.01 of the normal deviate from 5
# degrees of freedom on; below, it errs to the safe side.

_ERFC = np.frompyfunc(lambda z: math.erfc(z / math.sqrt(2.0)), 1, 1)


def t_tail(t: Any, freedom: Any) -> Array:
    """P(|T| >= t) of Student's t with these degrees of freedom, both float64 of one shape."""
    t = np.minimum(t, 1e150)
    z = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * np.sqrt(freedom * np.log1p(t * t / freedom))
    tail: Array = np.asarray(_ERFC(z), dtype=np.float64)
    return tail


def t_quantile(tail: float, freedom: Array) -> Array:
    """The t beyond which lies this much of the distribution on either side: t_tail(t, freedom) = 2 tail."""
    z = -NormalDist().inv_cdf(tail)
    with np.errstate(over="ignore"):
        quantile: Array = np.sqrt(
            freedom * np.expm1(np.minimum((z * (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0)) ** 2 / freedom, 700.0))
        )
    return quantile
