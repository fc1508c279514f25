"""The workload of every benchmark: General-Bench's 702 tasks, and models like those of the published board.

The 699 tasks of the paper's appendix come with the package, with their metrics, groups and specialists; Table 2 counts
three more language tasks, which are taken to be like the one RMSE among those that are printed: 98 tasks are mapped.
Each model supports what a published model supports, drawn at random, about a quarter of all tasks; its values are drawn
task by task from the published ones, but for percentages of at most 1, which the scorer would look at one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import glevel_fast as gl
from glevel_fast.core.compiled import engine_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

MORE = ("language 116", "language 117", "language 118")
LIKE = "Time Series Prediction"
JITTER = 0.03
"""How far below a published value a drawn one may lie, so that few are equal."""


def workbook_benchmark() -> gl.Benchmark:
    """The 702 tasks group by group, in the order of the paper and of the released workbook."""
    board = gl.published.benchmark()
    like = board.tasks.index(LIKE)
    n = len(MORE)
    more = gl.Benchmark(
        MORE, ("language",) * n, ("",) * n, (board.metric[like],) * n, np.full(n, board.sota[like]),
        scale=np.full(n, board.scale[like]),
    )  # fmt: skip
    return board.changed(add=more)


def reordered(benchmark: gl.Benchmark, order: NDArray[np.intp]) -> gl.Benchmark:
    """The same tasks in another order."""

    def pick(column: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column[i] for i in order)

    return gl.Benchmark(
        pick(benchmark.tasks), pick(benchmark.modality), pick(benchmark.paradigm), pick(benchmark.metric),
        benchmark.sota[order], weight=benchmark.weight[order], scale=benchmark.scale[order],
    )  # fmt: skip


def engine_order(benchmark: gl.Benchmark) -> NDArray[np.intp]:
    """The engine's own column order, in which it need not permute: percentages by group, then the others by group
    and family."""
    columns = engine_columns(benchmark)
    return np.lexsort((columns["kind"], columns["group"], columns["kind"] != 0))


def benchmark() -> gl.Benchmark:
    """The 702 tasks in the engine's own order."""
    by_sheet = workbook_benchmark()
    return reordered(by_sheet, engine_order(by_sheet))


def raw(bench: gl.Benchmark, n_models: int, seed: int = 0) -> NDArray[np.float64]:
    """Raw values, float64 (n_models, n_tasks), all inside their domains; NaN where missing."""
    rng = np.random.default_rng(seed)
    board, published = gl.published.benchmark(), gl.published.results().values
    column = [board.task_index.get(name, board.tasks.index(LIKE)) for name in bench.task_index]
    given = np.where(published > 0, published, np.nan)[:, column]
    pools = np.where(
        np.array([metric.is_percent for metric in bench.metrics]) & (given <= 1.0 / (1.0 - JITTER)), np.nan, given
    )
    values = np.empty((n_models, bench.n_tasks))
    for j in range(bench.n_tasks):
        pool = pools[~np.isnan(pools[:, j]), j]
        values[:, j] = rng.choice(pool if pool.size else bench.sota[j : j + 1], n_models)
    values *= rng.uniform(1.0 - JITTER, 1.0, values.shape)
    np.maximum(values, bench.mapping["low"] / bench.scale, out=values)
    values[np.isnan(given)[rng.integers(0, len(given), n_models)]] = np.nan
    return values
