"""What the benchmarks of many specialist sets, resamples and updates work on, and who they are compared with."""

from __future__ import annotations

import itertools

import numpy as np
import workload

import glevel_fast as gl
from glevel_fast import reference
from glevel_fast.uncertainty.resamplers import resampler

N_MODELS, N_TASKS, N_SETS = 1000, 702, 400


class Case:
    """One benchmark, its results, and the sets that the ratios are about.

    With `missing`, that share of all values is missing at random: then every model has tasks in every group, and no set
    spares the kernels a group that can have no score.
    """

    def __init__(self, missing: float | None = None) -> None:
        self.benchmark = workload.benchmark()
        self.raw = workload.raw(self.benchmark, N_MODELS)
        if missing is not None:
            self.raw = self._everywhere(missing)
        self.scorer, self.twin = gl.Scorer(self.benchmark), reference.Scorer(self.benchmark)
        self.prepared, self.twin_prepared = self.scorer.prepare(self.raw), self.twin.prepare(self.raw)
        rng = np.random.default_rng(2)
        low = np.array([m.lowest for m in self.benchmark.metrics])
        high = np.array([m.highest for m in self.benchmark.metrics])
        self.dense = np.clip(self.benchmark.sota * rng.uniform(0.3, 1.7, (N_SETS, N_TASKS)), low, high)
        self.perturbed = gl.SpecialistSets.perturbed(self.benchmark, N_SETS, seed=3).matrix()
        tasks = rng.choice(N_TASKS, 30, replace=False)
        self.thirty = np.tile(self.benchmark.sota, (N_SETS, 1))
        self.thirty[:, tasks] = self.dense[:, tasks]
        self.leave_one_out = gl.SpecialistSets.leave_one_out(self.benchmark)
        self._outputs: dict[int, np.ndarray] = {}

    def _everywhere(self, missing: float):
        """Raw values of three to thirteen tenths of the specialists', inside their domains."""
        rng = np.random.default_rng(7)
        with np.errstate(over="ignore"):  # of domains without an end
            low, high = (self.benchmark.mapping[end] / self.benchmark.scale for end in ("low", "high"))
        values = self.benchmark.sota * rng.uniform(0.3, 1.3, (N_MODELS, N_TASKS))
        return np.where(rng.random(values.shape) < missing, np.nan, np.clip(values, low, high))

    def out(self, n):
        """Scores of n sets, in memory that is there already, as a run in pieces has it; rivals use it too."""
        return self._outputs.setdefault(n, np.zeros((n, N_MODELS, 4)))

    def ours(self, sets, threads):
        """Scores of all sets from values that are prepared once, as the rivals' are."""
        if isinstance(sets, np.ndarray):
            out = self.out(len(sets))
            self.prepared.pairs.ablate(sets, False, out, False, threads)
        else:
            out = self.out(sets.n)
            self.prepared.pairs.change(*sets.changes(0, sets.n), out, False, threads)
        return out

    def compared(self, sets):
        """Three of the sets replaced so that no pair is decided for all: each is compared with every specialist."""
        nobody = np.full(N_TASKS, np.nan)
        ends = np.stack([np.fmin.reduce(self.raw), np.fmax.reduce(self.raw), nobody])  # NaN where there is no value
        return np.concatenate([ends, sets[3:]])

    def numpy(self, sets):
        out = np.empty((len(sets), N_MODELS, 4))
        self.twin_prepared.pairs.ablate(sets, False, out, False)
        return out


