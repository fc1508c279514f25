"""Where ranks are counted: each by itself, or beyond some rank in bands of ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS_FROM", "MOST_MODELS", "Bands"]

Ranks = NDArray[np.int64]
MOST_MODELS = 10_000
"""Counts of each rank grow with the square of the models: with this many, a summary takes 0.5 to 3 GB."""
BANDS_FROM = 512
"""With more models, each rank below this is counted by itself, and none of the bands beyond is wider than 1/256."""


@dataclass(frozen=True)
class Bands:
    """Places of the ranks of `n_models` models.

    Ranks below `exact`, a power of two, have a place each, which is the rank; 0 is none. From there on a band holds
    2 ranks up to twice `exact`, then 4 up to four times it, and so on. `exact` 0: ranks are not counted.
    """

    n_models: int
    exact: int

    @classmethod
    def of(cls, n_models: int, ranks: bool = True) -> Bands:
        """Each rank by itself where there are few enough models; without `ranks`, none."""
        if not ranks:
            return cls(n_models, 0)
        return cls(n_models, max(2, 1 << n_models.bit_length()) if n_models <= MOST_MODELS else BANDS_FROM)

    @property
    def wide(self) -> bool:
        """Whether some hold several ranks."""
        return 0 < self.exact <= self.n_models

    @property
    def n_places(self) -> int:
        """How many places there are, that of none included."""
        if not self.wide:
            return self.n_models + 1 if self.exact else 0
        shift = self.n_models.bit_length() - self.exact.bit_length() + 1
        return shift * (self.exact // 2) + (self.n_models >> shift) + 1

    @property
    def ends(self) -> tuple[Ranks, Ranks]:
        """The first and the last rank of each place, int64 (n_places,) each."""
        places, half = np.arange(self.n_places), max(self.exact // 2, 1)
        shift = np.maximum((places - self.exact) // half + 1, 0)
        first = (places - shift * half) << shift
        return first, np.minimum(first + (1 << shift) - 1, self.n_models)

    def __str__(self) -> str:
        return (
            f"ranks of {self.n_models:,} models are counted in bands: each by itself up to {self.exact - 1}, beyond it "
            f"with others within 1/{self.exact // 2} of it; intervals of ranks run from the first of a band to the "
            "last of one"
        )
