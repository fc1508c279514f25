"""The engine against its NumPy twin, on every instruction set of this machine."""

import numpy as np
import pytest
from generate import benchmarks, random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import Scorer, _core, build_info, reference
from glevel_fast.core.compiled import engine_columns

PATHS = build_info()["instruction_sets"]
OUTPUTS = ("overall", "modality", "means", "supported", "wins", "level", "suspect")
STEP = 2.0**-45  # of a point: the grid of the engine's sums


def engines(benchmark, zero_scores=False):
    columns = engine_columns(benchmark)
    twin = reference.Engine(**columns, zero_scores=zero_scores)
    return twin, [_core.Engine(**columns, zero_scores=zero_scores, isa=isa) for isa in PATHS]


def assert_same_bits(a, b):
    for name, x, y in zip(OUTPUTS, a, b, strict=True):
        assert np.array_equal(x, y, equal_nan=x.dtype == np.float64), name


def assert_parity(engine, twin):
    for name, a, b in zip(OUTPUTS, engine, twin, strict=True):
        assert a.shape == b.shape, name
        assert a.dtype == b.dtype, name
        if a.dtype == np.float64:
            # Points that differ in their last bit may round to neighbouring steps.
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=4 * STEP, err_msg=name)
        else:
            np.testing.assert_array_equal(a, b, err_msg=name)


@settings(max_examples=150)
@given(scored(), st.booleans())
def test_score(case, zero_scores):
    benchmark, raw = case
    if zero_scores:  # a 0 outside its domain is another test's business
        z = raw * benchmark.scale
        low = np.array([m.lowest for m in benchmark.metrics])
        raw[(z == 0) & (low > 0)] = np.nan
        raw[(raw == 0) & (low > 0)] = np.nan
    twin, paths = engines(benchmark, zero_scores)
    before = raw.copy()
    first = paths[0].score(raw, 1)
    assert_parity(first, twin.score(raw))
    for path in paths:
        for threads in (1, 2, 4, 7):
            assert_same_bits(path.score(raw, threads), first)
    assert np.array_equal(raw, before, equal_nan=True)


@settings(max_examples=100)
@given(benchmarks(), st.data(), st.booleans())
def test_score_of_anything(case, data, zero_scores):
    """Values outside their domains, infinities, negatives: counted as the twin counts them, and suspected."""
    benchmark, _ = case
    anything = st.one_of(
        st.floats(allow_nan=True), st.sampled_from([np.inf, -np.inf, -3.0, 0.0, -0.0, 100.0, 100.00000000000001, 140.0])
    )
    n_models = data.draw(st.integers(0, 3))
    raw = data.draw(hnp.arrays(np.float64, (n_models, benchmark.n_tasks), elements=anything))
    twin, paths = engines(benchmark, zero_scores)
    with np.errstate(all="ignore"):
        expected = list(twin.score(raw))
    for path in paths:
        got = list(path.score(raw, 2))
        # Suspicion is a reason to look closer: it may be raised for nothing, never missed.
        assert (got[6] >= expected[6]).all()
        got[6] = expected[6]
        assert_parity(got, expected)


@settings(max_examples=60)
@given(scored(min_models=1))
def test_each_kernel_on_its_own(case):
    benchmark, raw = case
    scorer, twin = Scorer(benchmark, fractions="keep"), reference.Scorer(benchmark, fractions="keep")
    points = scorer.map(raw)
    expected = twin.map(raw)
    np.testing.assert_array_equal(np.isnan(points), np.isnan(expected))
    np.testing.assert_allclose(points, expected, rtol=1e-14, atol=1e-320)
    means, supported, wins = scorer.reduce(raw, points)
    fused = scorer.score(raw)
    assert np.array_equal(means, fused.means)
    assert np.array_equal(supported, fused.supported)
    assert np.array_equal(wins, fused.wins)
    for a, b in zip((means, supported, wins), twin.reduce(raw, points), strict=True):
        np.testing.assert_array_equal(a, b)  # from the same points: to the last bit
    flat = np.ascontiguousarray(means.reshape(len(means), -1))
    overall, modality, level = _core.levels(flat, len(benchmark.modalities))
    for a, b, c in zip(
        (overall, modality, level),
        reference.levels(flat, len(benchmark.modalities)),
        (fused.overall, fused.modality, fused.level),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-15)
        assert np.array_equal(a, c)


