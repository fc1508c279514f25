"""Time per model and peak memory from 10 to 100,000 models, each in a process of its own.

python growth.py array N      score N models from an array, over and over
python growth.py parquet FILE  score a Parquet file one row group at a time
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import workload

import glevel_fast as gl

ARRAYS = (10, 100, 1_000, 10_000)
FILES = (10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Point:
    models: int
    seconds: float
    memory: float
    """Peak memory of the process, bytes."""


def score_array(n: int) -> float:
    bench = workload.benchmark()
    scorer, raw = gl.Scorer(bench), workload.raw(bench, n)
    best, end = float("inf"), time.perf_counter() + 1.0
    while time.perf_counter() < end:
        start = time.perf_counter()
        scorer.score(raw)
        best = min(best, time.perf_counter() - start)
    return best


def score_parquet(path: str) -> tuple[int, float]:
    """Models and seconds; memory holds one row group at a time, whatever the file's size."""
    import pyarrow.parquet as pq

    bench = workload.benchmark()
    scorer = gl.Scorer(bench)
    best, n = float("inf"), 0
    for _ in range(2):
        start = time.perf_counter()
        # buffered, so that a row group is not read as a whole on top of its decoded columns
        with pq.ParquetFile(path, buffer_size=1 << 20) as file:
            overall = np.empty((file.metadata.num_rows, 4))
            at = 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=list(bench.tasks))
                (batch,) = table.combine_chunks().to_batches()
                raw = batch.to_tensor(null_to_nan=True).to_numpy()  # unlike a column's to_numpy(), imports no pandas
                overall[at : at + len(raw)] = scorer.score(raw).overall
                at += len(raw)
        n = at
        best = min(best, time.perf_counter() - start)
        if best > 5.0:
            break
    return n, best


def measure(mode: str, argument: str) -> Point:
    """One point, in a fresh process, for peak memory never shrinks."""
    done = subprocess.run([sys.executable, __file__, mode, argument], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return Point(**json.loads(done.stdout))


def plot(arrays: list[Point], streamed: list[Point], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for points, label, style in ((arrays, "array in memory", "o-"), (streamed, "streamed from Parquet", "s--")):
        n = [p.models for p in points]
        left.loglog(n, [p.seconds / p.models * 1e6 for p in points], style, label=label)
        right.loglog(n, [p.memory / 2**20 for p in points], style, label=label)
    left.set(xlabel="models", ylabel="µs per model (702 tasks)", title="Time per model")
    right.set(xlabel="models", ylabel="MiB", title="Peak memory of the process")
    for axes in (left, right):
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def peak_memory() -> int:
    """Bytes. Not ru_maxrss where that can be helped: on Linux a child starts with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(mode: str, argument: str) -> None:
    n, seconds = (int(argument), score_array(int(argument))) if mode == "array" else score_parquet(argument)
    print(json.dumps({"models": n, "seconds": seconds, "memory": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
