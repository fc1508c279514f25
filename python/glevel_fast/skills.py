"""Skills and coverage: what boards need beyond a model's group means, from the same engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glevel_fast import _core, release
from glevel_fast.errors import ResultsError
from glevel_fast.scoring import engine_columns

if TYPE_CHECKING:
    from glevel_fast.benchmark import Benchmark
    from glevel_fast.scores import Scores

__all__ = ["SkillScores", "group_coverage", "raw_of", "skill_scores", "skills_of"]

Array = NDArray[np.float64]
Group = tuple[str, str]


@dataclass(frozen=True, eq=False)
class SkillScores:
    """Scores of each skill; row i of every array is model i, column j is skill j.

    Attributes
    ----------
    names : tuple of str
        As the benchmark has them; with the group in front where two groups share a name.
    groups : tuple of (modality, paradigm)
    n_tasks : int64 (n_skills,)
    means : float64 (n_models, n_skills, 2)
        Mean over all tasks and over won tasks, in points (SPEC.md section 5, Scope-D).
    coverage : float64 (n_models, n_skills)
        The share, by weight, of the skill's tasks that are supported.
    supported, wins : int32 (n_models, n_skills)
    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    n_tasks: NDArray[np.int64]
    means: Array
    coverage: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]


def skills_of(benchmark: Benchmark) -> tuple[tuple[str, ...], tuple[Group, ...], NDArray[np.intp]]:
    """Names and groups of the skills, and each task's skill as an index (-1: none)."""
    index: dict[tuple[Group, str], int] = {}
    of_task = np.full(benchmark.n_tasks, -1, dtype=np.intp)
    for i, (modality, paradigm, skill) in enumerate(
        zip(benchmark.modality, benchmark.paradigm, benchmark.skill, strict=True)
    ):
        if skill:
            of_task[i] = index.setdefault(((modality, paradigm), skill), len(index))
    bare = [skill for _, skill in index]
    twice = {skill for skill in bare if bare.count(skill) > 1}
    names = tuple(" ".join(filter(None, (*group, skill))) if skill in twice else skill for group, skill in index)
    return names, tuple(group for group, _ in index), of_task


def raw_of(scores: Scores) -> Array:
    """The raw results that were scored.

    Raises
    ------
    ResultsError
        Where these scores do not carry them.
    """
    if scores.raw is None:
        raise ResultsError("these scores do not carry the raw results that this needs; make them with Scorer.score")
    return scores.raw


def skill_scores(scores: Scores) -> SkillScores:
    """See `Scores.skills`: an engine with skills for groups, so the sums are in the same fixed point."""
    benchmark, raw = scores.benchmark, raw_of(scores)
    names, groups, of_task = skills_of(benchmark)
    n = len(names)
    n_tasks = np.bincount(of_task[of_task >= 0], minlength=n)
    if scores.policy == "release":
        points, won, supported = release.cells(benchmark, raw, scores.models)
        counted = np.where(np.isfinite(points), points, 0.0)
        inside = of_task[:, np.newaxis] == np.arange(n)
        means = np.stack([counted @ inside, np.where(won, counted, 0.0) @ inside], axis=2) / n_tasks[:, np.newaxis]
        has = (supported @ inside).astype(np.int32)
        return SkillScores(names, groups, n_tasks, means, has / n_tasks, has, (won @ inside).astype(np.int32))
    # Groups n and beyond hold what has no skill; an engine has 2 groups per modality and one more.
    group = np.where(of_task < 0, n, of_task).astype(np.int32)
    columns = engine_columns(benchmark) | {"group": group, "n_modalities": n // 2 + 1}
    engine = _core.Engine(**columns, zero_scores=scores.zero == "score")
    threads = _core.available_threads()
    means, supported_count, wins = engine.score(raw, threads)[2:5]
    coverage = engine.reduce(raw, np.full(raw.shape, 100.0), threads)[0][:, :n, 0] / 100.0
    return SkillScores(names, groups, n_tasks, means[:, :n], coverage, supported_count[:, :n], wins[:, :n])


def group_coverage(scores: Scores) -> Array:
    """See `Scores.coverage`."""
    benchmark = scores.benchmark
    if scores.policy == "release" or scores.raw is None:
        sizes = np.bincount(benchmark.group_of_task, minlength=len(benchmark.groups))
        return scores.supported / np.maximum(sizes, 1)
    engine = _core.Engine(**engine_columns(benchmark), zero_scores=scores.zero == "score")
    # The mean of 100 points for each supported task is the supported share in percent.
    full = np.full(scores.raw.shape, 100.0)
    means: Array = engine.reduce(scores.raw, full, _core.available_threads())[0]
    return means[:, :, 0] / 100.0
