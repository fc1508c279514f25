"""The NumPy twin of every kernel, under the names of `glevel_fast._core`."""

from glevel_fast.core.twin.engine import Engine, levels
from glevel_fast.core.twin.packed import add_counts, add_packed, pack_counts, stretches
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
    "add_counts",
    "add_packed",
    "count_above",
    "draws",
    "kendall",
    "levels",
    "pack_counts",
    "ranks",
    "stretches",
    "summarise",
]
