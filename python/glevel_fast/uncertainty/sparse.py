"""Large arrays of zeros of which little is written to."""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sparse_zeros"]


def sparse_zeros(shape: tuple[int, ...]) -> NDArray[np.uint32]:
    """Zeros of which only the pages that are written to take memory; the huge ones of `np.zeros` would take most.

    Few are written to: a model's scores lie close together, and so do its ranks.
    """
    size = math.prod(shape)
    if size == 0 or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(shape, np.uint32)
    # More than there is may be asked for: that is the point.
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    memory = mmap.mmap(-1, 4 * size, flags=flags)
    with contextlib.suppress(OSError):  # a kernel that has no huge pages
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, np.uint32).reshape(shape)
