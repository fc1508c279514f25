"""The NumPy twin of every kernel, under the names of `glevel_fast._core`."""

from glevel_fast.core.twin.engine import Engine, levels
from glevel_fast.core.twin.sets import (
    Kept,
    Modalities,
    Pairs,
    Resampling,
    count_above,
    draws,
    kendall,
    ranks,
    summarise,
)

__all__ = [
    "Engine",
    "Kept",
    "Modalities",
    "Pairs",
    "Resampling",
    "count_above",
    "draws",
    "kendall",
    "levels",
    "ranks",
    "summarise",
]
