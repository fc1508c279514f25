"""What submissions are evaluated by, and one archive's evaluation by it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import EvaluationError
from glevel_fast.evaluation.evaluate import Evaluation, evaluate
from glevel_fast.evaluation.files import open_files
from glevel_fast.evaluation.table import TaskRow, load_tasks
from glevel_fast.registry.entries import Evaluated, Hashes
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.boards.scopes import Scope
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.registry.ids import Leaderboard

__all__ = ["Grounds", "annotations_hash", "evaluate_archive", "grounds_of", "is_of_the_submission", "tasks_of"]


@dataclass(frozen=True)
class Grounds:
    """What submissions are evaluated by.

    Attributes
    ----------
    benchmark : Benchmark
    rows : tuple of TaskRow
    annotations : str
        Path of a folder or a zip archive.
    hashes : Hashes
        Of all three.
    """

    benchmark: Benchmark
    rows: tuple[TaskRow, ...]
    annotations: str
    hashes: Hashes

    def plain_rows(self) -> list[dict[str, str]]:
        return [asdict(row) for row in self.rows]


def grounds_of(benchmark: Benchmark, tasks: Any, annotations: str) -> tuple[Grounds, tuple[str, ...]]:
    """Grounds from a benchmark, a table of tasks (see `evaluation.table.load_tasks`) and annotations; and notes.

    Raises
    ------
    EvaluationError
        Where the table does not fit the benchmark.
    GLevelError
        Where the annotations cannot be read.
    """
    rows, notes = load_tasks(tasks, benchmark)
    definitions = json.dumps([asdict(row) for row in rows], ensure_ascii=True, separators=(",", ":"))
    hashes = Hashes(benchmark.sha256, annotations_hash(annotations), hashlib.sha256(definitions.encode()).hexdigest())
    return Grounds(benchmark, rows, annotations, hashes), notes


def annotations_hash(annotations: str) -> str:
    """The hash of all files of a folder or zip archive, by name."""
    whole = hashlib.sha256()
    with closing(open_files(annotations)) as files:
        for name in sorted(files.names()):
            content = hashlib.sha256(files.read(name)).hexdigest()
            whole.update(f"{json.dumps(name)} {content}\n".encode())
    return whole.hexdigest()


def tasks_of(leaderboard: Leaderboard, benchmark: Benchmark) -> tuple[str, ...]:
    """The tasks that a leaderboard is about."""
    if leaderboard.tasks is not None:
        return leaderboard.tasks
    return tuple(task for i, task in enumerate(benchmark.tasks) if _within(leaderboard.scope, benchmark, i))


def _within(scope: Scope, benchmark: Benchmark, task: int) -> bool:
    modality, paradigm = benchmark.modality[task], benchmark.paradigm[task]
    match scope.kind:
        case "A":
            return True
        case "B":
            return modality in scope.modalities
        case "C":
            return (modality, paradigm) == scope.group
        case "D":
            return int(benchmark.skill_of_task[task]) == scope.skill
    raise AssertionError(scope)


def evaluate_archive(
    grounds: Grounds,
    archive: str,
    leaderboard: Leaderboard,
    model: str,
    *,
    values: Any = None,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Evaluated:
    """Evaluate a submission's archive on the tasks of its leaderboard.

    Parameters
    ----------
    values : path or dict {task: value}, optional
        Of tasks that are not computed here.

    Raises
    ------
    GLevelError
        See `is_of_the_submission` for whose fault it is.
    """
    wanted = set(tasks_of(leaderboard, grounds.benchmark))
    rows = [row for row in grounds.plain_rows() if row["task"] in wanted]
    if not rows:
        raise EvaluationError(f"the table of tasks has none of the leaderboard {leaderboard.id}")
    found = evaluate(
        archive,
        grounds.annotations,
        rows,
        benchmark=grounds.benchmark,
        model=model,
        values=values,
        processes=processes,
        progress=progress,
    )
    raw = found.results.values[0].copy()
    for i, task in enumerate(grounds.benchmark.tasks):
        if task not in wanted:
            raw[i] = math.nan
    given = {task: value for task, value in found.given.items() if task in wanted and math.isfinite(value)}
    return Evaluated(grounds.hashes, raw, __version__, given, found.notes, _samples(found))


def _samples(evaluation: Evaluation) -> dict[str, tuple[list[str], list[float | None]]]:
    """What each sample is worth, and nothing else of it: the sums may tell the gold."""
    columns = evaluation.sample_columns()
    samples: dict[str, tuple[list[str], list[float | None]]] = {}
    for task, key, value in zip(columns["task"], columns["id"], columns["value"].tolist(), strict=True):
        ids, values = samples.setdefault(task, ([], []))
        ids.append(key)
        values.append(None if math.isnan(value) else value)
    return samples


def is_of_the_submission(error: Exception) -> bool:
    """Whether an evaluation failed by what was submitted alone, and not by the annotations or this machine.

    Its message then tells nothing of the gold.
    """
    return isinstance(error, EvaluationError) and error.by_predictions
