"""Instructions of each kernel per value, counted by callgrind: seconds are noisy, these are not.

python instructions.py KERNEL REPEATS   what runs under valgrind
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

KERNELS = ("map", "reduce", "levels", "score")
N_MODELS, REPEATS = 200, 5


def valgrind() -> str | None:
    return shutil.which("valgrind")


def calls(n_models: int) -> dict[str, Callable[[], object]]:
    """A call of each kernel, on one thread. The mapping does the 98 mapped tasks alone."""
    import numpy as np
    import workload

    from glevel_fast import _core
    from glevel_fast.core.compiled import engine_columns

    bench = workload.benchmark()
    raw = workload.raw(bench, n_models)
    columns = engine_columns(bench)
    mapped = np.flatnonzero(columns["kind"] != 0)
    engine = _core.Engine(**columns, zero_scores=False)
    mapping = _core.Engine(**engine_columns(workload.reordered(bench, mapped)), zero_scores=False)
    raw_mapped = np.ascontiguousarray(raw[:, mapped])
    points = engine.map(raw, 1)
    means = engine.reduce(raw, points, 1)[0].reshape(n_models, -1)
    n_modalities = len(bench.modalities)
    return {
        "map": lambda: mapping.map(raw_mapped, 1),
        "reduce": lambda: engine.reduce(raw, points, 1),
        "levels": lambda: _core.levels(means, n_modalities),
        "score": lambda: engine.score(raw, 1),
    }


def count(isa: str) -> dict[str, float]:
    """Instructions per model of each kernel: what more repeats add to a process's count."""
    before = _process(isa, "score", 0)
    return {kernel: (_process(isa, kernel, REPEATS) - before) / (REPEATS * N_MODELS) for kernel in KERNELS}


def _process(isa: str, kernel: str, repeats: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [valgrind() or "valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
             sys.executable, __file__, kernel, str(repeats)],
            capture_output=True, text=True, check=False,
            env=os.environ | {"GLEVEL_FAST_ISA": isa, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
        if done.returncode != 0 or found is None:
            raise RuntimeError(f"valgrind: {done.stderr[-2000:]}")
        return int(found[1])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    call = calls(N_MODELS)[sys.argv[1]]
    for _ in range(int(sys.argv[2])):
        call()
