"""All kept submissions by another benchmark, table of tasks or annotations, and what moved whom."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.registry.entries import Evaluated, Kept
from glevel_fast.registry.evaluating import Grounds, evaluate_archive, grounds_of, tasks_of
from glevel_fast.registry.ids import Leaderboard, find_leaderboard, known_leaderboards
from glevel_fast.registry.standing import Standing
from glevel_fast.registry.store import Store, relative_to
from glevel_fast.trust.snapshot import Difference, diff, take
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Rescored", "rescore"]


@dataclass(frozen=True)
class Rescored:
    """What a re-scoring did.

    Attributes
    ----------
    boards : {id: differences}
        Of every leaderboard that has submissions, as `snapshot.diff` gives them.
    evaluated, kept_values : int
        Submissions that were evaluated anew, and those whose values could stay.
    left : {submission: why}
        Those that cannot be evaluated any more: they are off the board until they can.
    notes : tuple of str
    """

    boards: Mapping[str, tuple[Difference, ...]]
    evaluated: int
    kept_values: int
    left: dict[int, str]
    notes: tuple[str, ...]


def rescore(
    store: Store,
    *,
    benchmark: Benchmark | None = None,
    tasks: Any = None,
    annotations: str | os.PathLike[str] | None = None,
    leaderboards: Mapping[str, Mapping[str, object]] | None = None,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Rescored:
    """Put a registry's board on another benchmark, table of tasks or annotations; all at once, or not at all.

    Where specialists, weights or skills change alone, or tasks fall away, no submission is evaluated again that this
    version of the package evaluated: the values that are there do not depend on it.

    Parameters
    ----------
    store : Store
        Opened for writing.
    benchmark, tasks, annotations, leaderboards : optional
        What is to be another; without any, the annotations are read anew from where they are.
    progress : callable, optional
        Called with (done, total) after each submission.

    Raises
    ------
    GLevelError
        Where the new grounds do not fit together; the board then stays what it was.
    """
    bench_before = store.benchmark()
    old = Standing(bench_before, [k for k in store.kept() if k.evaluation.hashes == store.hashes])
    old_boards = store.leaderboards()
    bench = benchmark if benchmark is not None else bench_before
    path = store.annotations if annotations is None else os.fsdecode(annotations)
    # rows of tasks that a smaller benchmark has no more fall away with them
    rows = [r for r in store.settings["rows"] if r["task"] in bench.tasks] if tasks is None else tasks
    grounds, notes = grounds_of(bench, rows, path)
    named = store.settings["leaderboards"] if leaderboards is None else leaderboards
    boards = known_leaderboards(bench, named)
    found: dict[int, Evaluated] = {}
    samples_from: dict[int, int] = {}
    left: dict[int, str] = {}
    while True:
        kept = store.kept()
        for done, entry in enumerate(kept, start=1):
            number = entry.submission.id
            if number not in found and number not in left:
                try:
                    leaderboard = find_leaderboard(entry.submission.board, boards)
                    was = old_boards.get(leaderboard.id, leaderboard)
                    if (raw := _still(entry, bench_before, was, leaderboard, store, grounds)) is not None:
                        found[number] = replace(_evaluated(entry, grounds), raw=raw)
                        samples_from[number] = entry.evaluation.event
                    else:
                        archive, model = store.archives.path(entry.submission.sha256), entry.submission.model
                        values = entry.evaluation.given or None
                        found[number] = evaluate_archive(
                            grounds, archive, leaderboard, model, values=values, processes=processes
                        )
                except GLevelError as error:
                    left[number] = str(error)
            if progress is not None:
                progress(done, len(kept))
        changes: dict[str, Any] = {
            "benchmark": {"sha256": bench.sha256, "data": bench.to_dict()},
            "settings": {
                "rows": grounds.plain_rows(),
                "leaderboards": named,
                "annotations": relative_to(store.path, path),
                "hashes": [grounds.hashes.annotations, grounds.hashes.definitions],
            },
            "left": list(left),
        }
        if store.rescore(found, samples_from, changes):
            break
    new = Standing(bench, [k for k in store.kept() if k.evaluation.hashes == grounds.hashes])
    moved = {}
    for name in dict.fromkeys([*old_boards, *boards]):
        if name in old_boards and name in boards:
            before, after = old.ranking(old_boards[name]), new.ranking(boards[name])
            if before.places and after.places:
                scope = str(boards[name].scope)
                moved[name] = diff(take(old.best_scores(before)), take(new.best_scores(after)), scope=scope)
    return Rescored(moved, len(found) - len(samples_from), len(samples_from), left, notes)


def _evaluated(entry: Kept, grounds: Grounds) -> Evaluated:
    found = entry.evaluation
    return Evaluated(grounds.hashes, found.raw, found.version, found.given, found.notes)


def _still(
    entry: Kept, before: Benchmark, before_board: Leaderboard, board: Leaderboard, store: Store, grounds: Grounds
) -> NDArray[np.float64] | None:
    """The values that an entry has by other grounds without being evaluated again; None where it must be."""
    hashes, bench = entry.evaluation.hashes, grounds.benchmark
    if hashes != store.hashes or hashes.annotations != grounds.hashes.annotations:
        return None
    if entry.evaluation.version != __version__:
        return None
    if [row for row in store.settings["rows"] if row["task"] in bench.tasks] != grounds.plain_rows():
        return None
    was, wanted = set(tasks_of(before_board, before)), set(tasks_of(board, bench))
    where = [before.task_index.get(folded, -1) for folded in bench.task_index]
    for task, at in zip(range(bench.n_tasks), where, strict=True):
        same = at >= 0 and before.metrics[at] is bench.metrics[task] and before.scale[at] == bench.scale[task]
        same = same and before.modality[at] == bench.modality[task] and before.paradigm[at] == bench.paradigm[task]
        if not same:
            return None
    if not wanted <= was:
        return None
    raw = entry.evaluation.raw[where]
    raw[[task not in wanted for task in bench.tasks]] = np.nan
    return raw
