"""The mapping alone: time against NumPy's tanh, and error by mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import workload
from timing import interleaved

import glevel_fast as gl
from glevel_fast.core.compiled import engine_columns

NS = 1e9


def test_mapping(benchmark, board, bench, raw):
    """The 98 mapped tasks as a benchmark of their own, so that nothing else is in the way."""
    mapped = np.flatnonzero(engine_columns(bench)["kind"] != 0)
    part = workload.reordered(bench, mapped)
    values = np.ascontiguousarray(raw[:, mapped])
    scorer, reference = gl.Scorer(part), gl.reference.Scorer(part)
    columns = engine_columns(part)
    inverse, linear = columns["kind"] == 2, columns["kind"] == 1
    constant = np.where(inverse, columns["constant"] / 2, np.where(linear, 1.0, columns["constant"]))
    straight = np.flatnonzero(linear)
    scale = columns["scale"]  # goes into the constants
    constant = constant / scale
    worst, slope = (columns["worst"] / scale)[straight], (columns["slope"] * scale)[straight]
    with np.errstate(over="ignore"):
        low, high = columns["low"] / scale, columns["high"] / scale

    def tuned() -> np.ndarray:
        with np.errstate(all="ignore"):
            y = np.where(inverse, constant / values, values / constant)
            np.tanh(y, out=y)
            y *= 100.0
            y[:, straight] = np.clip((values[:, straight] - worst) * slope, 0.0, 100.0)
            y[~((values >= low) & (values <= high) & (values != 0.0))] = np.nan
        return y

    ours = scorer.map(values, threads=1)
    np.testing.assert_allclose(tuned(), ours, rtol=1e-12)
    np.testing.assert_allclose(reference.map(values), ours, rtol=1e-12)
    buffer = np.empty_like(values)
    best = interleaved({
        "ours": lambda: scorer.map(values, threads=1),
        "reference": lambda: reference.map(values),
        "tuned": tuned,
        "tanh": lambda: np.tanh(values, out=buffer),
    }, seconds=2.0)  # fmt: skip
    ns = {name: seconds / values.size * NS for name, seconds in best.items()}
    board.row(
        "mapping", best["tuned"] / best["ours"],
        detail=f"{ns['ours']:.2f} ns per value against {ns['tuned']:.2f} of tuned NumPy; the NumPy reference "
        f"{ns['reference']:.2f} ({best['reference'] / best['ours']:.1f}x), numpy.tanh alone {ns['tanh']:.2f}",
    )  # fmt: skip
    benchmark.group = "mapping"
    benchmark.pedantic(lambda: scorer.map(values, threads=1), rounds=50)


def test_error(benchmark, board):
    """100 tanh(x/2) for x over all its range, in units of the last place of the exact result."""
    bench = gl.Benchmark(("a", "b"), ("image",) * 2, ("generation",) * 2, ("FID", "PSNR"), np.array([1.0, 30.0]))
    rng = np.random.default_rng(0)
    spread, curved = 10.0 ** rng.uniform(-9, 1.3, 6000), rng.uniform(0.5, 4.0, 6000)
    x = np.concatenate([spread, curved, np.linspace(1.49, 1.51, 2000)])
    z = np.ascontiguousarray(np.stack([25.0 / x, 10.0 * x], axis=1))
    scorer = gl.Scorer(bench)
    points = benchmark.pedantic(lambda: scorer.map(z, threads=1), rounds=5)
    worst = 0.0
    with mpmath.workprec(160):
        for k, exact_argument in enumerate((lambda v: 12.5 / mpmath.mpf(v), lambda v: mpmath.mpf(v) / 20)):
            for value, point in zip(z[:, k].tolist(), points[:, k].tolist(), strict=True):
                exact = 100 * mpmath.tanh(exact_argument(value))
                worst = max(worst, float(abs(point - exact) / np.spacing(float(exact))))
    board.row("ulp", worst, detail=f"{z.size:,} values of FID and PSNR, by mpmath")
    assert worst < 4.0