def numba_kernel():
    """The best numba version we know: sets abreast, sums in int64, tasks by group, a tile that stays in cache."""
    numba = __import__("numba")

    @numba.njit(parallel=True, fastmath=False, error_model="numpy")
    def ablate(value, steps, thresholds, starts, percent_steps, level2, out):
        n_models, n_sets, n_groups = value.shape[0], out.shape[0], len(starts) - 1
        tile, n_modalities = 64, (n_groups - 1) // 2
        for block in numba.prange((n_models + 15) // 16):
            won = np.zeros((n_groups, tile), np.int64)
            for first in range(0, n_sets, tile):
                here = min(tile, n_sets - first)
                for model in range(block * 16, min(block * 16 + 16, n_models)):
                    won[:] = 0
                    for g in range(n_groups):
                        row = won[g]
                        for t in range(starts[g], starts[g + 1]):
                            v, s = value[model, t], steps[model, t]
                            if v != v:
                                continue
                            own = thresholds[first // tile, t]
                            for i in range(tile):
                                row[i] += s if v >= own[i] else 0
                    for i in range(here):
                        total3, total4 = 0.0, 0.0
                        for m in range(n_modalities):
                            c = min(won[2 * m, i] / percent_steps[2 * m], 100.0)
                            g = min(won[2 * m + 1, i] / percent_steps[2 * m + 1], 100.0)
                            s3 = (c + g) / 2.0
                            total3 += s3
                            if c > 0.0 and g > 0.0:
                                total4 += min(2.0 / (1.0 / c + 1.0 / g), s3)
                        s4 = total4 / n_modalities
                        language = min(won[n_groups - 1, i] / percent_steps[n_groups - 1], 100.0)
                        out[first + i, model, 0] = level2[model]
                        out[first + i, model, 1] = total3 / n_modalities
                        out[first + i, model, 2] = s4
                        out[first + i, model, 3] = s4 * (language / 100.0)

    return ablate


class Numba:
    def __init__(self, case: Case) -> None:
        twin = case.twin_prepared.pairs
        self.pairs, self.kernel = twin, numba_kernel()
        self.value = np.ascontiguousarray(twin.value[:, twin.order])
        self.steps = np.ascontiguousarray(twin.steps[:, twin.order])
        self.percent_steps = np.where(twin.engine.percent_steps > 0, twin.engine.percent_steps, 1.0)
        self.level2 = case.prepared.scores.overall[:, 0].copy()
        self.outputs: dict[int, np.ndarray] = {}
        self(case.dense[:64], 1)  # compile

    def __call__(self, sets, threads):
        import numba

        numba.set_num_threads(threads)
        padded = np.full((-(-len(sets) // 64) * 64, N_TASKS), np.inf)
        padded[: len(sets)] = self.pairs.thresholds(sets, False)[:, self.pairs.order]
        tiles = np.ascontiguousarray(padded.reshape(-1, 64, N_TASKS).transpose(0, 2, 1))
        out = self.outputs.setdefault(len(sets), np.zeros((len(sets), N_MODELS, 4)))
        self.kernel(self.value, self.steps, tiles, self.pairs.starts, self.percent_steps, self.level2, out)
        return out


def resample(case: Case, n: int, threads: int):
    """Scores of n resamples, in pieces of 64: S2 to S5 of each, of which the last piece is returned."""
    drawn = resampler(case.prepared, "task")
    out = np.empty((min(n, 512), N_MODELS, 4))
    for first in range(0, n, 512):
        drawn.scores(0, first, out[: min(512, n - first)], threads)
    return out[: n - (n - 1) // 512 * 512]


def resample_blas(case: Case, n: int):
    """NumPy with BLAS: counts by bincount, sums by matrix products, scores for all resamples of a piece at once."""
    twin = case.twin.backend.Resampling(case.twin_prepared.pairs, *_units(case.benchmark))
    m = len(case.benchmark.modalities)
    sums = [np.ascontiguousarray(part.T) for part in twin.won]
    for first in range(0, n, 512):
        size = min(512, n - first)
        numbers = reference.draws(0, first, size, N_TASKS)
        of_unit = np.diff(twin.starts).astype(np.uint64)[twin.unit_group]
        chosen = twin.starts[twin.unit_group] + ((numbers >> np.uint64(32)) * of_unit >> np.uint64(32)).astype(np.int64)
        chosen += np.arange(size)[:, np.newaxis] * N_TASKS
        counts = np.bincount(chosen.reshape(-1), minlength=size * N_TASKS).reshape(size, N_TASKS).astype(np.float64)
        mean = np.empty((2 * m + 1, 2, size, N_MODELS))
        for g in range(2 * m + 1):
            own = slice(twin.starts[g], twin.starts[g + 1])
            per_point = 100.0 / (counts[:, own] @ twin.full[own])[:, np.newaxis]
            lost, won = (counts[:, own] @ part[own] for part in sums)
            mean[g] = np.minimum((won + lost) * per_point, 100.0), np.minimum(won * per_point, 100.0)
        out = _levels(mean, m)
    return out


def _levels(mean, m):
    by = mean[: 2 * m].reshape(m, 2, 2, *mean.shape[2:])
    s3 = (by[:, 0, 1] + by[:, 1, 1]) / 2
    with np.errstate(divide="ignore"):
        s4 = np.minimum(2 / (1 / by[:, 0, 1] + 1 / by[:, 1, 1]), s3)
    totals = [part.sum(axis=0) / m for part in ((by[:, 0, 0] + by[:, 1, 0]) / 2, s3, s4)]
    return np.stack([*totals, totals[2] * (mean[-1, 1] / 100)], axis=-1)


def resample_naive(case: Case, n: int):
    """As one writes it down: gather the drawn tasks of all models, compare, mask, average, resample by resample."""
    pairs = case.twin_prepared.pairs
    unit, unit_group = _units(case.benchmark)
    task_of = np.argsort(unit)
    points = pairs.steps * 2.0**-45
    starts = np.searchsorted(unit_group, np.arange(unit_group[-1] + 2))
    m = len(case.benchmark.modalities)
    for r in range(n):
        numbers = reference.draws(0, r, 1, N_TASKS)[0]
        sizes = np.diff(starts).astype(np.uint64)[unit_group]
        tasks = task_of[starts[unit_group] + ((numbers >> np.uint64(32)) * sizes >> np.uint64(32)).astype(np.int64)]
        z, y = pairs.value[:, tasks], points[:, tasks]
        supported = np.where(np.isnan(z), 0.0, y)
        won = np.where(z >= pairs.base[tasks], y, 0.0)
        groups = list(itertools.pairwise(starts))
        mean = np.stack([[part[:, a:b].mean(axis=1) for part in (supported, won)] for a, b in groups])
        out = _levels(mean, m)
    return out


def _units(benchmark: gl.Benchmark):
    order = np.argsort(benchmark.group_of_task, kind="stable")
    unit = np.empty(N_TASKS, np.int32)
    unit[order] = np.arange(N_TASKS)
    return unit, benchmark.group_of_task[order].astype(np.int32)


class Updates:
    """A board, and what may change in it: calls that update, beside what the same takes from scratch."""

    KINDS = ("changed sigma", "new task", "removed task", "new model", "corrected cell")

    def __init__(self, n_models: int) -> None:
        self.benchmark = workload.benchmark()
        self.raw = workload.raw(self.benchmark, n_models)
        self.models = [f"m{i}" for i in range(n_models)]
        self.scorer = gl.Scorer(self.benchmark)
        self.scores = self.scorer.score(gl.Results.from_array(self.models, self.raw, self.benchmark))
        task, column = self.benchmark.tasks[5], self.raw[:, 6].tolist()
        new = {"modality": "image", "paradigm": "generation", "metric": self.benchmark.metric[6], "sota": 50.0}
        row = dict(zip(self.benchmark.tasks, self.raw[0].tolist(), strict=True))
        self.changes = {
            "changed sigma": {"specialists": {task: float(np.nanmedian(self.raw[:, 5]))}},
            "new task": {"add_tasks": {"new": new | {"values": dict(zip(self.models, column, strict=True))}}},
            "removed task": {"remove_tasks": [task]},
            "new model": {"add_models": {"new": row}},
            "corrected cell": {"cells": {("m3", task): float(self.raw[7, 5])}},
        }

    def update(self, kind):
        return self.scorer.update(self.scores, **self.changes[kind])

    def scratch(self, updated, results=True):
        """From the columns of a benchmark, and results or a matrix, to scores."""
        old, given = updated.scorer.benchmark, updated.results
        bench = gl.Benchmark(old.tasks, old.modality, old.paradigm, old.metric, old.sota, scale=old.scale)
        given = given if results else gl.Results.from_array(given.models, given.values, bench)
        return gl.Scorer(bench).score(given)
