"""Skills and coverage: what boards need beyond a model's group means, from the same engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core import release
from glevel_fast.core.compiled import Compiled, Kernels, Reduced, count_threads
from glevel_fast.io.frames import AsFrames

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Group
    from glevel_fast.core.twin.engine import Engine as Twin

__all__ = ["SkillScores", "group_coverage", "skill_scores"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SkillScores(AsFrames):
    """Scores of each skill; row i of every array is model i, column j is skill j.

    Attributes
    ----------
    models : tuple of str
    names : tuple of str
        As the benchmark has them; with the group in front where two groups share a name.
    groups : tuple of (modality, paradigm)
    n_tasks : int64 (n_skills,)
    means : float64 (n_models, n_skills, 2)
        Mean over all tasks and over won tasks, in points (docs/spec.md section 5, Scope-D).
    coverage : float64 (n_models, n_skills)
        The share, by weight, of the skill's tasks that are supported.
    supported, wins : int32 (n_models, n_skills)
    """

    models: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[Group, ...]
    n_tasks: NDArray[np.int64]
    means: Array
    coverage: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]

    def columns(self) -> dict[str, Any]:
        """One row per model and skill.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        n, k = self.supported.shape
        return {
            "model": [model for model in self.models for _ in range(k)],
            "skill": list(self.names) * n,
            "modality": [modality for modality, _ in self.groups] * n,
            "paradigm": [paradigm for _, paradigm in self.groups] * n,
            "tasks": self.n_tasks.tolist() * n,
            "mean": self.means[:, :, 0].ravel(),
            "mean_of_wins": self.means[:, :, 1].ravel(),
            "coverage": self.coverage.ravel(),
            "supported": self.supported.ravel(),
            "wins": self.wins.ravel(),
        }

    def __repr__(self) -> str:
        return f"Scores of {len(self.models)} models in {len(self.names)} skills"


def skill_scores(compiled: Compiled, raw: Array, models: tuple[str, ...]) -> SkillScores:
    """See `Scores.skills`: an engine with skills for groups, so the sums are in the same fixed point."""
    benchmark = compiled.benchmark
    names, groups = tuple(name for name, _ in benchmark.skills), tuple(group for _, group in benchmark.skills)
    n, of_task = len(names), benchmark.skill_of_task
    n_tasks = np.bincount(of_task[of_task >= 0], minlength=n)
    if compiled.options.policy == "release":
        points, won, supported = release.cells(benchmark, raw, models)
        counted = np.where(np.isfinite(points), points, 0.0)
        inside = of_task[:, np.newaxis] == np.arange(n)
        means = np.stack([counted @ inside, np.where(won, counted, 0.0) @ inside], axis=2) / n_tasks[:, np.newaxis]
        has = (supported @ inside).astype(np.int32)
        return SkillScores(models, names, groups, n_tasks, means, has / n_tasks, has, (won @ inside).astype(np.int32))
    reduced = Reduced._make(compiled.by_skill.score(raw, count_threads(None))[2:5])
    coverage = _coverage(compiled.by_skill, compiled.twin_by_skill, raw, reduced.supported)
    return SkillScores(
        models,
        names,
        groups,
        n_tasks,
        reduced.means[:, :n],
        coverage[:, :n],
        reduced.supported[:, :n],
        reduced.wins[:, :n],
    )


def group_coverage(compiled: Compiled, raw: Array | None, supported: NDArray[np.int32]) -> Array:
    """See `Scores.coverage`."""
    benchmark = compiled.benchmark
    if compiled.options.policy == "release" or raw is None:
        sizes = np.bincount(benchmark.group_of_task, minlength=len(benchmark.groups))
        return supported / np.maximum(sizes, 1)
    return _coverage(compiled.engine, compiled.twin, raw, supported)


def _coverage(engine: Kernels, twin: Twin, raw: Array, supported: NDArray[np.int32]) -> Array:
    """The mean of 100 points for each supported task, as a share: float64 (n_models, n_groups)."""
    if not twin.equal_weights:
        means: Array = Reduced._make(engine.reduce(raw, np.full(raw.shape, 100.0), count_threads(None))).means
        return means[:, :, 0] / 100.0
    # The same sum and quotient from the counts alone, without a look at the values.
    total = supported * np.rint(100.0 * twin.steps_per_point)
    return np.minimum(total / np.where(twin.percent_steps > 0, twin.percent_steps, np.inf), 100.0) / 100.0
