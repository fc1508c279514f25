"""Counts in few bytes: of each row the stretch that is not all zeros, most counts in one byte.

A summary's counts are rows of zeros but for a short stretch (scores and ranks move little) or a few places.
The bytes are a function of the counts alone.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stretches", "add_counts", "pack_counts", "sparse_zeros", "stretches", "unpack_counts"]

Counts = NDArray[np.uint32]
Stretches = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where the stretch of each row begins and ends."""


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


def stretches(rows: Counts) -> Stretches:
    """From the first place of each row (n_rows, width) that is not 0 to past its last; (0, 0) where there is none."""
    some = rows != 0
    first = some.argmax(axis=1)
    last = np.where(some[np.arange(len(rows)), first], rows.shape[1] - some[:, ::-1].argmax(axis=1), 0)
    return np.where(last > 0, first, 0), last


def pack_counts(rows: Counts, where: Stretches) -> list[NDArray[Any]]:
    """Arrays for `unpack_counts`, whichever are smaller: whole stretches, or places and counts."""
    first, last = where
    parts = [row[a:b] for row, a, b in zip(rows, first.tolist(), last.tolist(), strict=True)]
    inside = np.concatenate([*parts, np.zeros(0, np.uint32)])
    counts, places = inside, np.zeros(0, np.uint32)
    if 5 * np.count_nonzero(inside) < len(inside):
        places = np.flatnonzero(inside).astype(np.uint32)
        counts = inside[places]
    large = places[:0] if counts.max(initial=0) <= 255 else np.flatnonzero(counts > 255).astype(np.uint32)
    return [
        first.astype(np.uint32), last.astype(np.uint32), places, counts.astype(np.uint8), large, counts[large] >> 8,
    ]  # fmt: skip


def unpack_counts(rows: Counts, parts: list[NDArray[Any]]) -> None:
    """Put into zeros what `pack_counts` gave."""
    first, last, places, low, large, high = parts
    counts = low.astype(np.uint32)
    counts[large] += high.astype(np.uint32) << 8
    ends = np.cumsum(last.astype(np.int64) - first)
    if len(places) or not len(low):
        inside = np.zeros(ends[-1] if len(ends) else 0, np.uint32)
        inside[places] = counts
    else:
        inside = counts
    start = 0
    for row, a, b, end in zip(rows, first.tolist(), last.tolist(), ends.tolist(), strict=True):
        row[a:b] = inside[start:end]
        start = end


def add_counts(to: Counts, rows: Counts, where: Stretches) -> None:
    """Add rows to others, in their stretches alone."""
    for own, row, a, b in zip(to, rows, where[0].tolist(), where[1].tolist(), strict=True):
        own[a:b] += row[a:b]
