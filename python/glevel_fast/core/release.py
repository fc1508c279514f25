"""`policy="release"`: the released scorer's numbers, quirks included (docs/spec.md section 6).

Unlike the engine's, these sums are unbounded (a Chamfer distance of 6540 enters a mean as 6540
points), so they are plain doubles, and plain NumPy is fast enough for what this is for: checking us,
and seeing what each quirk does to a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS, Benchmark
from glevel_fast.errors import InvalidScoreError

__all__ = ["cells", "known", "masked_cells", "score", "totals"]

Array = NDArray[np.float64]


def _sigmoid(constant: float) -> Callable[[Array], Array]:
    return lambda x: 2 / (1 + np.exp(-constant / x)) - 1


_MAPPINGS: dict[str, Callable[[Array], Array]] = {
    **dict.fromkeys(("MAE", "RMS"), _sigmoid(50.0)),
    **dict.fromkeys(("MSE", "RMSE", "MCD"), _sigmoid(5.0)),
    "ABSREL": _sigmoid(0.1),
    **dict.fromkeys(("EPE", "CD"), _sigmoid(1.0)),
    "FID": _sigmoid(25.0),
    "FVD": _sigmoid(100.0),
    **dict.fromkeys(("FAD", "SAD"), _sigmoid(10.0)),
    "RTE": _sigmoid(0.5),
    "PSNR": lambda x: np.tanh(x / 20),
    "WER": lambda x: 1 - x,
    "MS-SSIM": lambda x: (x + 1) / 2,
    "MOS": lambda x: (x - 1) / 4,
}


def known() -> frozenset[str]:
    """The upper-cased metric names that the released scorer maps."""
    return frozenset(_MAPPINGS)


def score(
    benchmark: Benchmark, raw: Array, models: tuple[str, ...] | None = None
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Scores and counts as the released scorer computes them.

    Parameters
    ----------
    raw : float64 (n_models, n_tasks)
        NaN and infinity both stand for a missing, unreadable or ∞ cell.

    Returns
    -------
    (overall, modality, means, supported, wins, level), notes : as in `Scores`

    Raises
    ------
    InvalidScoreError
        A mapped metric with a negative value.
    """
    points, won, supported = cells(benchmark, raw, models)
    counts = np.zeros((2, len(raw), len(benchmark.groups)), dtype=np.int32)
    for g in range(len(benchmark.groups)):
        tasks = benchmark.group_of_task == g
        counts[0, :, g], counts[1, :, g] = supported[:, tasks].sum(axis=1), won[:, tasks].sum(axis=1)
    adds = np.where(np.isfinite(points), points, 0.0)
    masked, notes = masked_cells(benchmark, raw, models)
    overall, modality, means = totals(benchmark, adds, masked)
    level = np.zeros(len(raw), dtype=np.int8)
    for k in LEVELS:
        level[overall[:, k - 2] > 0] = k
    return (overall, modality, means, counts[0], counts[1], level), notes


def masked_cells(
    benchmark: Benchmark, raw: Array, models: tuple[str, ...] | None = None
) -> tuple[Array, tuple[str, ...]]:
    """float64 (n_models, n_tasks): what each cell adds to the masked means, language as Level-5 takes it; and notes.

    NaN where the released scorer fails.
    """
    points, won, _ = cells(benchmark, raw, models)
    masked = np.where(won & np.isfinite(points), points, 0.0)
    raw, sota = _missing_as_infinity(raw), _missing_as_infinity(benchmark.sota)
    language = np.flatnonzero(benchmark.group_of_task == len(benchmark.groups) - 1)
    values, notes = _language(benchmark, raw, language, models)
    with np.errstate(invalid="ignore"):
        reached = np.isfinite(values) & np.isfinite(sota[language]) & (values >= sota[language])
    masked[:, language] = np.where(reached, values, np.where(np.isnan(values), np.nan, 0.0))
    return masked, notes


