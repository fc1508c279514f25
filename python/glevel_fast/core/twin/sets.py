"""The NumPy twins of the kernels that score many specialist sets and resamples; public in `reference`.

Same names, arguments and meaning as in `glevel_fast._core`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.twin.engine import Engine, levels

__all__ = ["Kept", "Modalities", "Pairs", "Resampling", "count_above", "draws", "kendall", "ranks", "summarise"]

Array = NDArray[np.float64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def draws(seed: int, first: int, n_sets: int, n: int) -> NDArray[np.uint64]:
    """uint64 (n_sets, n): random numbers by counter; a function of seed, set and place alone.

    key(i) = mix(mix(seed + G) + (i + 1) G), draw(i, j) = mix(key(i) + (j + 1) G), modulo 2^64, with
    G = 0x9e3779b97f4a7c15 and mix the finaliser of SplitMix64.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1.
    first : int
        The first set.
    n_sets, n : int

    Returns
    -------
    uint64 (n_sets, n)
    """
    sets = np.arange(first, first + n_sets, dtype=np.uint64)[:, np.newaxis]
    places = np.arange(n, dtype=np.uint64)
    with np.errstate(over="ignore"):
        start = _mix(np.array([seed], dtype=np.uint64) + GOLDEN)
        key = _mix(start + (sets + np.uint64(1)) * GOLDEN)
        return _mix(key + (places + np.uint64(1)) * GOLDEN)


class Pairs:
    """What each pair of a model and a task brings if won, and what it takes to win it."""

    def __init__(self, engine: Engine, raw: Array, threads: int = 1) -> None:
        self.engine = engine
        supported, points = engine.supported(raw), engine.map(raw)
        direction = np.where(engine.higher_is_better, 1.0, -1.0)
        self.direction = direction
        self.n_models, self.n_groups = len(raw), len(engine.percent_steps)
        with np.errstate(all="ignore"):
            self.value = np.where(supported, direction * (raw * engine.scale), np.nan)
            self.adds = (points > 0) & (engine.weight > 0)
            self.steps = np.where(self.adds, np.rint(points * engine.step_scale), 0.0).astype(np.int64)
        self.order = np.argsort(engine.group, kind="stable")
        self.starts = np.searchsorted(engine.group[self.order], np.arange(self.n_groups + 1))
        means, _, _ = engine.reduce(np.ascontiguousarray(raw), points)
        self.all_means = means[:, :, 0]
        self.base = np.where(np.isnan(engine.sota), np.inf, direction * engine.sota)

    has_tiny = False

    def thresholds(self, sota: Array, strict: bool) -> Array:
        """What a value has to reach, with +inf where there is no specialist."""
        with np.errstate(over="ignore"):
            s = self.direction * (sota * self.engine.scale)
            s = np.where(np.isnan(s), np.inf, s)
            return np.nextafter(s, np.inf) if strict else s

    def ablate(self, sota: Array, strict: bool, out: Array, decided: bool, threads: int = 1) -> NDArray[np.int64]:
        """Scores of each set into `out`, (n_sets, n_models, 4); wins decided by task."""
        return self._score(self.thresholds(sota, strict), out, decided)

    def _score(self, sets: Array, out: Array, decided: bool) -> NDArray[np.int64]:
        counts = np.zeros(sets.shape[1], dtype=np.int64)
        before = self.value >= self.base
        for row, thresholds in zip(out, sets, strict=True):
            wins = self.value >= thresholds
            means = np.zeros((self.n_models, self.n_groups, 2))
            means[:, :, 0] = self.all_means
            steps, adds = np.where(wins, self.steps, 0)[:, self.order], (wins & self.adds)[:, self.order]
            for g in range(self.n_groups):
                own = slice(self.starts[g], self.starts[g + 1])
                if self.engine.percent_steps[g] > 0:
                    total = np.maximum(steps[:, own].sum(axis=1), adds[:, own].any(axis=1))
                    means[:, g, 1] = np.minimum(total / self.engine.percent_steps[g], 100.0)
            row[:] = levels(means, self.engine.n_modalities)[0]
            if decided:
                counts += (wins != before).sum(axis=0)
        return counts

    def change(
        self,
        begin: NDArray[np.int64],
        tasks: NDArray[np.int64],
        sota: Array,
        out: Array,
        decided: bool,
        threads: int = 1,
    ) -> NDArray[np.int64]:
        """The same for sets given as changes of the benchmark's own specialists."""
        sets = np.tile(self.base, (len(begin) - 1, 1))
        rows = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
        z = sota * self.engine.scale[tasks]
        sets[rows, tasks] = np.where(np.isnan(z), np.inf, self.direction[tasks] * z)
        return self._score(sets, out, decided)

    def gains(self, tasks: NDArray[np.int64], sota: Array) -> NDArray[np.int8]:
        """int8 (n_models, n): 1 where a model gains a task's win by this raw value, -1 where it loses it.

        Parameters
        ----------
        tasks : int64 (n,)
        sota : float64 (n,)
            Raw values.

        Returns
        -------
        int8 (n_models, n)
        """
        z = sota * self.engine.scale[tasks]
        after = np.where(np.isnan(z), np.inf, self.direction[tasks] * z)
        value = self.value[:, tasks]
        return (value >= after).astype(np.int8) - (value >= self.base[tasks]).astype(np.int8)


