"""Why a score is what it is: the sum of its tasks' contributions, and the wins nearest at hand.

A score is made of whole steps: the engine rounds each task's weighted points to steps of its group
(cpp/reduce.hpp), adds those up exactly, and divides. A receipt lists the same steps; making one
adds them up again and compares the result with the score, bit for bit.

A contribution is a task's steps times the worth of a step in the score:

- Level-2 and Level-3 are means of means, so a step is worth the same in every task of a group;
- Level-4 is 2 S_C S_G / (S_C + S_G); a paradigm's worth is its derivative, by which the two parts
  add up to the whole (Euler), and the scarcer paradigm gets the larger share;
- Level-5 is S4 x S_L / 100; each of the two factors is credited with half.

Contributions are doubles: their sum differs from the score by `rounding`, which is stated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glevel_fast.boards.board import scores_by_level
from glevel_fast.boards.scopes import Scope, find_scope
from glevel_fast.core import release
from glevel_fast.core.benchmark import LANGUAGE
from glevel_fast.errors import BenchmarkError, ResultsError
from glevel_fast.text import shown
from glevel_fast.trust.receipt import Lacking, Receipt, compare

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["Lacking", "Receipt", "compare", "receipt"]

Array = NDArray[np.float64]
NEAREST = 10


def receipt(scores: Scores, model: str, level: int | None = None, scope: str | Scope = "A") -> Receipt:
    """The receipt of one model's score.

    Parameters
    ----------
    scores : Scores
    model : str
    level : int, optional
        Default: the highest that the model reaches within the scope, at least 2; of policy "release", at most 4.
    scope : str or Scope
        As for `board`.

    Returns
    -------
    Receipt

    Raises
    ------
    ResultsError
        An unknown model; or raw results that were changed after they were scored.
    BenchmarkError
        An unknown scope, or a level that it does not have.
    """
    row = scores.row(model)
    at = scope if isinstance(scope, Scope) else find_scope(scope, scores.benchmark)
    if level is None:
        explained = at.levels[:3] if scores.policy == "release" else at.levels
        level = max((k for k in explained if _score(scores, at, k, row) > 0), default=2)
    if level not in at.levels:
        raise BenchmarkError(f"scope {at} has no Level-{level}; it reaches at most Level-{at.levels[-1]}")
    if scores.policy == "release" and level == 5:
        raise BenchmarkError("policy 'release' mixes raw and mapped language values in Level-5; explain Level-2 to 4")
    return _Books(scores, at, level, row).receipt()


class _Books:
    """One model's sums, kept so that they can be added up again."""

    def __init__(self, scores: Scores, scope: Scope, level: int, row: int) -> None:
        self.scores, self.scope, self.level, self.row = scores, scope, level, row
        self.benchmark = scores.benchmark
        raw = np.ascontiguousarray(scores.scored_raw()[row : row + 1])
        if scope.kind == "D":
            self.n_groups, self.group = len(self.benchmark.skills), self.benchmark.skill_of_task
        else:
            self.n_groups, self.group = len(scores.groups), self.benchmark.group_of_task
        if scores.policy == "release":
            self._open_release(raw)
        else:
            self._open(raw)
        self.adds_up = self.won if level > 2 else self.supported
        if scores.policy == "release" and level == 2:  # there, what is not "supported" may still count
            self.adds_up = np.ones(len(self.won), dtype=bool)
        self.terms = np.where(self.adds_up, self.steps, 0)

    def _open(self, raw: Array) -> None:
        compiled = self.scores.compiled
        twin = compiled.twin_by_skill if self.scope.kind == "D" else compiled.twin
        self.points, self.sota_points = compiled.engine.map(raw, 1)[0], compiled.sota_points
        self.supported, self.won = twin.supported(raw)[0], twin.wins(raw)[0]
        self.per_point, self.percent_steps = twin.step_scale, twin.percent_steps[: self.n_groups]
        self.steps = self._to_steps(self.points)

    def _to_steps(self, points: Array) -> NDArray[np.int64]:
        adds = (points > 0) & (self.per_point > 0)
        return np.where(adds, np.rint(np.where(adds, points, 0.0) * self.per_point), 0.0).astype(np.int64)

    def _open_release(self, raw: Array) -> None:
        points, won, supported = (a[0] for a in release.cells(self.benchmark, raw, (self.scores.models[self.row],)))
        self.supported, self.won = supported, won
        self.steps = np.where(np.isfinite(points), points, 0.0)  # plain doubles here, in points
        self.points = np.where(np.isfinite(points), points, np.nan)
        self.percent_steps = np.bincount(self.group[self.group >= 0], minlength=self.n_groups).astype(float)
        # `cells` refuses a negative value of a model; a negative specialist has no points to compare with
        sota = np.where(self.benchmark.sota >= 0, self.benchmark.sota, np.inf)[np.newaxis]
        sota_points = release.cells(self.benchmark, sota)[0][0]
        self.sota_points = np.where(np.isfinite(sota_points), sota_points, np.nan)

    def mean(self, group: int) -> float:
        """Mean of a group (masked from Level-3 on), as the engine computes it."""
        members = self.group == group
        if self.scores.policy == "release":
            return float(self.terms[members].sum() / max(self.percent_steps[group], 1.0))
        steps = int(self.terms[members].sum())
        if (self.adds_up & members & (self.points > 0) & (self.per_point > 0)).any():
            steps = max(steps, 1)
        return min(float(steps) / float(self.percent_steps[group]), 100.0) if steps else 0.0

    def receipt(self) -> Receipt:
        scores, level = self.scores, self.level
        score = _score(scores, self.scope, level, self.row)
        means = np.array([self.mean(g) for g in range(self.n_groups)])
        if scores.policy == "paper" and self.total(means[np.newaxis])[0] != score:
            raise ResultsError(
                f"the raw results of {shown(scores.models[self.row])} no longer add up to the score: "
                "the array was changed after it was scored"
            )
        worth = self.worth(means)
        inside = np.flatnonzero((self.group >= 0) & self.in_scope[self.group])
        group = self.group[inside]
        contribution = self.terms[inside] / np.maximum(self.percent_steps[group], 1.0) * worth[group]
        bench = self.benchmark
        return Receipt(
            model=scores.models[self.row],
            scope=self.scope,
            level=level,
            score=score,
            policy=scores.policy,
            tasks=tuple(bench.tasks[i] for i in inside),
            groups=tuple(" ".join(filter(None, (bench.modality[i], bench.paradigm[i]))) for i in inside),
            metrics=tuple(bench.metric[i] for i in inside),
            specialists=tuple(bench.specialist[i] for i in inside),
            raw=scores.scored_raw()[self.row, inside],
            scale=bench.scale[inside],
            points=self.points[inside],
            sota=bench.sota[inside],
            weight=bench.weight[inside],
            supported=self.supported[inside],
            won=self.won[inside],
            steps=self.terms[inside].astype(np.int64) if scores.policy == "paper" else np.zeros(len(inside), np.int64),
            contribution=contribution,
            rounding=score - math.fsum(contribution.tolist()),
            lacking=self.lacking(inside, means),
        )

    @property
    def in_scope(self) -> NDArray[np.bool_]:
        """bool (n_groups,): groups of the scope; language is worth nothing below Level-5."""
        inside = np.zeros(self.n_groups, dtype=bool)
        if self.scope.kind == "D":
            inside[self.scope.skill] = True
        elif self.scope.kind == "C":
            inside[self.scores.groups.index(self.scope.group)] = True
        else:
            for g, (modality, _) in enumerate(self.scores.groups):
                inside[g] = modality in self.scope.modalities or (modality == LANGUAGE and self.scope.kind == "A")
        return inside

    def total(self, means: Array) -> Array:
        """The score from group means (n, n_groups), by the engine's own kernel."""
        if self.scope.kind in "CD":
            column: Array = means[:, int(np.flatnonzero(self.in_scope)[0])]
            return column
        both = np.repeat(means[:, :, np.newaxis], 2, axis=2)
        overall, modality, _ = self.scores.compiled.backend.levels(
            both.reshape(len(both), -1), len(self.scores.modalities)
        )
        if self.scope.kind == "A":
            total: Array = overall[:, self.level - 2]
            return total
        index = [self.scores.modalities.index(m) for m in self.scope.modalities]
        part: Array = modality[:, index, self.level - 2].sum(axis=1) / len(index)
        return part

    def worth(self, means: Array) -> Array:
        """float64 (n_groups,): points of the score per point of each group's mean."""
        worth = np.zeros(self.n_groups)
        if self.scope.kind in "CD":
            worth[self.in_scope] = 1.0
            return worth
        n = len(self.scope.modalities)
        for modality in self.scope.modalities:
            c = 2 * self.scores.modalities.index(modality)
            worth[[c, c + 1]] = 0.5 / n
            if self.level >= 4:
                s_c, s_g = means[c], means[c + 1]
                s4 = float(self.scores.modality[self.row, c // 2, 2])
                worth[c] = s4 * (s_g / (s_c + s_g)) / s_c / n if s4 else 0.0
                worth[c + 1] = s4 * (s_c / (s_c + s_g)) / s_g / n if s4 else 0.0
        if self.level == 5:
            overall4, language = float(self.scores.overall[self.row, 2]), means[-1]
            worth *= language / 100.0 / 2.0
            worth[-1] = overall4 / 100.0 / 2.0
        return worth

    def lacking(self, inside: NDArray[np.intp], means: Array) -> tuple[Lacking, ...]:
        gap = self.sota_points - self.points
        near = [i for i in inside.tolist() if self.supported[i] and not self.won[i] and not np.isnan(gap[i])]
        if self.level < 5 and self.scope.kind == "A":
            near = [i for i in near if self.benchmark.modality[i] != LANGUAGE]
        near = sorted(near, key=lambda i: (gap[i], i))[:NEAREST]
        if not near:
            return ()
        changed = np.repeat(means[np.newaxis], len(near), axis=0)
        for n, i in enumerate(near):
            old, g = self.terms[i], self.group[i]
            new = self.sota_points[i] if self.scores.policy == "release" else self._to_steps(self.sota_points)[i]
            changed[n, g] = min(changed[n, g] + float(new - old) / max(self.percent_steps[g], 1.0), 100.0)
        gain = self.total(changed) - self.total(means[np.newaxis])[0]
        found = [
            Lacking(
                self.benchmark.tasks[i],
                float(self.scores.scored_raw()[self.row, i]),
                float(self.benchmark.sota[i]),
                float(gap[i]),
                float(gain[n]),
            )
            for n, i in enumerate(near)
        ]
        return tuple(sorted(found, key=lambda item: -round(item.gain, 9)))  # equal gaps gain alike


def _score(scores: Scores, scope: Scope, level: int, row: int) -> float:
    return float(scores_by_level(scores, scope)[row, level - 2])
