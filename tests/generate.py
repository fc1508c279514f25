"""Hypothesis strategies for benchmarks and results, hostile corners included."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import Benchmark, known_metrics

METRICS = {m.name: m for m in known_metrics()}
NAMES = ["Acc", "F1", "FID", "CD", "MAE", "absRel", "PSNR", "WER", "MS-SSIM", "MOS", "CIDEr"]
MODALITIES = ["image", "video", "audio", "3d", "touch"]
EXTREME = [5e-324, 1e-310, 1e-300, 2.2250738585072014e-308, 1e-9, 1e300, 1.7976931348623157e308]
N_CHOICES = 24


def choices(metric, scale, seed):
    """N_CHOICES raw values for a task: missing, zero, the ends of the domain, extremes, plain and random ones."""
    rng = np.random.default_rng(seed)
    low, high = metric.lowest, metric.highest
    plain = [0.3, 0.5, 1.0, 1.5, 2.0, 5.0, 50.0, 99.0, 100.0]
    some = rng.uniform(max(low, -1.0), min(high, 130.0), 8)
    inside = [v / scale for v in (*some, low, high, *plain, *EXTREME) if low <= v <= high]
    inside = [v for v in inside if low <= v * scale <= high and np.isfinite(v)]
    values = [np.nan, 0.0, -0.0, *inside]
    return np.array([values[i % len(values)] for i in range(N_CHOICES)])


@st.composite
def benchmarks(draw, max_tasks=40, weights=True):
    n = draw(st.integers(1, max_tasks))
    seed = draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    present = draw(st.lists(st.sampled_from([*MODALITIES, "language"]), min_size=1, max_size=4, unique=True))
    modality = rng.choice(present, n)
    paradigm = np.where(modality == "language", "", rng.choice(["comprehension", "generation"], n))
    metric = rng.choice(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5)), n)
    scale = rng.choice([1.0, 1.0, 1.0, 0.01, 100.0], n)
    menu = np.array([choices(METRICS[metric[i]], float(scale[i]), seed + i) for i in range(n)])
    sota = menu[np.arange(n), draw(hnp.arrays(np.int8, n, elements=st.integers(0, N_CHOICES - 1)))]
    low = np.array([METRICS[m].lowest for m in metric])
    sota = np.where(sota * scale >= low, sota, np.nan)
    weight = rng.choice([0.0, 1.0, 1.0, 2.5, 1e-12, 271.0], n) if weights and draw(st.booleans()) else None
    benchmark = Benchmark(
        tuple(f"task {i}" for i in range(n)),
        *(tuple(column.tolist()) for column in (modality, paradigm, metric)),
        sota,
        weight=weight,
        scale=scale,
    )
    menu[:, -1] = sota
    return benchmark, menu


@st.composite
def scored(draw, **options):
    """A benchmark and raw results that fit it: float64 (n_models, n_tasks)."""
    low, high = options.pop("min_models", 0), options.pop("max_models", 5)
    benchmark, menu = draw(benchmarks(**options))
    n_models = draw(st.integers(low, high))
    cells = draw(hnp.arrays(np.int8, (n_models, benchmark.n_tasks), elements=st.integers(0, N_CHOICES - 1)))
    return benchmark, menu[np.arange(benchmark.n_tasks), cells]


def random_case(n_models, n_tasks, seed, missing=0.3):
    """A large random case: ordinary values, by NumPy."""
    rng = np.random.default_rng(seed)
    groups = [(m, p) for m in MODALITIES[:4] for p in ("comprehension", "generation")] + [("language", "")]
    group = [groups[i] for i in rng.integers(0, len(groups), n_tasks)]
    metric = [
        NAMES[i] if mapped else "Acc"
        for i, mapped in zip(rng.integers(0, len(NAMES), n_tasks), rng.random(n_tasks) < 0.3, strict=True)
    ]
    usual = {
        "FID": (1, 180),
        "CD": (1e-5, 7000),
        "MAE": (5, 30),
        "absRel": (0.05, 0.5),
        "PSNR": (10, 40),
        "WER": (0.02, 1.5),
        "MS-SSIM": (-0.5, 1),
        "MOS": (1, 5),
        "CIDEr": (0, 130),
    }
    low, high = np.array([usual.get(m, (0.0, 100.0)) for m in metric]).T
    sota = np.abs(rng.uniform(low, high))  # the released scorer refuses a negative specialist
    raw = rng.uniform(low, high, (n_models, n_tasks))
    raw[rng.random(raw.shape) < missing] = np.nan
    raw[rng.random(raw.shape) < 0.02] = 0.0
    tie = rng.random(raw.shape) < 0.02
    raw[tie] = np.broadcast_to(sota, raw.shape)[tie]
    benchmark = Benchmark(
        tuple(f"t{i}" for i in range(n_tasks)),
        tuple(g[0] for g in group),
        tuple(g[1] for g in group),
        tuple(metric),
        sota,
        weight=rng.integers(1, 5, n_tasks).astype(float),
    )
    return benchmark, raw


def usual_case(n_models, n_tasks, seed, missing=0.3, mapped=98):
    """General-Bench's shape: its groups' sizes, `mapped` tasks of 702 that need mapping, all weights 1."""
    rng = np.random.default_rng(seed)
    sizes = dict(zip([(m, p) for m in MODALITIES[:4] for p in (0, 1)], (271, 45, 126, 46, 24, 20, 30, 22), strict=True))
    sizes["language", 0] = 118
    group = [g for g, size in sizes.items() for _ in range(size)]
    group = [group[i * len(group) // n_tasks] for i in range(n_tasks)]
    metric = np.full(n_tasks, "Acc", dtype=object)
    metric[rng.choice(n_tasks, mapped * n_tasks // 702, replace=False)] = "FID"
    low, high = np.where(metric == "FID", 1.0, 5.0), np.where(metric == "FID", 180.0, 95.0)
    sota = rng.uniform(low, high)
    raw = rng.uniform(low, high, (n_models, n_tasks))
    raw[rng.random(raw.shape) < missing] = np.nan
    paradigm = ["" if m == "language" else ("comprehension", "generation")[p] for m, p in group]
    benchmark = Benchmark(
        tuple(f"t{i}" for i in range(n_tasks)), tuple(m for m, _ in group), tuple(paradigm), tuple(metric), sota
    )
    return benchmark, raw
