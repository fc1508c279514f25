"""Other ways to compute the same scores, each as well as an expert of that tool would write it.

Every peer takes the benchmark once and is then called with raw values, float64 (n_models, n_tasks) in the engine's
column order, none outside its domain. It returns overall scores (n_models, 4), supported and won tasks per group
(n_models, n_groups). Peers are spared what the engine also does: weights, scales, checks of domains and units, and a
sum whose bits do not depend on its order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

import glevel_fast as gl
from glevel_fast.core.compiled import engine_columns

Array = NDArray[np.float64]
Answer = tuple[Any, Any, Any]
Peer = Callable[[Array], Answer]


@dataclass(frozen=True)
class Layout:
    """The benchmark as peers want it: column ranges of percentages and of the others per group, and constants."""

    n_percent: int
    percent: NDArray[np.int64]  # (n_groups + 1,): where each group's percentages begin
    general: NDArray[np.int64]  # the same for the other tasks, counted from n_percent
    size: Array  # tasks per group
    sota: Array  # (n_tasks,), times sign
    sign: Array  # (n_general,): -1 where lower is better
    inverse: NDArray[np.bool_]  # (n_general,), as what follows
    linear: NDArray[np.bool_]
    constant: Array  # the mapping is tanh(constant / z) or tanh(z / constant)
    worst: Array
    slope: Array

    @property
    def n_groups(self) -> int:
        return len(self.size)

    @property
    def group(self) -> NDArray[np.int64]:
        """Group of every column."""
        groups = np.arange(self.n_groups)
        return np.concatenate([np.repeat(groups, np.diff(begins)) for begins in (self.percent, self.general)])


def layout(benchmark: gl.Benchmark) -> Layout:
    """The layout of a benchmark in the engine's column order, of weight 1."""
    columns = engine_columns(benchmark)
    kind, group = columns["kind"], columns["group"]
    n_percent, n_groups = int(np.count_nonzero(kind == 0)), len(benchmark.groups)
    scale = columns["scale"]
    if (kind[:n_percent] != 0).any() or (scale[:n_percent] != 1).any() or (columns["weight"] != 1).any():
        raise ValueError("the peers need the engine's column order, and weights of 1")
    kind, inverse, linear = kind[n_percent:], kind[n_percent:] == 2, kind[n_percent:] == 1
    scale = scale[n_percent:]  # goes into the constants
    slope = columns["slope"][n_percent:] * scale
    sign = np.where(inverse | (linear & (slope < 0)), -1.0, 1.0)
    sota = columns["sota"].copy()
    sota[n_percent:] *= sign / scale
    worst = columns["worst"][n_percent:] / scale
    constant = np.where(inverse, columns["constant"][n_percent:] / 2, columns["constant"][n_percent:])
    groups = np.arange(n_groups + 1)
    return Layout(
        n_percent,
        np.searchsorted(group[:n_percent], groups),
        np.searchsorted(group[n_percent:], groups),
        np.bincount(group, minlength=n_groups).astype(np.float64),
        sota, sign, inverse, linear, np.where(linear, 1.0, constant / scale), worst, slope,
    )  # fmt: skip


def levels(mean: Any, won: Any, xp: Any) -> Any:
    """S2 to S5, (n_models, 4), from means (n_models, n_groups), with NumPy or what looks like it."""
    n = mean.shape[0]
    c, g = mean[:, :-1].reshape(n, -1, 2)[..., 0], mean[:, :-1].reshape(n, -1, 2)[..., 1]
    s_c, s_g = won[:, :-1].reshape(n, -1, 2)[..., 0], won[:, :-1].reshape(n, -1, 2)[..., 1]
    both = s_c + s_g
    s4 = xp.where(both > 0, 2 * s_c * s_g / xp.where(both > 0, both, 1.0), 0.0).mean(axis=1)
    return xp.stack([((c + g) / 2).mean(axis=1), (both / 2).mean(axis=1), s4, s4 * won[:, -1] / 100], axis=1)


