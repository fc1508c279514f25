"""The appendix's results by model, group and skill: what printed figures are recomputed from."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import PARADIGMS, Group
from glevel_fast.core.scoring import Scorer
from glevel_fast.published.general_bench import benchmark, printed_tasks, results, tasks

__all__ = ["Appendix", "appendix"]

Mask = NDArray[np.bool_]
_Key = TypeVar("_Key")


class Appendix:
    """Values, points and wins of every model on every task; positions of the tasks of groups and skills."""

    def __init__(self) -> None:
        taken = results()
        self.models = taken.models
        self.row = {model: i for i, model in enumerate(taken.models)}
        self.values = taken.values
        self.sota = benchmark().sota
        self.printed: Mask = printed_tasks()
        self.supported: Mask = ~np.isnan(self.values) & (self.values != 0)
        scorer = Scorer(benchmark())
        self.points = scorer.map(self.values)
        self.sota_points = scorer.map(self.sota[np.newaxis])[0]
        self.higher = benchmark().higher_is_better
        self.in_group: dict[Group, NDArray[np.intp]] = _positions([task.group for task in tasks()])
        self.in_skill = _positions([(task.group, task.skill) for task in tasks()])

    @cached_property
    def won(self) -> Mask:
        """Supported and at least as good as the specialist."""
        return self.supported & np.where(self.higher, self.values >= self.sota, self.values <= self.sota)

    def listed(self, model: str, group: Group) -> bool:
        """Whether the appendix prints any result of a model in a group."""
        return model in self.row and bool(self.printed[self.row[model], self.in_group[group]].any())

    def unlisted(self, model: str, group: Group) -> int:
        """How many of a group's tasks have no printed result of the model."""
        return int(np.count_nonzero(~self.printed[self.row[model], self.in_group[group]]))

    def mean(self, model: str, group: Group, skill: int) -> float:
        """The mean of raw values, not supported ones as 0."""
        return float(np.nan_to_num(self.values[self.row[model], self.in_skill[group, skill]]).mean())

    def parts(self, model: str, modality: str, won: bool) -> tuple[float, float]:
        """The mean points of comprehension and generation, of won tasks alone if asked for."""
        row = self.row[model]
        points = np.where(self.won[row] if won else self.supported[row], self.points[row], 0.0)
        first, second = (float(points[self.in_group[modality, paradigm]].mean()) for paradigm in PARADIGMS)
        return first, second


@cache
def appendix() -> Appendix:
    """The one there is."""
    return Appendix()


def _positions(keys: list[_Key]) -> dict[_Key, NDArray[np.intp]]:
    found: dict[_Key, list[int]] = {}
    for i, key in enumerate(keys):
        found.setdefault(key, []).append(i)
    return {key: np.array(at, dtype=np.intp) for key, at in found.items()}
