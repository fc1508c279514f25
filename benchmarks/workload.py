"""The workload of every benchmark: General-Bench's 702 tasks, random models, 30 % of the values missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import glevel_fast as gl
from glevel_fast.core.compiled import engine_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = 0.3

# Tasks per group (paper, Table 2), and those among them that are not percentages, as in the released workbook. Its 115
# language tasks are three short of the paper's; these three are taken as RMSE, which makes 98 mapped tasks of 702.
GROUPS: dict[tuple[str, str], tuple[int, dict[str, int]]] = {
    ("image", "comprehension"): (271, {"MAE": 9, "MSE": 1, "RMS": 1, "SAD": 2}),
    ("image", "generation"): (45, {"FID": 17, "RMSE": 1, "MS-SSIM": 1, "PSNR": 18}),
    ("video", "comprehension"): (126, {"absRel": 4, "EPE": 3, "CIDEr": 1}),
    ("video", "generation"): (46, {"FVD": 5, "PSNR": 10}),
    ("audio", "comprehension"): (24, {}),
    ("audio", "generation"): (20, {"FAD": 2, "MCD": 1, "CIDEr": 1, "MOS": 4, "WER": 5}),
    ("3d", "comprehension"): (30, {"RMSE": 1, "RTE": 1}),
    ("3d", "generation"): (22, {"CD": 5, "FID": 1}),
    ("language", ""): (118, {"RMSE": 4}),
}

# Where raw values usually lie.
USUAL = {
    "Acc": (5.0, 95.0), "MAE": (5.0, 30.0), "MSE": (5.0, 60.0), "RMS": (10.0, 60.0), "SAD": (5.0, 30.0),
    "FID": (2.0, 180.0), "RMSE": (2.0, 15.0), "MS-SSIM": (0.1, 0.9), "PSNR": (10.0, 40.0), "absRel": (0.05, 0.5),
    "EPE": (2.0, 50.0), "CIDEr": (5.0, 110.0), "FVD": (60.0, 400.0), "FAD": (2.0, 15.0), "MCD": (2.0, 9.0),
    "MOS": (1.5, 4.5), "WER": (0.02, 0.9), "RTE": (0.1, 2.0), "CD": (0.01, 10.0),
}  # fmt: skip


def workbook_benchmark() -> gl.Benchmark:
    """The 702 tasks sheet by sheet, metrics mixed within a group as they are in the released workbook."""
    rng = np.random.default_rng(702)
    modality, paradigm, metric = [], [], []
    for (m, p), (size, others) in GROUPS.items():
        names = [name for name, count in others.items() for _ in range(count)]
        names += ["Acc"] * (size - len(names))
        metric += [names[i] for i in rng.permutation(size)]
        modality += [m] * size
        paradigm += [p] * size
    tasks = tuple(f"{m} {p} {i}" for i, (m, p) in enumerate(zip(modality, paradigm, strict=True)))
    low, high = _usual(metric)
    # Specialists at three quarters of the way to the better end, so that about one value in four wins.
    lower = np.array([gl_metric.better == "lower" for gl_metric in _metrics(metric)])
    sota = low + (high - low) * np.where(lower, 0.25, 0.75)
    return gl.Benchmark(tasks, tuple(modality), tuple(paradigm), tuple(metric), sota)


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
    low, high = _usual(bench.metric)
    values = rng.random((n_models, bench.n_tasks))
    values *= high - low
    values += low
    values[rng.random(values.shape, dtype=np.float32) < MISSING] = np.nan
    return values


def _metrics(names: list[str]) -> list[gl.Metric]:
    known = {metric.name: metric for metric in gl.known_metrics()}
    return [known[name] for name in names]


def _usual(names: tuple[str, ...] | list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ends = np.array([USUAL[name] for name in names])
    return ends[:, 0], ends[:, 1]