class Resampling:
    """Results resampled by units (tasks or skills) within each group, with replacement."""

    def __init__(self, pairs: Pairs, unit: NDArray[np.int32], unit_group: NDArray[np.int32]) -> None:
        self.engine, self.n_models, self.unit_group = pairs.engine, pairs.n_models, unit_group
        n_groups, n_units = pairs.n_groups, len(unit_group)
        self.starts = np.searchsorted(unit_group, np.arange(n_groups + 1))
        heaviest = np.zeros(n_groups)
        np.maximum.at(heaviest, pairs.engine.group, pairs.engine.weight)
        heaviest[heaviest == 0.0] = 1.0
        relative = pairs.engine.weight / heaviest[pairs.engine.group]
        weight = np.bincount(unit, relative, minlength=n_units)
        self.full, self.won = np.zeros(n_units), np.zeros((2, pairs.n_models, n_units))  # lost, won
        won = pairs.value >= pairs.base
        for g in range(n_groups):
            own = np.arange(self.starts[g], self.starts[g + 1])
            bits = 38
            while np.ldexp(100.0 * weight[own].max(initial=0.0) * len(own), bits) >= 2.0**52:
                bits -= 1
            self.full[own] = np.rint(100.0 * weight[own] * 2.0**bits)
            tasks = np.flatnonzero(pairs.engine.group == g)
            if not len(tasks) or not pairs.engine.percent_steps[g]:
                continue
            per_point = pairs.engine.step_scale[tasks] / relative[tasks].clip(5e-324)
            terms = np.rint(pairs.steps[:, tasks] / per_point.max() * 2.0**bits)
            terms = np.where(pairs.adds[:, tasks], np.maximum(terms, 1.0), 0.0)
            for k, mask in enumerate((~won[:, tasks], won[:, tasks])):
                np.add.at(self.won[k].T, unit[tasks], np.where(mask, terms, 0.0).T)

    def scores(self, seed: int, start: int, out: Array, threads: int = 1) -> None:
        """Scores of resamples start, start + 1, ... into `out`, (n, n_models, 4)."""
        numbers = draws(seed, start, len(out), len(self.unit_group))
        sizes = np.diff(self.starts).astype(np.uint64)[self.unit_group]
        chosen = self.starts[self.unit_group] + ((numbers >> np.uint64(32)) * sizes >> np.uint64(32)).astype(np.int64)
        n_groups, m = len(self.starts) - 1, self.engine.n_modalities
        for row, units in zip(out, chosen, strict=True):
            count = np.bincount(units, minlength=len(units)).astype(np.float64)
            mean = np.zeros((n_groups, 2, self.n_models))
            for g in range(n_groups):
                own = slice(self.starts[g], self.starts[g + 1])
                drawn = float((self.full[own] * count[own]).sum())
                # Whole numbers below 2^53: exact in any order, BLAS's too.
                lost, won = (sums[:, own] @ count[own] for sums in self.won)
                per_point = 100.0 / drawn if drawn > 0 else 0.0
                mean[g] = np.minimum([(won + lost) * per_point, won * per_point], 100.0)
            by = mean[: 2 * m].reshape(m, 2, 2, self.n_models)
            s3 = (by[:, 0, 1] + by[:, 1, 1]) / 2
            with np.errstate(divide="ignore"):
                s4 = np.minimum(2 / (1 / by[:, 0, 1] + 1 / by[:, 1, 1]), s3)
            total = [
                sum(part, np.zeros(self.n_models)) / max(m, 1) for part in ((by[:, 0, 0] + by[:, 1, 0]) / 2, s3, s4)
            ]
            row[:] = np.stack([*total, total[2] * (mean[-1, 1] / 100)], axis=1)


