"""Scores of every set, made in parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glevel_fast.machines.job import joined

__all__ = ["FullScores"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FullScores:
    """Parts of a job where all scores are asked for: float64 (n_sets, n_models, 4) each, by its first set."""

    parts: dict[int, Array]

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """[first, last) of the sets in it, in order."""
        return joined((first, first + len(part)) for first, part in self.parts.items()) or ()

    def add(self, other: FullScores) -> None:
        """Take in those of other sets."""
        self.parts.update(other.parts)

    def merge(self, *others: FullScores) -> FullScores:
        """Of all their sets."""
        return FullScores({first: part for one in (self, *others) for first, part in one.parts.items()})

    def scores(self, n_models: int) -> Array:
        """float64 (n_sets, n_models, 4), in the sets' order."""
        ordered = [self.parts[first] for first in sorted(self.parts)]
        return np.concatenate([np.empty((0, n_models, 4)), *ordered])
