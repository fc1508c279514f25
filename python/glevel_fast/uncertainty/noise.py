"""Sample noise: how a task's value would differ on other test items, from its standard error or number of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.results import Results
from glevel_fast.errors import GLevelError

if TYPE_CHECKING:
    from glevel_fast.uncertainty.prepared import Prepared

__all__ = ["Noisy", "standard_errors"]

Array = NDArray[np.float64]
STREAM = 0x53414D504C45
"""What tells the draws of noise from those of tasks, whatever the seed."""


def standard_errors(prepared: Prepared) -> Array:
    """float64 (n_models, n_tasks): the standard error of each supported value in its own unit, NaN where not known.

    The results' own where they have it. Else, of a percentage over n samples, that of a share of n with two successes
    and two failures more, which is not 0 where all or none succeed. Source: Agresti and Coull, Approximate is better
    than "exact" for interval estimation of binomial proportions, 1998.

    Raises
    ------
    GLevelError
        No value has either.
    """
    given, bench = prepared.scores.given, prepared.scorer.benchmark
    errors = np.full(prepared.raw.shape, np.nan)
    if isinstance(given, Results):
        if given.stderr is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = prepared.raw / given.values  # 100 where fractions were scaled
            errors = given.stderr * np.where(np.isfinite(scaled), scaled, 1.0)
        if given.n is not None:
            percent = np.array([metric.is_percent for metric in bench.metrics])
            share = np.clip(prepared.raw * bench.scale / 100.0, 0.0, 1.0)
            share = (share * given.n + 2.0) / (given.n + 4.0)
            binomial = 100.0 * np.sqrt(share * (1.0 - share) / (given.n + 4.0)) / bench.scale
            errors = np.where(np.isnan(errors) & percent & (given.n > 0), binomial, errors)
    supported = ~np.isnan(prepared.scorer.compiled.engine.map(prepared.raw, 1))
    errors = np.where(supported, errors, np.nan)
    if np.isnan(errors).all():
        raise GLevelError(
            "sampling='both' needs the standard error (stderr) of values, or of percentages the number of samples (n): "
            "a long table may hold them, and glevel import keeps them"
        )
    return errors


class Noisy:
    """Resamples in each of which every value is another: normal around itself, held inside its metric's domain.

    Models are moved independently, as if each had been tested on items of its own. What a resample holds depends on
    seed and resample alone.

    Parameters
    ----------
    prepared : Prepared
    make : callable
        A resampler of tasks or skills, for `Prepared` with other values.

    Attributes
    ----------
    errors : float64 (n_models, n_tasks)
        See `standard_errors`; 0 where not known.
    known : (int, int)
        How many supported values have an error, and how many there are.
    """

    def __init__(self, prepared: Prepared, make: Callable[[Prepared], Any]) -> None:
        errors = standard_errors(prepared)
        self.prepared, self.make, self.errors = prepared, make, np.nan_to_num(errors, nan=0.0)
        bench = prepared.scorer.benchmark
        low, high = (np.array([getattr(m, end) for m in bench.metrics]) for end in ("lowest", "highest"))
        low = np.where(low == 0.0, 1e-300, low)  # an exact 0 would be "not supported"
        self.low, self.high = low / bench.scale, high / bench.scale
        self.known = int(np.count_nonzero(~np.isnan(errors))), int(prepared.scores.supported.sum())

    def values(self, seed: int, resample: int) -> Array:
        """float64 (n_models, n_tasks): the raw values of one resample."""
        raw = self.prepared.raw
        draws = self.prepared.scorer.backend.draws((seed + STREAM) % 2**64, resample, 1, 2 * raw.size)[0]
        uniform = ((draws >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        radius = np.sqrt(-2.0 * np.log(uniform[: raw.size]))  # Box and Muller, 1958
        normal = (radius * np.cos(2.0 * np.pi * uniform[raw.size :])).reshape(raw.shape)
        moved = np.clip(raw + self.errors * normal, self.low, self.high)
        return np.ascontiguousarray(np.where(self.errors > 0, moved, raw))

    def scores(self, seed: int, start: int, out: Array, threads: int) -> None:
        """Scores of resamples start, start + 1, ... into `out`, (n, n_models, 4)."""
        scorer = self.prepared.scorer
        for i in range(len(out)):
            raw = self.values(seed, start + i)
            pairs = scorer.backend.Pairs(scorer.compiled.engine, raw, threads)
            self.make(replace(self.prepared, raw=raw, pairs=pairs)).scores(seed, start + i, out[i : i + 1], 1)
