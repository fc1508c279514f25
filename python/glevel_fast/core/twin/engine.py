"""The NumPy twin of the scoring kernels: plain, slow, and what the engine is proved against.

`Engine` takes the same columns, has the same methods and raises the same exceptions as the C++
engine (`glevel_fast._core.Engine`); `levels` is the twin of `_core.levels`. Masks, counts and levels
agree with the engine to the last bit, scores to 1e-12 relative, down to the fixed-point step (2^-45 of
a point at weight 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.rules import is_supported, reaches

__all__ = ["Engine", "levels"]

Array = NDArray[np.float64]
PERCENT, LINEAR, INVERSE, TANH = range(4)


class Engine:
    """A benchmark compiled for NumPy; the columns are those of `engine_columns`."""

    def __init__(
        self,
        *,
        n_modalities: int,
        group: NDArray[np.int32],
        kind: NDArray[np.int8],
        constant: Array,
        worst: Array,
        slope: Array,
        low: Array,
        high: Array,
        scale: Array,
        sota: Array,
        weight: Array,
        zero_scores: bool,
    ) -> None:
        n = len(group)
        if n == 0:
            raise ValueError("a plan needs at least one task")
        if any(len(c) != n for c in (kind, constant, worst, slope, low, high, scale, sota, weight)):
            raise ValueError("the columns of a plan must have the same length")
        n_groups = 2 * n_modalities + 1
        for good, what in (
            ((group >= 0) & (group < n_groups), "group out of range"),
            ((kind >= PERCENT) & (kind <= TANH), "unknown kind"),
            ((weight >= 0) & np.isfinite(weight), "weight must be finite and >= 0"),
            ((scale > 0) & np.isfinite(scale), "scale must be finite and > 0"),
            (low <= high, "empty domain"),
            ((kind > LINEAR) | (np.isfinite(slope) & (slope != 0)), "bad slope"),
            ((kind < INVERSE) | ((constant > 0) & np.isfinite(constant)), "constant must be > 0"),
        ):
            if not good.all():
                raise ValueError(f"task {np.flatnonzero(~good)[0]}: {what}")
        self.n_modalities, self.group, self.kind, self.zero_scores = n_modalities, group, kind, zero_scores
        self.constant, self.worst, self.slope = constant, worst, slope
        self.low, self.high, self.scale, self.sota, self.weight = low, high, scale, sota, weight
        self.higher_is_better = (kind == PERCENT) | (kind == TANH) | ((kind == LINEAR) & (slope > 0))
        self._make_steps(n_groups)

    def _make_steps(self, n_groups: int) -> None:
        """Fixed point: how many steps a point of each task is worth, and a point of a group's mean."""
        self.step_scale = np.zeros(len(self.group))
        self.percent_steps, self.steps_per_point = np.zeros(n_groups), np.zeros(n_groups)  # of a task of full weight
        self.equal_weights = True  # within each group
        for g in range(n_groups):
            tasks = self.group == g
            heaviest = self.weight[tasks].max(initial=0.0)
            if heaviest == 0.0:
                continue
            relative = self.weight[tasks] / heaviest
            bits = 45
            while np.ldexp(100.0 * len(relative), bits) >= 2.0**62:
                bits -= 1
            self.step_scale[tasks] = np.ldexp(relative, bits)
            self.steps_per_point[g] = np.ldexp(1.0, bits)
            self.equal_weights &= bool((relative == 1.0).all())
            full = np.rint(100.0 * self.step_scale[tasks])
            self.percent_steps[g] = float(full.astype(np.int64).sum()) / 100.0

    def supported(self, raw: Array) -> NDArray[np.bool_]:
        """bool (n_models, n_tasks): inside the domain, and not an exact 0 unless that is a score."""
        return is_supported(raw, raw * self.scale, self.low, self.high, self.zero_scores)

    def wins(self, raw: Array) -> NDArray[np.bool_]:
        """bool (n_models, n_tasks): supported and z at least as good as the specialist's."""
        return self.supported(raw) & reaches(raw * self.scale, self.sota, self.higher_is_better)

    def map(self, raw: Array, threads: int = 1) -> Array:
        """Points, float64 (n_models, n_tasks); NaN where not supported (docs/spec.md section 2)."""
        raw = self._check(raw, "raw")
        points = np.full(raw.shape, np.nan)
        supported = self.supported(raw)
        with np.errstate(all="ignore"):
            for kind, mapping in (
                (PERCENT, self._percent),
                (LINEAR, self._linear),
                (INVERSE, self._inverse),
                (TANH, self._tanh),
            ):
                tasks = np.flatnonzero(self.kind == kind)
                z = raw[:, tasks] * self.scale[tasks]
                points[:, tasks] = np.where(supported[:, tasks], mapping(z, tasks), np.nan)
        return points

    @staticmethod
    def _percent(z: Array, tasks: NDArray[np.intp]) -> Array:
        return z

    def _linear(self, z: Array, tasks: NDArray[np.intp]) -> Array:
        return np.clip((z - self.worst[tasks]) * self.slope[tasks], 0.0, 100.0)

    def _inverse(self, z: Array, tasks: NDArray[np.intp]) -> Array:
        half = self.constant[tasks] / 2
        # For a small argument tanh is the identity; dividing last keeps a denormal result whole.
        return np.where(half / z < 1e-9, 100.0 * half / z, 100.0 * np.tanh(half / z))

    def _tanh(self, z: Array, tasks: NDArray[np.intp]) -> Array:
        p = self.constant[tasks]
        return np.where(z / p < 1e-9, 100.0 * z / p, 100.0 * np.tanh(z / p))

    def reduce(self, raw: Array, points: Array, threads: int = 1) -> tuple[Array, NDArray[np.int32], NDArray[np.int32]]:
        """Means (n_models, n_groups, 2), supported and wins (n_models, n_groups) (docs/spec.md section 4)."""
        raw, points = self._check(raw, "raw"), self._check(points, "points")
        if len(raw) != len(points):
            raise ValueError("raw and points must have the same number of models")
        with np.errstate(all="ignore"):
            adds = (points > 0) & (self.weight > 0)
            steps = np.where(adds, np.rint(points * self.step_scale), 0.0).astype(np.int64)
        supported, wins = self.supported(raw), self.wins(raw)
        n_groups = len(self.percent_steps)
        means = np.zeros((len(raw), n_groups, 2))
        counts = np.zeros((2, len(raw), n_groups), dtype=np.int32)
        for g in range(n_groups):
            tasks = self.group == g
            for k, mask in enumerate((supported[:, tasks], wins[:, tasks])):
                counts[k, :, g] = mask.sum(axis=1)
                if self.percent_steps[g] > 0:
                    total = np.where(mask, steps[:, tasks], 0).sum(axis=1)
                    # Above 0 exactly where it should be: where there are terms, at least one step.
                    total = np.maximum(total, (mask & adds[:, tasks]).any(axis=1))
                    means[:, g, k] = np.minimum(total / self.percent_steps[g], 100.0)
        return means, counts[0], counts[1]

    def score(self, raw: Array, threads: int = 1) -> tuple[Any, ...]:
        """overall, modality, means, supported, wins, level, suspect: the three kernels in a row."""
        raw = self._check(raw, "raw")
        means, supported, wins = self.reduce(raw, self.map(raw))
        overall, modality, level = levels(means, self.n_modalities)
        with np.errstate(invalid="ignore"):
            z = raw * self.scale
            missing = np.isnan(raw) | (raw == np.inf) | ((raw == 0) & (not self.zero_scores))
            outside = (~missing & ~((z >= self.low) & (z <= self.high))).any(axis=1)
            percent = np.where(np.isnan(raw), -np.inf, raw)[:, (self.kind == PERCENT) & (self.weight > 0)].max(
                axis=1, initial=-np.inf
            )
        in_fractions = (supported.sum(axis=1) >= 3) & (percent > 0) & (percent <= 1)
        endless = percent == np.inf  # hides the largest finite value: worth a look
        suspect = outside | in_fractions | endless | self._fractions_of_a_group(raw, supported)
        return overall, modality, means, supported, wins, level, suspect.astype(np.uint8)

    def _fractions_of_a_group(self, raw: Array, supported: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool (n_models,): whether the supported percentages of some group (two tasks or more) are all at most 1."""
        mapped_to_itself = (self.kind == LINEAR) & (self.worst == 0) & (self.slope == 1) & (self.low == 0)
        percentage = (self.kind == PERCENT) | (mapped_to_itself & (self.scale == 1))
        found = np.zeros(len(raw), bool)
        for g in np.unique(self.group[percentage]):
            values = raw[:, percentage & (self.group == g)]
            large = ((values > 1) & np.isfinite(values)).any(axis=1)
            found |= (supported[:, g] >= 2) & (values > 0).any(axis=1) & ~large
        return found

    def overall(self, raw: Array, threads: int = 1) -> Array | None:
        """S2 to S5 alone; None where a row is suspect."""
        overall, *_, suspect = self.score(raw)
        return None if suspect.any() else overall

    def _check(self, array: Array, name: str) -> Array:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} must be a NumPy array")
        if array.dtype != np.float64 or not array.flags.c_contiguous:
            raise TypeError(f"{name} must be C-contiguous float64")
        if array.ndim != 2 or array.shape[1] != len(self.group):
            raise ValueError(f"{name} must have the shape (n_models, {len(self.group)})")
        return array


def levels(means: Array, n_modalities: int) -> tuple[Array, Array, NDArray[np.int8]]:
    """S2 to S5 and the level from group means (docs/spec.md section 4, paper section 3.2).

    Parameters
    ----------
    means : float64 (n_models, 2 n_modalities + 1, 2), or its last two axes flattened
        Mean and masked mean per group, in points; groups are modality x paradigm, then language.

    Returns
    -------
    overall float64 (n_models, 4), modality float64 (n_models, n_modalities, 3), level int8 (n_models,)
    """
    means = means.reshape(len(means), 2 * n_modalities + 1, 2)
    mean = means[:, :-1].reshape(len(means), n_modalities, 2, 2)
    c, g = mean[:, :, 0, 0], mean[:, :, 1, 0]
    s_c, s_g = mean[:, :, 0, 1], mean[:, :, 1, 1]
    s2, s3 = (c + g) / 2, (s_c + s_g) / 2
    with np.errstate(divide="ignore"):
        s4 = np.minimum(2 / (1 / s_c + 1 / s_g), s3)  # 2 S_C S_G / (S_C + S_G), 0 where either is 0
    modality = np.stack([s2, s3, s4], axis=2)
    overall = np.zeros((len(means), 4))
    if n_modalities:
        overall[:, :3] = modality.mean(axis=1)
    overall[:, 3] = overall[:, 2] * (means[:, -1, 1] / 100)
    level = np.zeros(len(means), dtype=np.int8)
    for k in (2, 3, 4, 5):
        level[overall[:, k - 2] > 0] = k
    return overall, modality, level
