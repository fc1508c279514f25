"""Results from any file that is read to one in a layout of choice, the names and the bits of the values kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from glevel_fast.core.results import Results
from glevel_fast.errors import GLevelError
from glevel_fast.io import write
from glevel_fast.io.rows import Layout, Rows, write_rows
from glevel_fast.loading.blocks import Block, refuse_twins
from glevel_fast.loading.folder import BATCH, blocks, files_in, spans
from glevel_fast.loading.intake import Reading, is_folder, read
from glevel_fast.text import fold_task, listing, spelled

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["KINDS", "Converted", "convert", "layout_of"]

KINDS = (".parquet", ".arrow", ".csv", ".json")


class Converted:
    """What was written: how many models, and what was inferred, passed over or left out."""

    def __init__(self) -> None:
        self.models = 0
        self.notes: list[str] = []


def layout_of(path: str, layout: Layout | None) -> Layout:
    """The layout of a file: as asked for, else lists for .arrow and columns for all others.

    Raises
    ------
    GLevelError
        Another kind of file, or lists where there are none.
    """
    kind = os.path.splitext(path)[1].lower()
    if kind not in KINDS:
        raise GLevelError(f"{path}: results are written as {', '.join(KINDS)}")
    if layout == "list" and kind not in (".parquet", ".arrow"):
        raise GLevelError(f"{path}: a column of lists is for .parquet and .arrow")
    return layout or ("list" if kind == ".arrow" else "columns")


def convert(
    sources: Sequence[Any],
    bench: Benchmark,
    to: str,
    reading: Reading,
    layout: Layout | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Converted:
    """Write the results in some sources to one file, in the benchmark's order of tasks.

    Folders go to .parquet and .arrow a range of rows at a time, whatever their size.

    Parameters
    ----------
    sources : paths, folders, ...
    bench : Benchmark
    to : str
        .parquet, .arrow, .csv or .json.
    reading : Reading
    layout : {"columns", "list"}, optional
        See `layout_of`.
    progress : callable, optional
        Called with (done, total) after each source, or range of a folder's files.

    Returns
    -------
    Converted

    Raises
    ------
    GLevelError
        As `load_results`; and where the file cannot be written.
    """
    chosen, done = layout_of(to, layout), Converted()
    if "model" in bench.tasks and chosen == "columns" and not to.lower().endswith(".json"):
        raise GLevelError("a task is called 'model', as the column of the models is: choose --layout list, or .json")
    parts = _rows(sources, bench, reading, progress, done)
    kind = os.path.splitext(to)[1].lower()
    if kind in (".parquet", ".arrow"):
        write_rows(to, "model", bench.tasks, parts, chosen)
    else:
        rows = [(name, row) for names, values in parts for name, row in zip(names, values.tolist(), strict=True)]
        names, cells = [name for name, _ in rows], [row for _, row in rows]
        if kind == ".csv":
            write.csv({"model": names} | dict(zip(bench.tasks, map(list, zip(*cells, strict=True)), strict=True)), to)
        else:
            nested = ({t: None if x != x else x for t, x in zip(bench.tasks, row, strict=True)} for row in cells)
            write.json(dict(zip(names, nested, strict=True)), to)
    if unused := reading.renames.unused:
        done.notes.append(f"names to rename that nothing bears: {listing(list(map(spelled, unused)))}")
    done.notes[:] = dict.fromkeys(done.notes)
    return done


def _rows(
    sources: Sequence[Any],
    bench: Benchmark,
    reading: Reading,
    progress: Callable[[int, int], object] | None,
    done: Converted,
) -> Iterator[Rows]:
    """Names and values, a part at a time; each model once."""
    units: list[Any] = []
    for source in sources:
        if is_folder(source):
            files, notes = files_in(source)
            done.notes += notes
            units += [span for path in files for span in spans(path)]
        else:
            units.append(source)
    first: dict[str, tuple[str, str]] = {}
    for i, unit in enumerate(units, start=1):
        for block in blocks(unit, bench, reading) if hasattr(unit, "mark") else [read(unit, bench, reading)]:
            _refuse_twins(block, first)
            done.models += len(block.models)
            done.notes += block.notes
            if block.stderr is not None or block.n is not None:
                done.notes.append(f"{block.sources[0]}: standard errors and numbers of samples are left out")
            if isinstance(unit, Results) and unit.unknown is not None:
                done.notes.append(
                    "which values are there but not known is left out: scores are not marked as lower bounds any more"
                )
            step = max(1, BATCH // bench.n_tasks)
            for start in range(0, len(block.models), step):
                yield block.models[start : start + step], block.values[start : start + step]
        if progress is not None:
            progress(i, len(units))


def _refuse_twins(block: Block, first: dict[str, tuple[str, str]]) -> None:
    for model, place in zip(block.models, block.places, strict=True):
        name, there = first.setdefault(fold_task(model), (model, place))
        if there != place:
            refuse_twins([name, model], [there, place])
