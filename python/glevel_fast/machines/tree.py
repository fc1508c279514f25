"""Long runs on dask: summaries stay on the workers and are merged there in a tree; one comes back.

Job, pieces and merges are tasks of one graph, so that dask makes again whatever is lost with a worker.
"""

from __future__ import annotations

import pickle
import queue
import time
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.machines.interrupt import Interrupt, Progress
from glevel_fast.machines.job import IN_FLIGHT, SECONDS, TRIES, Job, Pieces, Summary, failed_for_good

__all__ = ["client_of", "spread_in_a_tree", "threads_of"]

FAN_IN = 8
"""Summaries that one task merges."""
PER_PIECE = 0.004
"""Seconds for which a piece keeps this process and the scheduler, with as much left."""

LOOK_AGAIN = 5.0
"""Seconds after which the cluster is asked anew how many workers it has: it may grow and shrink."""

Made = tuple[Summary, float]
"""A summary, and the seconds that making it took."""


def client_of(executor: Executor) -> Any:
    """The client of `client.get_executor()`; None of another executor."""
    client = getattr(executor, "_client", None)
    return client if hasattr(client, "scheduler") and hasattr(client, "submit") else None


def threads_of(client: Any) -> int:
    """How many threads the workers have together, one at least."""
    return max(int(sum(client.nthreads().values())), 1)


def _make(job: Job, first: int, last: int) -> Made:
    started = time.perf_counter()
    return job(first, last), time.perf_counter() - started


def _merge(*made: Made) -> Made:
    summaries, seconds = zip(*made, strict=True)
    return summaries[0].merge(*summaries[1:]), sum(seconds)


def _seconds(made: Made) -> float:
    return made[1]


class _Tree:
    """Tasks that merge `FAN_IN` neighbours each as soon as they are done; leaves are numbered in the sets' order."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self.submit = submit
        self.levels: list[dict[int, Any]] = []

    def add(self, place: int, made: Any, level: int = 0) -> None:
        while len(self.levels) <= level:
            self.levels.append({})
        row = self.levels[level]
        row[place] = made
        first = place // FAN_IN * FAN_IN
        if all(first + i in row for i in range(FAN_IN)):
            own = [row.pop(first + i) for i in range(FAN_IN)]
            self.add(place // FAN_IN, self.submit(_merge, *own), level + 1)

    def first(self, n: int) -> list[Any]:
        """What the first `n` leaves, all of them done, became."""
        found, leaf = [], 0
        while leaf < n:
            level = next(k for k in reversed(range(len(self.levels))) if self._starts(leaf, k))
            found.append(self.levels[level][leaf // FAN_IN**level])
            leaf += FAN_IN**level
        return found

    def _starts(self, leaf: int, level: int) -> bool:
        return leaf % FAN_IN**level == 0 and leaf // FAN_IN**level in self.levels[level]


class _Run:
    """One job on a cluster."""

    def __init__(self, executor: Any, job: Job, pieces: Pieces) -> None:
        self.client, self.pieces, self.options = client_of(executor), pieces, executor._kwargs
        self.looked = time.monotonic()
        self.name = f"glevel-{uuid.uuid4().hex}"
        self.finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.pending: dict[str, tuple[int, Any]] = {}  # by key: the leaf, and its future
        self.leaves: list[tuple[int, int]] = []
        self.done: set[int] = set()
        self.prefix = 0  # leaves that are done, from the first on
        self.tree = _Tree(self.submit)
        self.timed: dict[str, tuple[int, Any]] = {}  # by key: how many sets, and the future of what they took
        with warnings.catch_warnings():  # the job may be large: it is sent once, and goes from worker to worker
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            self.job = self.submit(pickle.loads, pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        key = f"{self.name}-{function.__name__.strip('_')}-{uuid.uuid4().hex}"
        options = {"retries": TRIES - 1, **self.options, "pure": False, "key": key}
        return self.client.submit(function, *arguments, **options)

    def watch(self, future: Any) -> str:
        future.add_done_callback(self.finished.put)
        return str(future.key)

    def fill(self) -> None:
        """Give each worker something to do."""
        if time.monotonic() > self.looked + LOOK_AGAIN:
            self.pieces.workers, self.looked = threads_of(self.client), time.monotonic()
        while len(self.pending) < IN_FLIGHT * self.pieces.workers and (piece := self.pieces.take()) is not None:
            made = self.submit(_make, self.job, *piece)
            self.pending[self.watch(made)] = (len(self.leaves), made)
            self.leaves.append(piece)

    def take(self, seconds: float) -> bool:
        """Wait for what is done next; whether it is a piece."""
        try:
            future = self.finished.get(timeout=seconds)
        except queue.Empty:
            return False
        key = str(future.key)
        if key in self.timed:
            sets, _ = self.timed.pop(key)
            self.pieces.took(sets, future.result() if future.status == "finished" else SECONDS, PER_PIECE)
            return False
        leaf, made = self.pending.pop(key)
        first, last = self.leaves[leaf]
        if future.status == "error":
            error = future.exception()
            raise failed_for_good((first, last), error) from error
        if future.status != "finished":
            raise GLevelError(f"the cluster takes no more work: a piece is {future.status}")
        if self.pieces.adapt and leaf < 4 * self.pieces.workers:
            took = self.submit(_seconds, made)
            self.timed[self.watch(took)] = (last - first, took)
        self.tree.add(leaf, made)
        self.done.add(leaf)
        while self.prefix in self.done:
            self.done.discard(self.prefix)
            self.prefix += 1
        return True

    def result(self) -> Summary | None:
        """The summary of the first leaves."""
        parts = self.tree.first(self.prefix)
        if not parts:
            return None
        made: Made = (self.submit(_merge, *parts) if len(parts) > 1 else parts[0]).result()
        return made[0]

    def cancel(self) -> None:
        futures = [future for _, future in (*self.pending.values(), *self.timed.values())]
        if futures:
            self.client.cancel(futures)


def spread_in_a_tree(
    executor: Executor, job: Job, summary: Summary, pieces: Pieces, progress: Progress | None = None
) -> int:
    """Add the sets of `pieces` to `summary`, made and merged on the workers of dask.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        `client.get_executor()` of dask.
    job, summary, progress : as in `spread`
    pieces : Pieces

    Returns
    -------
    int
        How many sets were added, from the first on: fewer than asked for after an interrupt.

    Raises
    ------
    GLevelError
        A piece failed three times, or the cluster is no longer there.
    """
    start, total = pieces.next, pieces.stop - pieces.next
    run = _Run(executor, job, pieces)
    try:
        with Interrupt(True) as interrupt:
            while True:
                run.fill()
                if not run.pending and not run.timed:
                    break
                seen = run.take(0.2)
                done = run.leaves[run.prefix - 1][1] - start if run.prefix else 0
                if interrupt.between_pieces(progress if seen else None, done, total):
                    break
        run.cancel()
        part = run.result()
    finally:
        run.cancel()
    if part is None:
        return 0
    summary.add(part)
    return part.ranges[-1][1] - start
