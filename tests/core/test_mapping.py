"""The metric mapping against mpmath, over the whole double range of each metric."""

import mpmath
import numpy as np
import pytest

from glevel_fast import Benchmark, _core, build_info, known_metrics, reference
from glevel_fast.core.compiled import engine_columns

METRICS = known_metrics()
CURVED = [m for m in METRICS if m.family != "linear"]
TOLERANCE = 2.5  # ulp


def one_task(metric):
    return Benchmark(("t",), ("image",), ("generation",), (metric.name,), np.array([np.nan]))


def exact(metric, z):
    z = mpmath.mpf(float(z))
    if metric.family == "inverse":
        return 100 * mpmath.tanh(mpmath.mpf(metric.constant) / (2 * z))
    if metric.family == "tanh":
        return 100 * mpmath.tanh(z / mpmath.mpf(metric.constant))
    y = 100 * (z - metric.worst) / (mpmath.mpf(metric.best) - metric.worst)
    return min(max(y, mpmath.mpf(0)), mpmath.mpf(100))


def samples(metric, n=300):
    """Every binade of the domain, more where the curve bends, and the ends."""
    rng = np.random.default_rng(len(metric.name))
    wide = np.ldexp(rng.uniform(1, 2, n), rng.integers(-1074, 1024, n))
    centre = metric.constant if metric.family != "linear" else 1.0
    near = centre * np.exp(rng.uniform(np.log(1e-3), np.log(1e4), 4 * n))
    plain = rng.uniform(-1.5, 101, n)
    ends = np.array([metric.lowest, metric.highest, 1e-300, 1e300, 5e-324, 2.2250738585072014e-308, 0.75, 1.0, 5.0])
    z = np.concatenate([wide, near, plain, ends])
    return z[(z >= metric.lowest) & (z <= metric.highest) & (z != 0)]


def ulps(got, metric, z):
    worst = 0.0
    for y, value in zip(got, z, strict=True):
        true = exact(metric, value)
        ulp = mpmath.mpf(float(np.spacing(max(abs(float(true)), 2.2250738585072014e-308))))
        worst = max(worst, float(abs(mpmath.mpf(float(y)) - true) / ulp))
    return worst


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(160):
        yield


@pytest.mark.parametrize("metric", [m for m in METRICS if not m.is_percent], ids=lambda m: m.name)
def test_accuracy(metric):
    z = samples(metric)
    got = _core.Engine(**engine_columns(one_task(metric)), zero_scores=False).map(z[:, np.newaxis].copy(), 1)[:, 0]
    assert ulps(got, metric, z) <= TOLERANCE
    assert got.min() >= 0.0
    assert got.max() <= 100.0


@pytest.mark.parametrize("metric", CURVED, ids=lambda m: m.name)
def test_better_never_maps_lower(metric):
    """To the last bit: runs of neighbouring doubles, everywhere on the curve and around its joints."""
    rng = np.random.default_rng(7)
    c = metric.constant
    joints = c * np.array([3 / 4, 2 / 3, 4 / 3, 1 / np.log(2), np.log(2), 1 / 64, 1 / 37.5])
    starts = np.concatenate([c * np.exp(rng.uniform(np.log(1e-2), np.log(1e3), 4000)), joints])
    z = (starts[:, np.newaxis] * (1 + np.arange(-40, 40) * 2.0**-52)).ravel()
    z = np.unique(z[z >= metric.low])
    y = _core.Engine(**engine_columns(one_task(metric)), zero_scores=False).map(z[:, np.newaxis].copy(), 1)[:, 0]
    steps = np.diff(y)
    assert (steps <= 0).all() if metric.better == "lower" else (steps >= 0).all()


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_paths_and_twin(metric):
    z = samples(metric, 100)[:, np.newaxis].copy()
    columns = engine_columns(one_task(metric))
    paths = [_core.Engine(**columns, zero_scores=False, isa=isa).map(z, 1) for isa in build_info()["instruction_sets"]]
    for path in paths[1:]:
        assert np.array_equal(path, paths[0])
    np.testing.assert_allclose(paths[0], reference.Engine(**columns, zero_scores=False).map(z), rtol=2e-15, atol=5e-323)


@pytest.mark.parametrize(
    ("name", "z", "points"),
    [
        ("FID", 25.0, 46.211715726000975), ("CD", 6540.017, 0.007645240050994338), ("CD", 4.93e-05, 100.0),
        ("PSNR", 20.0, 76.15941559557649), ("WER", 0.25, 75.0), ("WER", 1.7, 0.0), ("MS-SSIM", 0.542, 77.1),
        ("MOS", 3.0, 50.0), ("CIDEr", 130.0, 100.0), ("Acc", 83.3, 83.3), ("absRel", 0.1, 46.211715726000975),
    ],
)  # fmt: skip
def test_known_values(name, z, points):
    metric = next(m for m in METRICS if m.name == name)
    got = _core.Engine(**engine_columns(one_task(metric)), zero_scores=False).map(np.array([[z]]), 1)
    assert got[0, 0] == pytest.approx(points, rel=1e-9)
