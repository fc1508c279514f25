"""Results from files, frames, dicts and arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import Benchmark
from glevel_fast.core.results import Results
from glevel_fast.errors import ResultsError
from glevel_fast.loading import intake
from glevel_fast.loading.blocks import join
from glevel_fast.loading.names import Renames
from glevel_fast.text import fold_task, listing, spelled

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.core.compiled import Compiled
    from glevel_fast.loading.shapes import Orient

__all__ = ["ResultsLike", "as_results", "load_results"]

ResultsLike: TypeAlias = (
    Results
    | NDArray[Any]
    | str
    | os.PathLike[str]
    | Mapping[str, Mapping[str, float | None]]
    | Mapping[str, Sequence[Any]]
    | Sequence[Any]
    | Any
)
"""What is taken for results: `Results`; a float array (n_models, n_tasks) or (n_tasks,), also as nested lists; a
path; a dict {model: {task: value}} or of columns; a pandas, polars or Arrow table; a list of paths, dicts or tables."""


def load_results(
    source: ResultsLike,
    bench: Benchmark,
    *,
    partial: bool = False,
    invalid: Literal["error", "missing"] = "error",
    rename: Mapping[str, str] | str | os.PathLike[str] | None = None,
    ignore: str | Iterable[str] = (),
    orient: Orient | None = None,
    progress: Callable[[int, int], object] | None = None,
    executor: Executor | None = None,
) -> Results:
    """Read results from files, frames or dicts.

    Parameters
    ----------
    source : path, list of sources, DataFrame, or dict
        A workbook (.xlsx, .xlsm, .xlsb, .xls, .ods) in the released layout, or with a table on its first sheet; .csv,
        .tsv, .csv.gz, .parquet, .json, .jsonl, a pandas, polars or Arrow table, a pandas Series: wide
        (`model`, or the index, then one column per task) or long (`model, task, value`);
        a dict {model: {task: value}}, in JSON too; what `import_results` gives. A long table may hold
        `stderr` and `n`, the samples behind each value: they stay with the results. Names of tasks
        and models meet if they look the same: see `glevel_fast.text.fold_task`. A folder is all .parquet
        and .arrow files in it, wide ones, by their names; there may be any number of models.
    bench : Benchmark
        Decides the tasks, their order and their metrics.
    partial : bool
        Accept a workbook in which tasks of the benchmark are missing (its template lists all);
        elsewhere a task that is absent always counts as not supported.
    invalid : {"error", "missing"}
        Whether a cell that is neither a number nor "not supported" (empty, None, NaN, "∞",
        "inf", "-", "—", "/", "N/A", "null") is an error, or counts as not supported and is noted.
    rename : {as written: as meant}, or path, optional
        Other names for models and tasks; a file is a table with the columns `written` and `meant`.
    ignore : str or strings
        Columns of wide tables that are no tasks, and of workbooks that are no models.
    orient : {"models", "tasks"}, optional
        What the rows of wide tables are, or the outer keys of dicts. Otherwise models; tasks where a
        table has a column `task`, columns of models, and neither `model` nor `value`.
    progress : callable, optional
        Called with (done, total) after each source of a list, or range of a folder's files.
    executor : concurrent.futures.Executor, optional
        Who reads: threads, processes, `client.get_executor()` of dask, ... The paths must lead to the same
        files there.

    Returns
    -------
    Results
        In the order of the sources, and within each in its own order.

    Raises
    ------
    ResultsError
        Naming file, sheet, row or line, task and value. Source: docs/spec.md section 3.
    """
    if invalid not in ("error", "missing"):
        raise ResultsError(f"invalid={invalid!r}: choose 'error' or 'missing'")
    if orient not in (None, "models", "tasks"):
        raise ResultsError(f"orient={orient!r}: choose 'models' or 'tasks'")
    if not isinstance(bench, Benchmark):
        raise TypeError(f"bench must be a Benchmark (see load_benchmark), not {type(bench).__name__}")
    sources = list(source) if isinstance(source, (list, tuple, set, frozenset, Iterator)) else [source]
    if not sources:
        raise ResultsError("no results: the list of sources is empty")
    leave = frozenset(map(fold_task, [ignore] if isinstance(ignore, str) else ignore))
    reading = intake.Reading(partial, invalid == "missing", orient, leave, Renames(rename))
    if executor is None and not any(map(intake.is_folder, sources)):
        blocks = []
        for done, item in enumerate(sources, start=1):
            blocks.append(intake.read(item, bench, reading))
            if progress is not None:
                progress(done, len(sources))
        whole = join(blocks)
    else:
        from glevel_fast.loading.folder import read_all  # which loads what runs on clusters need

        whole = read_all(sources, bench, reading, progress, executor)
    if unused := reading.renames.unused:
        whole.notes.append(f"names to rename that nothing bears: {listing(list(map(spelled, unused)))}")
    return Results(
        tuple(whole.models), bench.tasks, whole.values, tuple(whole.sources), whole.absent, tuple(whole.notes),
        stderr=whole.stderr, n=whole.n,
    )  # fmt: skip


def as_results(
    given: ResultsLike, compiled: Compiled, executor: Executor | None = None
) -> Results | NDArray[Any] | Sequence[Any]:
    """`Results` and arrays as they are; whatever else `load_results` takes is loaded, lists of paths included."""
    if isinstance(given, np.ndarray | Results):
        return given
    if isinstance(given, list | tuple) and not any(
        isinstance(x, str | os.PathLike | Mapping) or _framed(x) for x in given
    ):
        return given  # nested lists of numbers
    return load_results(given, compiled.benchmark, invalid=compiled.options.invalid, executor=executor)


def _framed(item: Any) -> bool:
    """Whether an item of a list is a table, and not a row of numbers."""
    return hasattr(item, "columns") or hasattr(item, "__arrow_c_stream__")