def numpy_reference(benchmark: gl.Benchmark) -> Peer:
    """The reference that proves the engine: plain, and with all that the engine checks."""
    scorer = gl.reference.Scorer(benchmark)

    def score(raw: Array) -> Answer:
        scores = scorer.score(raw)
        return scores.overall, scores.supported, scores.wins

    return score


def numpy_tuned(benchmark: gl.Benchmark) -> Peer:
    """Blocks of models that stay in the cache, whole rows instead of picked columns, group sums as one product."""
    at = layout(benchmark)
    first, rows = at.n_percent, 128
    onehot = np.eye(at.n_groups)[at.group]
    buffer = np.empty((4, rows, benchmark.n_tasks))

    def block(raw: Array, sums: Array) -> None:
        terms = buffer[:, : len(raw)]
        points, points_won, supported, won = terms
        np.fmax(raw[:, :first], 0.0, out=points[:, :first])  # NaN becomes 0
        np.greater(points[:, :first], 0.0, out=supported[:, :first])
        np.greater_equal(points[:, :first], at.sota[:first], out=won[:, :first])
        z = raw[:, first:]
        has = (z == z) & (z != 0.0)
        mapped = np.where(at.inverse, at.constant / z, z / at.constant)
        np.tanh(mapped, out=mapped)
        mapped *= 100.0
        mapped[:, at.linear] = np.clip((z[:, at.linear] - at.worst[at.linear]) * at.slope[at.linear], 0.0, 100.0)
        points[:, first:] = np.where(has, mapped, 0.0)
        supported[:, first:] = has
        won[:, first:] = has & (z * at.sign >= at.sota[first:])
        np.multiply(points, won, out=points_won)
        np.matmul(terms, onehot, out=sums)

    def score(raw: Array) -> Answer:
        sums = np.empty((4, len(raw), at.n_groups))
        with np.errstate(all="ignore"):
            for begin in range(0, len(raw), rows):
                block(raw[begin : begin + rows], sums[:, begin : begin + rows])
        overall = levels(sums[0] / at.size, sums[1] / at.size, np)
        return overall, sums[2].astype(np.int32), sums[3].astype(np.int32)

    return score


def numba_serial(benchmark: gl.Benchmark) -> Peer:
    return _numba(benchmark, parallel=False)


def numba_parallel(benchmark: gl.Benchmark) -> Peer:
    return _numba(benchmark, parallel=True)


def _numba(benchmark: gl.Benchmark, parallel: bool) -> Peer:
    from peers_numba import score_all_parallel, score_all_serial

    at = layout(benchmark)
    kernel = score_all_parallel if parallel else score_all_serial
    arguments = (at.percent, at.general, at.size, at.sota[: at.n_percent], at.sota[at.n_percent :], at.sign, at.inverse,
                 at.linear, at.constant, at.worst, at.slope)  # fmt: skip

    def score(raw: Array) -> Answer:
        overall = np.empty((len(raw), 4))
        counts = np.empty((2, len(raw), at.n_groups), dtype=np.int32)
        kernel(raw, *arguments, overall, counts[0], counts[1])
        return overall, counts[0], counts[1]

    return score


