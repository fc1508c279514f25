"""A progress bar (extra `cli`)."""

from __future__ import annotations

import sys
import time
from typing import Any

from glevel_fast.errors import MissingExtraError
from glevel_fast.extras import require


class Progress:
    """A progress bar on standard error, from the second on that the work takes, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what, self._started = what, time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._started < 1.0:
                return
            try:
                progress: Any = require("rich.progress", "cli")
            except MissingExtraError:  # there is no bar then, and nothing else is different
                self._started = float("inf")
                return
            console = require("rich.console", "cli").Console(stderr=True)
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total)
        self._bar.update(self._task, completed=done)
