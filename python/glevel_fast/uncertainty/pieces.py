"""Long runs in pieces: how many sets at once, and which ranges of them are done."""

from __future__ import annotations

from collections.abc import Iterable

from glevel_fast.errors import GLevelError

__all__ = ["PIECE_PAIRS", "checked_range", "sets_in_piece", "shown_ranges"]

PIECE_VALUES = 2**21
"""Scores in a piece when nobody says otherwise: 16 MB, whatever the number of models."""
PIECE_PAIRS = 2**29
"""Models x tasks x sets in a piece: a fraction of a second, so that Ctrl-C need not wait longer."""


def sets_in_piece(n_models: int, n_tasks: int) -> int:
    """Sets or resamples to do between two looks at Ctrl-C: 1,024 at most, and fewer for many models or tasks."""
    most = min(PIECE_VALUES // 4, PIECE_PAIRS // n_tasks) // max(n_models, 1)
    return min(max(64, most // 64 * 64), 1024)


def checked_range(start: int, stop: int | None, n: int, what: str) -> tuple[int, int]:
    """[start, stop) of `n` sets; without `stop`, to their end.

    Raises
    ------
    GLevelError
        Outside of what there is.
    """
    stop = n if stop is None else stop
    if not 0 <= start <= stop <= n:
        raise GLevelError(f"start={start}, stop={stop}: there are {what} 0 to {n}")
    return start, stop


def shown_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    """In words: "0 to 99, 200 to 299", the last of each included."""
    return ", ".join(f"{first} to {last - 1}" for first, last in ranges) or "none"