def totals(benchmark: Benchmark, adds: Array, masked: Array, weighted: bool = False) -> tuple[Array, Array, Array]:
    """S2 to S5, those of the modalities, and the means of the groups, from what each cell adds; see `Scores`.

    `weighted` uses the weights of the tasks, which the released scorer does not.
    """
    weight = benchmark.weight if weighted else np.ones(benchmark.n_tasks)
    means = np.zeros((len(adds), len(benchmark.groups), 2))
    for g in range(len(benchmark.groups)):
        tasks = benchmark.group_of_task == g
        if (total := weight[tasks].sum()) > 0:
            means[:, g, 0] = (adds[:, tasks] * weight[tasks]).sum(axis=1) / total
            means[:, g, 1] = (masked[:, tasks] * weight[tasks]).sum(axis=1) / total
    mean = means[:, :-1].reshape(len(adds), -1, 2, 2)
    s_c, s_g = mean[:, :, 0, 1], mean[:, :, 1, 1]
    with np.errstate(all="ignore"):
        s4 = np.where((s_c == 0) | (s_g == 0), 0.0, 2 * s_c * s_g / (s_c + s_g + 1e-6))
    modality = np.stack([mean[:, :, :, 0].mean(axis=2), mean[:, :, :, 1].mean(axis=2), s4], axis=2)
    overall = np.zeros((len(adds), 4))
    if modality.shape[1]:
        overall[:, :3] = modality.mean(axis=1)
    overall[:, 3] = overall[:, 2] * means[:, -1, 1] / 100
    return overall, modality, means


def cells(
    benchmark: Benchmark, raw: Array, models: tuple[str, ...] | None = None
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Each cell as the released scorer sees it; (n_models, n_tasks) each.

    Returns
    -------
    points : float64
        Mapped where the metric's name meets, raw elsewhere (language too); ±inf adds nothing.
    won, supported : bool

    Raises
    ------
    InvalidScoreError
        A mapped metric with a negative value, of a model or of a specialist.
    """
    names = [name.upper() for name in benchmark.metric]
    raw, sota_raw = _missing_as_infinity(raw), _missing_as_infinity(benchmark.sota)
    language = benchmark.group_of_task == len(benchmark.groups) - 1
    points, sota = raw.copy(), sota_raw.copy()
    with np.errstate(all="ignore"):
        for task in np.flatnonzero(~language):
            if mapping := _MAPPINGS.get(names[task]):
                if sota_raw[task] < 0:
                    raise InvalidScoreError(
                        f"task {benchmark.tasks[task]!r}: the released scorer refuses a negative "
                        f"{benchmark.metric[task]} of a specialist, here {sota_raw[task]:g}"
                    )
                _refuse_negative(benchmark, raw, int(task), models)
                points[:, task], sota[task] = _map(mapping, raw[:, task]), _map(mapping, sota_raw[task])
    valid = np.isfinite(points) & np.isfinite(sota)
    return points, valid & (points >= sota), valid & (points != 0) & (sota != 0)


def _missing_as_infinity(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.inf)


def _map(mapping: Callable[[Array], Array], values: Any) -> Any:
    absent = np.isinf(values) | (values == 0)
    return np.where(absent, 0.0, 100 * mapping(np.where(absent, 1.0, values)))


def _refuse_negative(benchmark: Benchmark, raw: Array, task: int, models: tuple[str, ...] | None) -> None:
    for row in np.flatnonzero(raw[:, task] < 0)[:1]:
        model = models[row] if models else f"model {row}"
        raise InvalidScoreError(
            f"model {model!r}, task {benchmark.tasks[task]!r}: the released scorer refuses a negative "
            f"{benchmark.metric[task]}, here {raw[row, task]:g}"
        )


def _language(
    benchmark: Benchmark, raw: Array, tasks: NDArray[np.intp], models: tuple[str, ...] | None
) -> tuple[Array, tuple[str, ...]]:
    """The language values of Level-5: raw, but for the model's (not the specialist's) of the first RMSE task."""
    values = raw[:, tasks]
    notes: tuple[str, ...] = ()
    rmse = [i for i, task in enumerate(tasks) if benchmark.metric[task].upper() == "RMSE"]
    if rmse:
        x = values[:, rmse[0]].copy()
        with np.errstate(all="ignore"):
            values[:, rmse[0]] = 100 * (2 / (1 + np.exp(-5 / x)) - 1)
        divided_by_zero = x == 0
        values[divided_by_zero, rmse[0]] = np.nan
        for row in np.flatnonzero(divided_by_zero):
            model = models[row] if models else f"model {row}"
            notes += (
                f"{model!r}: the released scorer divides by the 0 of task {benchmark.tasks[tasks[rmse[0]]]!r} "
                "and fails; its Level-5 is left out",
            )
    return values, notes
