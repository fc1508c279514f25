"""Where models beat specialists, and by how much: points minus the specialist's, by group or skill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core import release
from glevel_fast.errors import BenchmarkError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.write import records

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["Synergy", "specialists_in_points", "synergy"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Synergy(AsFrames):
    """How far models are from the specialists; row i of every array is `models[i]`, column j is `names[j]`.

    Attributes
    ----------
    models, names : tuple of str
        `names` are groups such as "image comprehension", or skills.
    groups : tuple of (modality, paradigm)
        Of each column.
    margin : float64 (n_models, n)
        The mean of points minus the specialist's over tasks that the model supports and that have
        a specialist, by weight; NaN where there is none.
    supported, wins : int32 (n_models, n)
    """

    models: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    margin: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]

    def columns(self) -> dict[str, Any]:
        """One row per model and column of the map that is supported."""
        rows, at = np.nonzero(self.supported)
        return {
            "model": [self.models[i] for i in rows.tolist()],
            "modality": [self.groups[j][0] for j in at.tolist()],
            "paradigm": [self.groups[j][1] for j in at.tolist()],
            "name": [self.names[j] for j in at.tolist()],
            "margin": self.margin[rows, at],
            "supported": self.supported[rows, at],
            "wins": self.wins[rows, at],
        }

    def to_dict(self) -> dict[str, Any]:
        """The rows of `columns` as plain data for JSON; None where there is no margin."""
        return {"rows": records(self.columns())}


def synergy(scores: Scores, by: Literal["group", "skill"] = "group") -> Synergy:
    """The map of a board: points minus the specialist's, by group or by skill.

    Raises
    ------
    BenchmarkError
        By skill, where the benchmark has no skills.
    ResultsError
        Scores that do not carry their raw results.
    """
    benchmark = scores.benchmark
    if by == "skill":
        if not scores.skills.names:
            raise BenchmarkError("the benchmark's tasks have no skills; ask for the synergy by group")
        names, groups, of_task = scores.skills.names, scores.skills.groups, benchmark.skill_of_task
        supported, wins = scores.skills.supported, scores.skills.wins
    else:
        groups, of_task = scores.groups, benchmark.group_of_task
        names = tuple(" ".join(filter(None, group)) for group in groups)
        supported, wins = scores.supported, scores.wins
    points, has = _points(scores)
    gap = points - specialists_in_points(scores)
    counted = has & ~np.isnan(gap)
    weight = np.where(counted, benchmark.weight, 0.0)
    margin = np.full((len(scores), len(names)), np.nan)
    for j in range(len(names)):
        members = of_task == j
        total = weight[:, members].sum(axis=1)
        found = np.where(counted[:, members], gap[:, members], 0.0) * weight[:, members]
        np.divide(found.sum(axis=1), total, out=margin[:, j], where=total > 0)
    # Ordered as the groups are; skills may come in any order.
    order = sorted(range(len(names)), key=lambda j: scores.groups.index(groups[j]))
    return Synergy(
        scores.models, tuple(names[j] for j in order), tuple(groups[j] for j in order),
        margin[:, order], supported[:, order], wins[:, order],
    )  # fmt: skip


def specialists_in_points(scores: Scores) -> Array:
    """float64 (n_tasks,): the specialists in points under the policy of these scores; NaN where there is none."""
    if scores.policy == "paper":
        return scores.compiled.sota_points
    sota = scores.benchmark.sota
    points: Array = release.cells(scores.benchmark, np.where(sota >= 0, sota, np.inf)[np.newaxis])[0][0]
    return np.where(np.isfinite(points), points, np.nan)


def _points(scores: Scores) -> tuple[Array, NDArray[np.bool_]]:
    """Points and what is supported, both (n_models, n_tasks)."""
    raw = np.ascontiguousarray(scores.scored_raw())
    if scores.policy == "release":
        points, _, supported = release.cells(scores.benchmark, raw, scores.models)
        return points, supported
    return scores.compiled.engine.map(raw, 1), scores.compiled.twin.supported(raw)