def jax_jit(benchmark: gl.Benchmark) -> Peer:
    """One fused XLA computation in double precision, on every core that XLA takes."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    import jax.numpy as jnp

    at = layout(benchmark)
    onehot = jnp.asarray(np.eye(at.n_groups)[at.group])
    sign = np.concatenate([np.ones(at.n_percent), at.sign])

    @jax.jit
    def compute(raw: Any) -> Answer:
        supported = (raw == raw) & (raw != 0.0)
        won = supported & (raw * sign >= at.sota)
        z = raw[:, at.n_percent :]
        curved = 100.0 * jnp.tanh(jnp.where(at.inverse, at.constant / z, z / at.constant))
        straight = jnp.clip((z - at.worst) * at.slope, 0.0, 100.0)
        y = jnp.concatenate([raw[:, : at.n_percent], jnp.where(at.linear, straight, curved)], axis=1)

        def per_group(values: Any) -> Any:
            return values @ onehot

        overall = levels(
            per_group(jnp.where(supported, y, 0.0)) / at.size, per_group(jnp.where(won, y, 0.0)) / at.size, jnp
        )
        n_supported, n_won = (per_group(mask.astype(jnp.float64)) for mask in (supported, won))
        return overall, n_supported.astype(jnp.int32), n_won.astype(jnp.int32)

    def score(raw: Array) -> Answer:
        return jax.block_until_ready(compute(raw))  # type: ignore[no-any-return]

    return score


def polars_long(benchmark: gl.Benchmark) -> Peer:
    """One lazy query over tidy long tables, sorted by model and group, on every core that polars takes.

    A wide query of horizontal sums takes five times as long. What is timed starts from polars' own columns, constants
    joined: turning the matrix into them is not counted.
    """
    import polars as pl

    at = layout(benchmark)
    first, n_groups = at.n_percent, at.n_groups
    z, is_won = pl.col("z"), pl.col("won")
    prepared: dict[int, Any] = {}

    def long(raw: Array, **constants: Any) -> Any:
        """One row per supported value; `key` is model x n_groups + group."""
        n = len(raw)
        group = at.group[:first] if raw.shape[1] == first else at.group[first:]
        table = pl.DataFrame(
            {"key": (np.arange(n)[:, None] * n_groups + group).ravel(), "z": raw.ravel()}
            | {name: np.tile(values, n) for name, values in constants.items()}
        )
        return table.filter(z.is_not_nan() & (z != 0)).sort("key").lazy()

    def tables(raw: Array) -> Any:
        if id(raw) not in prepared:
            percent = long(raw[:, :first], sota=at.sota[:first])
            general = long(
                raw[:, first:], sota=at.sota[first:], sign=at.sign, inverse=at.inverse, linear=at.linear,
                constant=at.constant, worst=at.worst, slope=at.slope,
            )  # fmt: skip
            prepared[id(raw)] = percent, general, raw
        return prepared[id(raw)][:2]

    def score(raw: Array) -> Answer:
        percent, general = tables(raw)
        percent = percent.select("key", y=z, won=z >= pl.col("sota"))
        straight = ((z - pl.col("worst")) * pl.col("slope")).clip(0.0, 100.0)
        curved = 100.0 * pl.when("inverse").then(pl.col("constant") / z).otherwise(z / pl.col("constant")).tanh()
        general = general.select(
            "key",
            y=pl.when("linear").then(straight).otherwise(curved),
            won=z * pl.col("sign") >= pl.col("sota"),
        )
        sums = [pl.col("y").sum(), (pl.col("y") * is_won).sum().alias("y_won"), pl.len(), is_won.sum()]
        parts = [part.group_by("key").agg(sums) for part in (percent, general)]
        found = pl.concat(parts).group_by("key").agg(pl.all().sum()).collect()
        at_key = found["key"].to_numpy()

        def per_group(column: str) -> Array:
            table = np.zeros(len(raw) * n_groups)
            table[at_key] = found[column].to_numpy()
            return table.reshape(len(raw), n_groups)

        overall = levels(per_group("y") / at.size, per_group("y_won") / at.size, np)
        return overall, per_group("len").astype(np.int32), per_group("won").astype(np.int32)

    return score


@dataclass(frozen=True)
class Entry:
    name: str
    module: str  # what has to be installed
    make: Callable[[gl.Benchmark], Peer]
    threads: int  # 0: as many as the tool takes

    @property
    def installed(self) -> bool:
        return find_spec(self.module) is not None


PEERS = (
    Entry("NumPy reference", "numpy", numpy_reference, 1),
    Entry("tuned NumPy", "numpy", numpy_tuned, 1),
    Entry("numba", "numba", numba_serial, 1),
    Entry("numba parallel", "numba", numba_parallel, 2),
    Entry("polars", "polars", polars_long, 0),
    Entry("JAX", "jax", jax_jit, 0),
)
