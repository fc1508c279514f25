"""`policy="release"`: the released scorer's numbers, quirks included (SPEC.md section 6).

Unlike the engine's, these sums are unbounded (a Chamfer distance of 6540 enters a mean as 6540
points), so they are plain doubles, and plain NumPy is fast enough for what this is for: checking us,
and seeing what each quirk does to a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.errors import InvalidScoreError

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["cells", "known", "score"]

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
    raw, sota_raw = _missing_as_infinity(raw), _missing_as_infinity(benchmark.sota)
    names = [name.upper() for name in benchmark.metric]
    language = benchmark.group_of_task == len(benchmark.groups) - 1
    counted = np.where(np.isfinite(points), points, 0.0)

    n_groups = len(benchmark.groups)
    means = np.zeros((len(raw), n_groups, 2))
    counts = np.zeros((2, len(raw), n_groups), dtype=np.int32)
    for g in range(n_groups):
        tasks = benchmark.group_of_task == g
        n = max(int(tasks.sum()), 1)
        means[:, g, 0] = counted[:, tasks].sum(axis=1) / n
        means[:, g, 1] = np.where(won, counted, 0.0)[:, tasks].sum(axis=1) / n
        counts[0, :, g], counts[1, :, g] = supported[:, tasks].sum(axis=1), won[:, tasks].sum(axis=1)
    means[:, -1, 1], notes = _language(benchmark, names, raw, sota_raw, np.flatnonzero(language), models)

    mean = means[:, :-1].reshape(len(raw), -1, 2, 2)
    s_c, s_g = mean[:, :, 0, 1], mean[:, :, 1, 1]
    with np.errstate(all="ignore"):
        s4 = np.where((s_c == 0) | (s_g == 0), 0.0, 2 * s_c * s_g / (s_c + s_g + 1e-6))
    modality = np.stack([mean[:, :, :, 0].mean(axis=2), mean[:, :, :, 1].mean(axis=2), s4], axis=2)
    overall = np.zeros((len(raw), 4))
    if modality.shape[1]:
        overall[:, :3] = modality.mean(axis=1)
    overall[:, 3] = overall[:, 2] * means[:, -1, 1] / 100
    level = np.zeros(len(raw), dtype=np.int8)
    for k in (2, 3, 4, 5):
        level[overall[:, k - 2] > 0] = k
    return (overall, modality, means, counts[0], counts[1], level), notes


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
    benchmark: Benchmark,
    names: list[str],
    raw: Array,
    sota: Array,
    tasks: NDArray[np.intp],
    models: tuple[str, ...] | None,
) -> tuple[Array, tuple[str, ...]]:
    """S_L: every value raw, but for the model's value (not the specialist's) of the first RMSE task."""
    values = raw[:, tasks]
    notes: tuple[str, ...] = ()
    rmse = [i for i, task in enumerate(tasks) if names[task] == "RMSE"]
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
    with np.errstate(invalid="ignore"):
        won = np.isfinite(values) & np.isfinite(sota[tasks]) & (values >= sota[tasks])
    total = np.where(won, values, 0.0).sum(axis=1) / max(len(tasks), 1)
    return np.where(np.isnan(values).any(axis=1), np.nan, total), notes
