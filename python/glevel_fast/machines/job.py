"""What is spread: a job whose ranges are made anywhere, and into which pieces it is cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self

from glevel_fast.errors import GLevelError

__all__ = ["CRUMBS", "FIRST", "IN_FLIGHT", "SECONDS", "TRIES", "Job", "Pieces", "Summary", "failed_for_good", "joined"]

SECONDS = 2.0
"""What a piece is made to take at least, so that sending it costs little and Ctrl-C need not wait long."""
TRIES = 3
"""How often a piece is sent before its failure is the run's."""
CRUMBS = 8
"""The last pieces are as small as one in this many of those before."""
FIRST = 4
"""Pieces that are given out before it is known what one takes: they are small, and many would be a flood."""
IN_FLIGHT = 2
"""Pieces at a worker, so that it need not wait for the next."""


class Summary(Protocol):
    """What a job makes of ranges of its sets; summaries of different ranges add up, in any order."""

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """[first, last) of each range in it, in order."""

    def add(self, part: Any, /) -> None:
        """Take in one of other ranges."""

    def merge(self, *others: Any) -> Self:
        """One of all their ranges."""


Job = Callable[[int, int], Summary]
"""Makes the summary of sets [first, last); pickles."""


def joined(*ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...] | None:
    """Ranges [first, last) as few as they can be, in order; None where two of them overlap."""
    whole: list[tuple[int, int]] = []
    for first, last in sorted(one for some in ranges for one in some if one[0] < one[1]):
        if whole and first < whole[-1][1]:
            return None
        if whole and first == whole[-1][1]:
            whole[-1] = (whole[-1][0], last)
        else:
            whole.append((first, last))
    return tuple(whole)


class Pieces:
    """Ranges to do, in pieces whose size follows what the first ones took.

    Parameters
    ----------
    start, stop, step : int
        The sets, and how many are in the first pieces.
    workers : int
    adapt : bool
        Whether later pieces follow what the first ones took.
    """

    def __init__(self, start: int, stop: int, step: int, workers: int, adapt: bool = True) -> None:
        self.next, self.stop, self.step, self.workers, self.adapt = start, stop, step, workers, adapt
        self.again: deque[tuple[int, int]] = deque()
        self.given, self.known = 0, not adapt

    def took(self, sets: int, seconds: float, here: float) -> None:
        """Learn from a piece that is done: what it took its worker, and how many are too many for this process."""
        self.known = True
        if self.adapt:
            enough = max(SECONDS, self.workers * here)
            self.step = max(1, min(round(sets * enough / max(seconds, 1e-6)), 100 * self.step))

    def take(self) -> tuple[int, int] | None:
        """The next range; None where all are given out, or too little is known to give out more."""
        if self.again:
            return self.again.popleft()
        if self.next >= self.stop or (self.given >= FIRST and not self.known):
            return None
        self.given += 1
        # At the end some for each worker, but no crumbs, which cost more than they are worth.
        fair = max(-(-(self.stop - self.next) // self.workers), self.step // CRUMBS)
        first, self.next = self.next, min(self.stop, self.next + min(self.step, fair))
        return first, self.next


def failed_for_good(piece: tuple[int, int], error: BaseException | None) -> GLevelError:
    """The run's error where a piece failed too often."""
    return GLevelError(
        f"numbers {piece[0]} to {piece[1] - 1} of the run failed {TRIES} times on the workers, the last time with "
        f"{type(error).__name__}: {error}"
    )
