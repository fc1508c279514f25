"""Ctrl-C between two pieces of a long run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Interrupt", "Progress"]

Progress = Callable[[int, int], object]


class Interrupt:
    """Ctrl-C takes effect between two pieces, so that what is done so far is whole; a second one at once.

    A run of a single piece has nothing to keep: Ctrl-C is what it always is.
    """

    def __init__(self, several_pieces: bool) -> None:
        self._several = several_pieces

    def __enter__(self) -> Interrupt:
        self._asked = False
        self._before: Any = None
        if self._several and threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: Any) -> None:
        if self._asked:
            self._before(number, frame)
        self._asked = True

    def between_pieces(self, progress: Progress | None, done: int, total: int) -> bool:
        """Report, and tell whether to stop: on Ctrl-C, or when `progress` raises KeyboardInterrupt."""
        try:
            if progress is not None:
                progress(done, total)
        except KeyboardInterrupt:
            self._asked = True
        return self._asked
