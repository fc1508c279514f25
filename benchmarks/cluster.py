"""What runs over many workers cost, on this machine: what is measured goes into benchmarks/cluster.json.

    python benchmarks/cluster.py [work|pieces|workers ...] [threads|processes|dask ...]    default: all of them

`work`: a set, a resample, a model in a Parquet file, and what it takes to send a job and to take in a summary; it needs
one core. `pieces`: what a piece costs beside its work, on each executor. `workers`: the same run on one worker and on
two. These two need two cores. `python benchmarks/cluster_model.py` prints what follows.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workload
from timing import interleaved

import glevel_fast as gl
from glevel_fast.io import write
from glevel_fast.machines.job import joined
from glevel_fast.machines.spread import cluster, spread
from glevel_fast.machines.tree import client_of
from glevel_fast.uncertainty.ablation import AblationJob

if TYPE_CHECKING:
    from glevel_fast.uncertainty.prepared import Prepared

RECORD = Path(__file__).with_name("cluster.json")
N_MODELS, N_SETS, N_SPREAD = 1_000, 20_000, 50_000
PIECE = 5_000
"""Sets of the summaries that are sent and added."""
KINDS = ["threads", "processes", "dask"]
IN_FILE = 2_000
"""Models of the Parquet file."""


def case() -> tuple[gl.Scorer, Prepared, gl.SpecialistSets]:
    """A thousand models, and sets of them."""
    bench = workload.benchmark()
    scorer = gl.Scorer(bench)
    return scorer, scorer.prepare(workload.raw(bench, N_MODELS)), gl.SpecialistSets.perturbed(bench, 10**8, seed=1)


def once(call: Callable[[], object]) -> float:
    """Seconds of one call, the better of two."""
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def in_file(scorer: gl.Scorer) -> float:
    """Seconds for a model of a Parquet file, from the file to the file of its scores."""
    bench = scorer.benchmark
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.parquet"
        columns = dict(zip(bench.tasks, workload.raw(bench, IN_FILE).T, strict=True))
        write.parquet({"model": [f"model {i}" for i in range(IN_FILE)]} | columns, path)
        taken = []
        for i in range(3):
            started = time.perf_counter()
            scorer.score_folder(path, Path(folder) / f"scores {i}", threads=1)
            taken.append(time.perf_counter() - started)
    return min(taken) / IN_FILE


def work() -> dict[str, float]:
    """Seconds on one core, and bytes."""
    scorer, prepared, sets = case()
    parts = [
        scorer.ablate(prepared, sets, start=a, stop=a + PIECE, threads=1).summary for a in range(0, 3 * PIECE, PIECE)
    ]
    job = AblationJob(prepared, sets, 1, ranks=True, full=False)
    sent, part = pickle.dumps(job), pickle.dumps(parts[0])
    into = pickle.loads(part)

    def add() -> None:
        into.ranges = ()
        into.add(parts[1])

    found = interleaved({
        "job_dump": lambda: pickle.dumps(job), "job_load": lambda: pickle.loads(sent),
        "part_dump": lambda: pickle.dumps(parts[0]), "part_load": lambda: pickle.loads(part),
        "part_add": add, "part_merge": lambda: parts[0].merge(*parts[1:]),
    }, seconds=4.0)  # fmt: skip
    found |= {"job_bytes": float(len(sent)), "part_bytes": float(len(part))}
    found["set"] = once(lambda: scorer.ablate(prepared, sets, stop=N_SETS, threads=1)) / N_SETS
    found["resample"] = once(lambda: scorer.bootstrap(prepared, N_SETS // 4, threads=1)) / (N_SETS // 4)
    found["scorer_bytes"] = float(len(pickle.dumps(scorer)))
    found["model"] = in_file(scorer)
    return found


@dataclass
class Ranges:
    """A summary of nothing."""

    ranges: tuple[tuple[int, int], ...] = ()

    def add(self, part: Ranges) -> None:
        self.ranges = joined(self.ranges, part.ranges) or ()

    def merge(self, *others: Ranges) -> Ranges:
        return Ranges(joined(self.ranges, *(other.ranges for other in others)) or ())


@dataclass
class Ready:
    """A job that takes no time: nothing, or a summary that is there already."""

    summary: Any

    def __call__(self, first: int, last: int) -> Any:
        if self.summary is None:
            return Ranges(((first, last),))
        made = object.__new__(type(self.summary))
        made.__dict__ = {**self.summary.__dict__, "ranges": ((first, last),)}
        return made


@contextmanager
def started(kind: str, workers: int) -> Iterator[Executor]:
    """An executor whose workers are there and have loaded what they need."""
    with ExitStack() as stack:
        if kind == "threads":
            executor: Executor = stack.enter_context(ThreadPoolExecutor(workers))
        elif kind == "processes":
            executor = stack.enter_context(cluster(f"local:{workers}"))
        else:
            import distributed

            machines = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
                )
            )
            executor = stack.enter_context(cluster(machines.scheduler_address))
        spread(executor, Ready(None), Ranges(), 0, 4 * workers, 1, adapt=False)
        yield executor


def pieces(kind: str) -> dict[str, float]:
    """Seconds that a piece takes beside its work, on two workers."""
    scorer, prepared, sets = case()
    summary = scorer.ablate(prepared, sets, stop=PIECE, threads=1).summary
    found: dict[str, float] = {}
    with started(kind, 2) as executor:
        for what, made, n in (("nothing", None, 400), ("a summary", summary, 48)):
            whole: Any = Ranges() if made is None else type(summary).empty(
                summary.models, summary.tasks, summary.base, summary.base_ranks, summary.job
            )  # fmt: skip
            began = time.perf_counter()
            spread(executor, Ready(made), whole, 0, n, 1, adapt=False)
            found[what] = (time.perf_counter() - began) / n
        if (client := client_of(executor)) is not None:  # with so many under way that nobody waits for an answer
            began = time.perf_counter()
            futures = [client.submit(Ready(None), i, i + 1, pure=False) for i in range(2_000)]
            client.gather(futures)
            found["among many"] = (time.perf_counter() - began) / len(futures)
    return found


def workers(kind: str) -> list[float]:
    """Seconds of one run on one worker and on two."""
    scorer, prepared, sets = case()
    found = []
    for n in (1, 2):
        with started(kind, n) as executor:
            began = time.perf_counter()
            assert scorer.ablate(prepared, sets, stop=N_SPREAD, executor=executor).complete
            found.append(time.perf_counter() - began)
    return found


def cpu() -> str:
    """As the machine names it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main(words: list[str]) -> None:
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    kinds = [word for word in words if word in KINDS] or KINDS
    for name in [word for word in words if word not in KINDS] or ["work", "pieces", "workers"]:
        if name == "work":
            record[name] = work()
        else:
            measure = {"pieces": pieces, "workers": workers}[name]
            record[name] = record.get(name, {}) | {kind: measure(kind) for kind in kinds}
    record["machine"] = f"{cpu()}, {os.cpu_count()} cores"
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    import cluster as importable  # what goes to workers is found there by its name

    importable.main(sys.argv[1:])
