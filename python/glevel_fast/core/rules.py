"""When a task is supported and when it is won, said once for all of Python (docs/spec.md sections 3 and 4)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["beats", "is_supported", "reaches"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def is_supported(raw: Array, z: Array, low: Any, high: Any, zero_scores: bool) -> Mask:
    """bool of the shape of `raw`: z (raw x scale) is inside its metric's domain, and raw no exact 0 unless that scores.

    NaN is never supported. `low` and `high` broadcast against z.
    """
    inside: Mask = (z >= low) & (z <= high)
    return inside if zero_scores else inside & (raw != 0)


def reaches(z: Array, sota: Any, higher_is_better: Any) -> Mask:
    """bool of the shape of `z`: at least as good as the specialist; a tie reaches, NaN never does."""
    reached: Mask = np.where(higher_is_better, z >= sota, z <= sota)
    return reached


def beats(z: Array, sota: Any, higher_is_better: Any) -> Mask:
    """bool of the shape of `z`: better than the specialist; a tie does not beat, NaN never does."""
    better: Mask = np.where(higher_is_better, z > sota, z < sota)
    return better
