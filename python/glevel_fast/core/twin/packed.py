"""Counts in few bits, and sums of them: the twin of cpp/sets/packed.hpp, which says what the bytes are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_counts", "add_packed", "pack_counts", "stretches"]

Counts = NDArray[np.uint32]
Places = NDArray[np.int64]
BLOCK = 32


def stretches(rows: Counts) -> tuple[Places, Places]:
    """From the first place of each row (n_rows, width) that is not 0 to past its last; (0, 0) where there is none.

    Parameters
    ----------
    rows : uint32 (n_rows, width)

    Returns
    -------
    (int64 (n_rows,), int64 (n_rows,))
    """
    places = [np.flatnonzero(row) for row in rows]
    first = [int(own[0]) if own.size else 0 for own in places]
    last = [int(own[-1]) + 1 if own.size else 0 for own in places]
    return np.array(first, np.int64), np.array(last, np.int64)


def _blocks(rows: Counts, first: Places, last: Places) -> Iterator[Counts]:
    for row, start, stop in zip(rows, first.tolist(), last.tolist(), strict=True):
        for at in range(start, stop, BLOCK):
            yield row[at : min(at + BLOCK, stop)]


def pack_counts(rows: Counts, first: Places, last: Places) -> NDArray[np.uint8]:
    """The counts in the stretches [first, last) of rows, in few bits.

    Parameters
    ----------
    rows : uint32 (n_rows, width)
    first, last : int64 (n_rows,)

    Returns
    -------
    uint8 (n_bytes,)
    """
    parts = []
    for counts in _blocks(rows, first, last):
        width = int(counts.max()).bit_length()
        bits = counts[:, np.newaxis] >> np.arange(width, dtype=np.uint32) & np.uint32(1)
        parts += [np.array([width], np.uint8), np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little")]
    return np.concatenate([np.zeros(0, np.uint8), *parts])


def add_packed(to: Counts, first: Places, last: Places, packed: NDArray[np.uint8]) -> None:
    """Add what `pack_counts` gave of rows with these stretches.

    Parameters
    ----------
    to : uint32 (n_rows, width)
        Added to.
    first, last : int64 (n_rows,)
    packed : uint8 (n_bytes,)
    """
    at = 0
    for counts in _blocks(to, first, last):
        width = int(packed[at])
        size = (len(counts) * width + 7) // 8
        bits = np.unpackbits(packed[at + 1 : at + 1 + size], count=len(counts) * width, bitorder="little")
        counts += (bits.reshape(len(counts), width).astype(np.uint64) << np.arange(width, dtype=np.uint64)).sum(
            axis=1, dtype=np.uint64
        ).astype(np.uint32)  # fmt: skip
        at += 1 + size


def add_counts(to: Counts, rows: Counts, first: Places, last: Places) -> None:
    """Add rows to others, in their stretches alone.

    Parameters
    ----------
    to : uint32 (n_rows, width)
        Added to.
    rows : uint32 (n_rows, width)
    first, last : int64 (n_rows,)
    """
    for own, counts in zip(_blocks(to, first, last), _blocks(rows, first, last), strict=True):
        own += counts