class Modalities:
    """Results resampled by modalities, with replacement: scored anew on a plan that lists each as often as drawn."""

    def __init__(self, columns: dict[str, Any], zero_scores: bool, raw: Array) -> None:
        self.columns, self.zero_scores, self.raw = columns, zero_scores, raw

    def scores(self, seed: int, start: int, out: Array, threads: int = 1) -> None:
        """Scores of resamples start, start + 1, ... into `out`, (n, n_models, 4)."""
        n, group = self.columns["n_modalities"], self.columns["group"]
        for row, numbers in zip(out, draws(seed, start, len(out), n).tolist(), strict=True):
            tasks = [np.flatnonzero(group // 2 == (number >> 32) * n >> 32) for number in numbers]
            tasks.append(np.flatnonzero(group == 2 * n))  # language
            listed = np.concatenate(tasks)
            columns = {name: c if name == "n_modalities" else c[listed] for name, c in self.columns.items()}
            place = np.repeat(np.arange(n + 1, dtype=np.int32), [len(own) for own in tasks])
            columns["group"] = 2 * place + group[listed] % 2
            engine = Engine(**columns, zero_scores=self.zero_scores)
            row[:] = engine.score(np.ascontiguousarray(self.raw[:, listed]), threads)[0]


def ranks(scores: Array, base: Array | None = None, base_ranks: NDArray[np.uint32] | None = None) -> NDArray[np.uint32]:
    """uint32 (4, n_models): ranks of scores (n_models, 4) on each board; ties share the smaller, 0 is none.

    Parameters
    ----------
    scores : float64 (n_models, 4)
    base, base_ranks : array, optional
        Scores whose ranks are known: what spares the kernel work, and not the twin.

    Returns
    -------
    uint32 (4, n_models)
    """
    better = (scores[np.newaxis] > scores[:, np.newaxis]).sum(axis=1)
    return np.ascontiguousarray(np.where(scores > 0, better + 1, 0).T.astype(np.uint32))


def places(ranks: NDArray[np.integer[Any]], exact: int) -> NDArray[np.int64]:
    """int64, like `ranks`: where each is counted, its own place below `exact` and a band beyond.

    Parameters
    ----------
    ranks : whole numbers of any shape
        0 and above.
    exact : int
        A power of two above 1; from there on each doubling has half as many bands.

    Returns
    -------
    int64
    """
    found = ranks.astype(np.int64)
    shift = np.frexp(np.maximum(found, exact))[1] - exact.bit_length() + 1
    return np.where(found < exact, found, shift * (exact // 2) + (found >> shift))


def summarise(
    scores: Array, base: NDArray[np.uint32], to: dict[str, NDArray[Any]], exact: int, threads: int = 1
) -> NDArray[np.int32]:
    """Add scores (n_sets, n_models, 4) to the arrays of a `Summary`; how many ranks each set moves.

    Parameters
    ----------
    scores : float64 (n_sets, n_models, 4)
    base : uint32 (4, n_models)
        Ranks that moves are counted against.
    to : dict of arrays
        Of `Summary`; they are added to.
    exact : int
        As in `places`; 0 where ranks are not counted.
    threads : int

    Returns
    -------
    int32 (n_sets,)
    """
    moved = np.zeros(len(scores), dtype=np.int32)
    models = np.arange(scores.shape[1])
    boards = np.arange(4)
    for i, s in enumerate(scores):
        steps = np.rint(s * 2.0**45).astype(np.int64)
        to["high"] += steps >> 32
        to["low"] += steps & 0xFFFFFFFF
        np.minimum(to["least"], s, out=to["least"])
        np.maximum(to["most"], s, out=to["most"])
        to["levels"][models, np.where(s > 0, boards + 1, 0).max(axis=1)] += 1
        to["points"][models[:, np.newaxis], boards, np.rint(s * 100.0).astype(np.int64)] += 1
        if exact:
            held = ranks(s)
            to["ranks"][models[:, np.newaxis], boards, places(held.T, exact)] += 1
            moved[i] = (held != base).any(axis=0).sum()
    return moved


def count_above(scores: Array, threads: int = 1) -> NDArray[np.int64]:
    """int64 (n_models, n_models): in how many sets model i is above model j, from scores (n_models, n_sets).

    Parameters
    ----------
    scores : float64 (n_models, n_sets)
    threads : int

    Returns
    -------
    int64 (n_models, n_models)
    """
    return np.stack([(row > scores).sum(axis=1) for row in scores]).astype(np.int64).reshape(len(scores), len(scores))


class Kept:
    """Results compiled for many subsets of the tasks, each a benchmark of its own."""

    def __init__(
        self, points: Array, won: NDArray[np.uint8], group: NDArray[np.int32], weight: Array, n_modalities: int,
        threads: int = 1,
    ) -> None:  # fmt: skip
        adds = (points > 0) & (weight > 0)
        self.parts = [np.where(mask, points, 0.0) for mask in (adds, adds & (won != 0))]
        self.group, self.weight, self.n_modalities = group, weight, n_modalities

    def scores(self, keep: NDArray[np.uint8], out: Array, threads: int = 1) -> None:
        """Scores of each subset into `out`, (n_sets, n_models, 4)."""
        for row, kept in zip(out, keep != 0, strict=True):
            means: list[Array] = []
            for m in range(self.n_modalities):
                own = [kept & (self.group == 2 * m + p) for p in range(2)]
                if any(tasks.any() for tasks in own):
                    means += map(self._means, own)
            means.append(self._means(kept & (self.group == 2 * self.n_modalities)))
            row[:] = levels(np.stack(means, axis=1), len(means) // 2)[0]

    def _means(self, tasks: NDArray[np.bool_]) -> Array:
        """float64 (n_models, 2): the means over all and over won tasks of one group."""
        heaviest = self.weight[tasks].max(initial=0.0)
        if heaviest == 0.0:
            return np.zeros((len(self.parts[0]), 2))
        bits = 45
        while np.ldexp(100.0 * np.count_nonzero(tasks), bits) >= 2.0**62:
            bits -= 1
        scale = np.ldexp(self.weight[tasks] / heaviest, bits)
        full = float(np.rint(100.0 * scale).astype(np.int64).sum()) / 100.0
        sums = [np.rint(part[:, tasks] * scale).astype(np.int64).sum(axis=1) for part in self.parts]
        terms = [np.maximum(s, (part[:, tasks] > 0).any(axis=1)) for s, part in zip(sums, self.parts, strict=True)]
        return np.minimum(np.stack(terms, axis=1) / full, 100.0)


def kendall(a: Array, b: Array, threads: int = 1) -> Array:
    """float64 (n_sets,): Kendall's tau-b of each row of a (n_sets, n_models) with b (n_models,).

    NaN where one of the two is constant or has a NaN. Source: Kendall, The treatment of ties in ranking problems, 1945.

    Parameters
    ----------
    a : float64 (n_sets, n_models)
    b : float64 (n_models,)
    threads : int

    Returns
    -------
    float64 (n_sets,)
    """

    def order(x: Array) -> Array:
        return (x[:, np.newaxis] > x).astype(np.float64) - (x[:, np.newaxis] < x)

    tau = np.full(len(a), np.nan)
    pairs = b.size * (b.size - 1)
    of_b = order(b)
    for i, row in enumerate(a):
        of_a = order(row)
        untied = [np.count_nonzero(one) for one in (of_a, of_b)]
        if pairs and all(untied) and not np.isnan(row).any() and not np.isnan(b).any():
            tau[i] = (of_a * of_b).sum() / 2 / np.sqrt(untied[0] / 2 * (untied[1] / 2))
    return tau
