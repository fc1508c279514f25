"""One fixed random benchmark and what is computed from it, as hashes.

    python tests/fixed.py            compare with the recorded hashes; status 1 where one differs
    python tests/fixed.py --print    print them, to record them after an intended change of numbers

The numbers come from integer arithmetic alone, so that neither NumPy nor libm can change the input.
"""

import hashlib
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np

from glevel_fast import Benchmark, Scorer, SpecialistSets, _core, build_info

N_TASKS, N_MODELS = 331, 67
# metric, and the span of ordinary raw values in thousandths
METRICS = [
    ("Acc", 0, 100_000), ("F1", 0, 100_000), ("Acc", 0, 100_000), ("FID", 500, 180_000), ("CD", 1, 7_000_000),
    ("MAE", 5_000, 30_000), ("absRel", 10, 500), ("FVD", 1_000, 900_000), ("PSNR", 10_000, 40_000), ("WER", 20, 1_500),
    ("MS-SSIM", -500, 1_000), ("MOS", 1_000, 5_000), ("CIDEr", 0, 130_000),
]  # fmt: skip
GROUPS = [(m, p) for m in ("image", "video", "audio", "3d") for p in ("comprehension", "generation")] + [
    ("language", "")
]


class Random:
    """SplitMix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % n


def case():
    """A benchmark of N_TASKS tasks, and raw results (N_MODELS, N_TASKS): missing, zeros and ties among them."""
    random = Random(20250501)

    def value(low, high):
        return (low + random.below(high - low + 1)) / 1000

    metric = [METRICS[random.below(len(METRICS))] for _ in range(N_TASKS)]
    group = [GROUPS[random.below(len(GROUPS))] for _ in range(N_TASKS)]
    sota = [value(low, high) for _, low, high in metric]
    raw = np.full((N_MODELS, N_TASKS), np.nan)
    for model in range(N_MODELS):
        missing = random.below(100)
        for task, (_, low, high) in enumerate(metric):
            if random.below(100) >= missing:
                raw[model, task] = (0.0, sota[task])[random.below(2)] if random.below(25) == 0 else value(low, high)
    benchmark = Benchmark(
        tuple(f"task {i}" for i in range(N_TASKS)),
        tuple(modality for modality, _ in group),
        tuple(paradigm for _, paradigm in group),
        tuple(name for name, _, _ in metric),
        np.array(sota),
        weight=np.array([1 + random.below(4) for _ in range(N_TASKS)], dtype=np.float64),
        scale=np.ones(N_TASKS),
    )
    return benchmark, raw


def _scores(scorer, raw, threads):
    scores = scorer.score(raw, threads=threads)
    return [scores.overall, scores.modality, scores.means, scores.supported, scores.wins, scores.level]


def _points(scorer, raw, threads):
    return [scorer.map(raw, threads=threads)]


def _ablation(scorer, raw, threads):
    sets = SpecialistSets.perturbed(scorer.benchmark, 40, 0.05, seed=3)
    whole = scorer.ablate(raw, sets, full=True, threads=threads)
    return [whole.scores, *(whole.summary.arrays[name] for name in sorted(whole.summary.arrays))]


def _bootstrap(scorer, raw, threads):
    summary = scorer.bootstrap(raw, 60, "task", seed=11, threads=threads, piece=25).summary
    return [summary.arrays[name] for name in sorted(summary.arrays)]


# name: (a function of scorer, raw and threads that gives arrays, their hash)
OUTPUTS = {
    "scores": (_scores, "681139aa864000b37aa558fb5eb43c068b19cb68909e20b649145c28dc52c9cf"),
    "points": (_points, "4001e92050466bd294a4c97150405bbc1ce65e71e869ce28bc2c2e2cdf176a85"),
    "ablation": (_ablation, "30cca2467bebad14f52582c1fc031ea24fc25177a3304d34a89b9e1313f56693"),
    "bootstrap": (_bootstrap, "60548545b992eef9f658f20620c6af72c1801fce4ce2c8171386d64aca0c17cc"),
}


def scorer_on(isa, benchmark, **options):
    """A scorer whose kernels run on one instruction set."""
    backend = SimpleNamespace(**vars(_core) | {"Engine": partial(_core.Engine, isa=isa)})
    return type("Forced", (Scorer,), {"backend": backend})(benchmark, **options)


def digest(arrays):
    """SHA-256 of types, shapes and values; all NaNs are one."""
    whole = hashlib.sha256()
    for array in arrays:
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array)
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        whole.update(f"{array.dtype.str} {array.shape}\n".encode())
        whole.update(array.tobytes())
    return whole.hexdigest()


def main():
    benchmark, raw = case()
    wrong = 0
    for name, (compute, recorded) in OUTPUTS.items():
        found = digest(compute(Scorer(benchmark), raw, None))
        if "--print" in sys.argv or found != recorded:
            print(f"{name}: {found}")
        wrong += found != recorded
    info = build_info()
    print(f"{info['compiler']}, {info['instruction_set']}: {wrong} of {len(OUTPUTS)} outputs differ from the record")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