@pytest.mark.parametrize(("n_models", "n_tasks"), [(0, 1), (1, 1), (1, 3), (3, 7), (2, 702), (50, 3000), (700, 97)])
def test_sizes(n_models, n_tasks):
    benchmark, raw = random_case(n_models, n_tasks, seed=n_tasks)
    twin, paths = engines(benchmark)
    first = paths[0].score(raw, 1)
    assert_parity(first, twin.score(raw))
    for path in paths:
        for threads in (1, 2, 4, 7):
            assert_same_bits(path.score(raw, threads), first)


def test_tasks_in_the_order_of_the_plan():
    """Nothing to permute: columns go into the tile by transposition, the last ones and the last rows by hand."""
    for n_tasks in (3, 8, 64, 97):
        benchmark, raw = random_case(29, n_tasks, seed=n_tasks)
        benchmark = type(benchmark)(
            benchmark.tasks,
            tuple("image" if i < n_tasks // 2 else "language" for i in range(n_tasks)),
            tuple("generation" if i < n_tasks // 2 else "" for i in range(n_tasks)),
            ("Acc",) * n_tasks,
            np.clip(benchmark.sota, 0, 100),
        )
        raw = np.clip(raw, 0, 100)
        twin, paths = engines(benchmark)
        first = paths[0].score(raw, 1)
        assert_parity(first, twin.score(raw))
        for path in paths:
            assert_same_bits(path.score(raw, 2), first)
            for n_models in (1, 2, 3, 9):
                assert_same_bits(path.score(raw[:n_models], 1), [of[:n_models] for of in first])


def test_group_too_large_for_the_finest_steps():
    """More full marks than fit into 62 bits at 2^-45 of a point."""
    n = 5000
    columns = dict(  # noqa: C408
        n_modalities=1,
        group=np.zeros(n, np.int32),
        kind=np.zeros(n, np.int8),
        constant=np.full(n, np.nan),
        worst=np.zeros(n),
        slope=np.ones(n),
        low=np.full(n, 5e-324),
        high=np.full(n, 100.0),
        scale=np.ones(n),
        sota=np.full(n, 50.0),
        weight=np.ones(n),
        zero_scores=False,
    )
    raw = np.full((1, n), 100.0)
    for engine in (_core.Engine(**columns), reference.Engine(**columns)):
        assert engine.score(raw, 1)[2][0, 0].tolist() == [100.0, 100.0]


@settings(max_examples=40)
@given(benchmarks(max_tasks=6), st.data())
def test_the_same_input_is_refused(case, data):
    """Both engines raise, and the same class, or neither does."""
    benchmark, _ = case
    columns = engine_columns(benchmark)
    n = benchmark.n_tasks
    name, value = data.draw(
        st.sampled_from(
            [
                ("group", -1),
                ("group", 99),
                ("kind", 4),
                ("kind", -1),
                ("weight", -1.0),
                ("weight", np.nan),
                ("scale", 0.0),
                ("scale", np.inf),
                ("low", np.nan),
                ("slope", 0.0),
                ("constant", -1.0),
            ]
        )
    )
    columns[name] = columns[name].copy()
    columns[name][data.draw(st.integers(0, n - 1))] = value
    raised = []
    for engine in (_core.Engine, reference.Engine):
        try:
            engine(**columns, zero_scores=False)
            raised.append(None)
        except Exception as error:
            raised.append(type(error))
    assert raised[0] == raised[1]


@pytest.mark.parametrize(
    "bad", [[[1.0]], np.ones(3), np.ones((2, 3), np.float32), np.ones((3, 2)).T, np.ones((2, 4)), None]
)
def test_the_same_arrays_are_refused(bad):
    benchmark, _ = random_case(1, 3, seed=1)
    twin, paths = engines(benchmark)
    expected = (
        ValueError if isinstance(bad, np.ndarray) and bad.dtype == np.float64 and bad.flags.c_contiguous else TypeError
    )
    for engine in (twin, *paths):
        with pytest.raises(expected):
            engine.score(bad, 1)


def test_task_order_does_not_matter():
    benchmark, raw = random_case(20, 300, seed=5)
    order = np.random.default_rng(0).permutation(300)
    shuffled = type(benchmark)(
        *(
            tuple(np.array(getattr(benchmark, c), dtype=object)[order])
            for c in ("tasks", "modality", "paradigm", "metric")
        ),
        benchmark.sota[order],
        weight=benchmark.weight[order],
    )
    a, b = Scorer(benchmark).score(raw), Scorer(shuffled).score(raw[:, order])
    for name in ("overall", "modality", "means", "supported", "wins", "level"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


@settings(max_examples=30)
@given(scored(min_models=2, max_models=6))
def test_batches_do_not_matter(case):
    benchmark, raw = case
    scorer = Scorer(benchmark, fractions="keep")
    together = scorer.score(raw)
    for i in range(len(raw)):
        alone = scorer.score(raw[i])
        for name in ("overall", "modality", "means", "supported", "wins", "level"):
            assert np.array_equal(getattr(alone, name)[0], getattr(together, name)[i]), name


@pytest.mark.parametrize("zero_scores", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_groups_side_by_side(seed, weighted, zero_scores):
    """A board's tasks lie group by group and are then read where they lie; mixed up, they are not. The same bits."""
    benchmark, raw = random_case(43, 400, seed)
    rng = np.random.default_rng(seed)
    columns = engine_columns(benchmark)
    if not weighted:
        columns["weight"] = np.ones(400)
    percent = columns["kind"] == 0
    for row, values in enumerate([[100.0], [-np.nan], [-0.0], [100.00000000000001], [-3.0], [np.inf, 300.0, 1e9]]):
        # In this row and, past whole blocks of rows without any of them, in a later one.
        for model in (row % 3, 16 + row):
            at = rng.choice(400, 30, replace=False)
            raw[model, at] = rng.choice(values, 30)
    raw[24] /= 1000.0  # in fractions
    raw[25, percent] = 0.0
    raw[26, percent] = np.where(np.isnan(raw[26, percent]), np.nan, 1e-300)  # adds no step
    raw[27] = np.nan
    raw[28, ~percent] = np.where(np.isnan(raw[28, ~percent]), np.nan, 1e-20)
    order = np.argsort(columns["group"], kind="stable")
    by_group = {k: v[order] if isinstance(v, np.ndarray) else v for k, v in columns.items()}
    with np.errstate(all="ignore"):
        expected = list(reference.Engine(**columns, zero_scores=zero_scores).score(raw))
    first = _core.Engine(**columns, zero_scores=zero_scores, isa="baseline").score(raw, 1)
    assert (first[6] >= expected[6]).all()
    assert_parity(first, [*expected[:6], first[6]])
    for isa in PATHS:
        mixed, side_by_side = (_core.Engine(**c, zero_scores=zero_scores, isa=isa) for c in (columns, by_group))
        assert_same_bits(mixed.score(raw, 1), first)
        assert_same_bits(side_by_side.score(np.ascontiguousarray(raw[:, order]), 2), first)
        clean = np.ascontiguousarray(np.delete(raw, np.arange(22), axis=0))  # no block is done in another way
        assert_same_bits(side_by_side.score(clean[:, order].copy(), 1), mixed.score(clean, 1))
