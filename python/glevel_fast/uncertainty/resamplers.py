"""What makes scores of resamples: of tasks, skills or modalities, with or without sample noise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.compiled import engine_columns
from glevel_fast.uncertainty.influence import Unit, units_of_tasks
from glevel_fast.uncertainty.noise import Noisy

if TYPE_CHECKING:
    from glevel_fast.uncertainty.prepared import Prepared

__all__ = ["resampler", "sampler"]

Array = NDArray[np.float64]


def sampler(prepared: Prepared, unit: Unit, sampling: str, rows: Sequence[int] | None = None) -> Any:
    make = partial(resampler, unit=unit, rows=rows)
    return make(prepared) if sampling == "tasks" else Noisy(prepared, make)


def resampler(prepared: Prepared, unit: Unit, rows: Sequence[int] | None = None) -> Any:
    """What makes scores of resamples; of some models only, where their rows are given."""
    if unit == "modality":
        raw = prepared.raw if rows is None else prepared.raw[list(rows)]
        if twin := getattr(prepared.scorer.backend, "Modalities", None):
            return twin(engine_columns(prepared.scorer.benchmark), prepared.scorer.zero == "score", raw)
        return _Modalities(prepared, rows)
    scorer, benchmark = prepared.scorer, prepared.scorer.benchmark
    pairs = prepared.pairs
    if rows is not None:
        pairs = scorer.backend.Pairs(scorer.compiled.engine, np.ascontiguousarray(prepared.raw[list(rows)]), 1)
    unit_of_task, unit_group = units_of_tasks(benchmark, unit)
    return scorer.backend.Resampling(pairs, unit_of_task, unit_group)


class _Modalities:
    """Modalities drawn with replacement; each keeps its scores, and language stays as it is."""

    def __init__(self, prepared: Prepared, rows: Sequence[int] | None) -> None:
        scores = prepared.scores
        which = slice(None) if rows is None else list(rows)
        self._modality = scores.modality[which]
        self._language = scores.language[which]
        self._draws = prepared.scorer.backend.draws

    def scores(self, seed: int, start: int, out: Array, threads: int) -> None:
        m = self._modality.shape[1]
        drawn = ((self._draws(seed, start, len(out), m) >> np.uint64(32)) * np.uint64(m)) >> np.uint64(32)
        out[:] = 0.0
        for modality in range(m):
            count = (drawn == modality).sum(axis=1).astype(np.float64)
            out[:, :, :3] += count[:, np.newaxis, np.newaxis] * self._modality[:, modality]
        out[:, :, :3] /= max(m, 1)
        out[:, :, 3] = out[:, :, 2] * (self._language / 100.0)
