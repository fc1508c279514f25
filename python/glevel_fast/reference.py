"""The NumPy twin of every kernel, and `Scorer` on top of it: slow, plain, and what the engine is proved against.

The kernels' names are those of the engine; `Scorer` is `glevel_fast.Scorer` with them in its place, for coverage,
skills and receipts too.
"""

from __future__ import annotations

from typing import Any, ClassVar

from glevel_fast import api
from glevel_fast.core import twin
from glevel_fast.core.twin import (
    Engine,
    Kept,
    Modalities,
    Pairs,
    Resampling,
    add_counts,
    add_packed,
    count_above,
    draws,
    kendall,
    levels,
    pack_counts,
    ranks,
    stretches,
    summarise,
)

__all__ = [
    "Engine",
    "Kept",
    "Modalities",
    "Pairs",
    "Resampling",
    "Scorer",
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


class Scorer(api.Scorer):
    """`glevel_fast.Scorer` with the NumPy kernels."""

    backend: ClassVar[Any] = twin
