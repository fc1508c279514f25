"""Long runs over threads, processes or machines: pieces of a job on any executor.

A piece is a range of sets or resamples, and its summary does not depend on where it was made, so the sum has the bits
of one process. Executors give back what they make, so summaries are added up here: two of them would have to go out
again to be merged on a worker, which costs this process more than adding them (benchmarks/CLUSTER.md). dask leaves
them on its workers (tree.py). The job is sent once to each worker that does not know it yet, under its hash.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.machines.interrupt import Interrupt, Progress
from glevel_fast.machines.job import IN_FLIGHT, TRIES, Job, Pieces, Summary, failed_for_good
from glevel_fast.machines.tree import client_of, spread_in_a_tree, threads_of

__all__ = ["LocalPool", "cluster", "spread"]


KEPT_JOBS = 4
TAKING_IN = 16.0
"""Of what adding a summary takes: loading it takes seven times as much, and half of this process is to be left."""

_jobs: OrderedDict[str, Job] = OrderedDict()
_lock = threading.Lock()


def _known(key: str, blob: bytes | None) -> Job | None:
    """The job of this hash, made from `blob` where this process does not know it."""
    with _lock:
        if key not in _jobs and blob is not None:
            _jobs[key] = pickle.loads(blob)
            while len(_jobs) > KEPT_JOBS:
                _jobs.popitem(last=False)
        return _jobs.get(key)


def _piece(key: str, blob: bytes | None, first: int, last: int) -> tuple[Summary, float] | None:
    """On a worker: the summary of sets [first, last) and the seconds it took; None where the job is not known."""
    job = _known(key, blob)
    if job is None:
        return None
    started = time.perf_counter()
    return job(first, last), time.perf_counter() - started


def workers_of(executor: Executor) -> int:
    """How many workers an executor says it has; 4 where it does not say."""
    for name in ("workers", "_max_workers"):
        if isinstance(n := getattr(executor, name, None), int) and n > 0:
            return n
    client = client_of(executor)
    return 4 if client is None else threads_of(client)


def spread(
    executor: Executor,
    job: Job,
    summary: Summary,
    start: int,
    stop: int,
    step: int,
    progress: Progress | None = None,
    *,
    adapt: bool = True,
) -> int:
    """Add sets [start, stop) of a job to `summary`, made in pieces on an executor.

    A piece that fails is sent again, each range is counted once, and the pieces are added in order, so that what an
    interrupt leaves is the first sets.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Threads, processes, loky, `client.get_executor()` of dask, mpi4py's pool.
    job : callable
        (first, last) -> Summary; it must pickle.
    summary : Summary
        Of no set yet.
    start, stop, step : int
        The sets, and how many are in the first pieces.
    progress : callable, optional
        As in `ablate`.
    adapt : bool
        Whether later pieces follow what the first ones took, or all have `step` sets.

    Returns
    -------
    int
        How many sets were added, from the first on: fewer than asked for after an interrupt.

    Raises
    ------
    GLevelError
        A piece failed three times, or the executor is no longer there.
    """
    workers = workers_of(executor)
    pieces = Pieces(start, stop, step, workers, adapt)
    if client_of(executor) is not None:
        return spread_in_a_tree(executor, job, summary, pieces, progress)
    blob = pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
    key = hashlib.sha256(blob).hexdigest()
    with _lock:
        _jobs[key] = job  # threads of this process, and processes forked from it, need not be sent it
    pending: dict[Future[Any], tuple[int, int]] = {}
    ready: dict[int, Summary] = {}
    failures: dict[tuple[int, int], int] = {}
    done, adding = start, 0.0

    def send(piece: tuple[int, int], with_job: bool = False) -> None:
        pending[executor.submit(_piece, key, blob if with_job else None, *piece)] = piece

    def failed(piece: tuple[int, int], error: BaseException) -> None:
        failures[piece] = failures.get(piece, 0) + 1
        if failures[piece] >= TRIES:
            raise failed_for_good(piece, error) from error
        pieces.again.append(piece)

    try:
        with Interrupt(True) as interrupt:
            while True:
                while len(pending) < IN_FLIGHT * workers and (piece := pieces.take()) is not None:
                    try:
                        send(piece)
                    except (BrokenExecutor, RuntimeError) as error:
                        raise GLevelError(f"the executor takes no more work: {error}") from error
                if not pending:
                    break
                finished, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    piece = pending.pop(future)
                    try:
                        made = future.result()
                    except Exception as error:  # whatever a worker, or losing one, raises
                        failed(piece, error)
                        continue
                    if made is None:
                        send(piece, with_job=True)
                        continue
                    part, seconds = made
                    ready[piece[0]] = part
                    while done in ready:
                        part, started = ready.pop(done), time.perf_counter()
                        summary.add(part)
                        done = part.ranges[-1][1]
                        adding = max(adding, time.perf_counter() - started)
                    pieces.took(piece[1] - piece[0], seconds, TAKING_IN * adding)
                if interrupt.between_pieces(progress if finished else None, done - start, stop - start):
                    break
    finally:
        for future in pending:
            future.cancel()
        with _lock:
            _jobs.pop(key, None)
    return done - start


class LocalPool(Executor):
    """A pool of processes of this machine that is made anew when one of them dies.

    Parameters
    ----------
    workers : int
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._over = False
        self._lock = threading.Lock()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any executor; a pool that broke is replaced."""
        with self._lock:
            if self._over:
                raise RuntimeError("cannot schedule new futures after shutdown")
            for _ in range(TRIES):
                try:
                    return (self._pool or self._start()).submit(fn, *args, **kwargs)
                except BrokenExecutor:
                    self._kill()
            raise GLevelError(f"a pool of {self.workers} processes broke {TRIES} times")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of any executor: what is under way is finished, and with `wait` waited for."""
        with self._lock:
            self._over = True
            if self._pool is not None:
                self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """End the processes, whatever they are at: the run is over."""
        with self._lock:
            self._over = True
            self._kill()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = self._pool = ProcessPoolExecutor(self.workers, context, initializer=_leave_ctrl_c_to_the_parent)
        # All at once, and answered: one that is started later may die unseen by the pool, which then waits for it.
        for started in [pool.submit(_ready) for _ in range(self.workers)]:
            started.result()
        return pool

    def _kill(self) -> None:
        if self._pool is not None:
            processes = list((getattr(self._pool, "_processes", None) or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:  # or one that hangs would hold up the end of this one
                process.kill()
            self._pool = None


def _ready() -> None:
    """What a new process is asked first."""


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The executor that "local:N" (processes of this machine) or "tcp://HOST:PORT" (dask, extra `cluster`) names.

    Parameters
    ----------
    address : str

    Raises
    ------
    GLevelError
        Another address, or a scheduler that does not answer within ten seconds.
    MissingExtraError
        Where dask.distributed is needed and not installed.
    """
    kind, _, rest = address.partition(":")
    if kind == "local" and rest.isascii() and rest.isdigit() and 1 <= int(rest) <= 4096:
        pool = LocalPool(int(rest))
        try:
            yield pool
        finally:
            pool.kill()
        return
    if kind not in ("tcp", "tls") or not rest.startswith("//"):
        raise GLevelError(f"cluster {address!r}: write local:N for N processes here, or tcp://HOST:PORT for dask")
    distributed = require("distributed", "cluster")
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise GLevelError(f"no scheduler answers at {address}: {error}") from None
    try:
        yield client.get_executor(pure=False)
    finally:
        with suppress(Exception):  # a scheduler that is gone by now
            client.close(timeout=2)
