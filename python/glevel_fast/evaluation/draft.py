"""A first tasks.csv, from what annotations there are: what does not match by name is left to be filled in."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError
from glevel_fast.evaluation.catalogue import definitions_of
from glevel_fast.evaluation.files import Files, open_files
from glevel_fast.evaluation.media import AnswerError
from glevel_fast.evaluation.records import Index, gold_in, read_records
from glevel_fast.evaluation.table import unit_of
from glevel_fast.text import fold_task, listing, shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.evaluation.processes import Source

__all__ = ["draft"]


def draft(annotations: Source, bench: Benchmark) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The columns of tasks.csv, one row per task of the benchmark, and what could not be matched.

    A task gets the folder whose folded name is its own folded name, and the answer path that all of its records
    have; where there is none, or more than one, the cell is empty.

    Raises
    ------
    GLevelError
        Where the annotations cannot be opened.
    """
    with closing(open_files(annotations)) as files:
        return _draft(files, bench)


def _draft(files: Files, bench: Benchmark) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    index = Index(files)
    folders: dict[str, list[str]] = {}
    for folder in index.folders():
        folders.setdefault(fold_task(folder.rpartition("/")[2]), []).append(folder)
    columns: dict[str, list[str]] = {
        name: [] for name in ("task", "folder", "metric", "definition", "unit", "answer_path")
    }
    several, without, unclear = [], [], []
    for at, task in enumerate(bench.tasks):
        held = folders.pop(fold_task(task), [])
        known = definitions_of(bench.metrics[at])
        folder = held[0] if len(held) == 1 else ""
        path = ""
        if len(held) > 1:
            several.append(f"{shown(task)} ({', '.join(map(shown, held))})")
        elif not held:
            without.append(shown(task))
        elif known:
            path = _answer_path(files, index, task, folder, whole=known[0].kind.whole)
            if not path:
                unclear.append(shown(task))
        columns["task"].append(task)
        columns["folder"].append(folder)
        columns["metric"].append(bench.metric[at])
        columns["definition"].append(known[0].id if known else "")
        columns["unit"].append(unit_of(known[0], bench, at) if known else "")
        columns["answer_path"].append(path)
    rest = [shown(folder) for held in folders.values() for folder in held]
    lists = (
        ("tasks with several folders", several),
        ("tasks without a folder", without),
        ("tasks whose records do not say where the gold is (answer_path)", unclear),
        ("folders without a task", rest),
    )
    return columns, tuple(f"{what}: {listing(held)}" for what, held in lists if held)


def _answer_path(files: Files, index: Index, task: str, folder: str, *, whole: bool) -> str:
    """The one path at which every record has its gold, "" where there is no such path or the file cannot be read."""
    try:
        name = index.annotation(task, folder)
        records = read_records(files, name).by_id.values() if name else ()
        paths = {_path_in(record, whole) for record in records}
    except (GLevelError, AnswerError):
        return ""
    return paths.pop() if len(paths) == 1 else ""


def _path_in(record: Any, whole: bool) -> str:
    value, output = gold_in(record, whole=whole), record["output"]
    if not isinstance(output, dict):
        return "output"
    if value is output:
        return "output" if whole else ""
    return next(f"output.{key}" for key, held in output.items() if held is value)
