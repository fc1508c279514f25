"""Many tasks in processes: each opens the files for itself, and the outcomes come back in the order of the tasks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from glevel_fast.errors import EvaluationError
from glevel_fast.evaluation.files import open_files
from glevel_fast.evaluation.task import Evaluator, Missing, Outcome

if TYPE_CHECKING:
    from glevel_fast.evaluation.table import TaskRow

__all__ = ["Source", "cores", "outcomes"]

Source = str | os.PathLike[str] | bytes
"""A folder, or a zip archive by its path or bytes."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_here: list[Evaluator] = []


def _open(predictions: Source, annotations: Source, missing: Missing) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    _here[:] = [Evaluator(open_files(predictions), open_files(annotations), missing)]


def _run(row: TaskRow) -> Outcome:
    return _here[0](row)


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Processes that start in here never take Ctrl-C for theirs, not even while they still load."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def outcomes(
    rows: Sequence[TaskRow], predictions: Source, annotations: Source, missing: Missing, processes: int
) -> Iterator[Outcome]:
    """The outcome of each task, in their order, each as soon as it and those before it are done.

    Raises
    ------
    GLevelError
        Where the folders or archives cannot be opened.
    EvaluationError
        Where a process dies, of too little memory for example.
    """
    # here too with processes: a source that cannot be opened is found before any starts
    with closing(open_files(predictions)) as given, closing(open_files(annotations)) as gold:
        evaluator = Evaluator(given, gold, missing)
        if min(processes, len(rows)) <= 1:
            yield from map(evaluator, rows)
            return
    pool = ProcessPoolExecutor(
        min(processes, len(rows)),
        # a fork would copy whatever threads and locks the caller has
        multiprocessing.get_context("spawn"),
        _open,
        (predictions, annotations, missing),
    )
    try:
        with _no_ctrl_c():
            found = pool.map(_run, rows)
        yield from found
    except BrokenProcessPool:
        raise EvaluationError(
            "a process died while evaluating, perhaps of too little memory; use fewer (processes=1, --processes 1)"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
