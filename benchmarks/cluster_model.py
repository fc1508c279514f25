"""How far a run scales, from what was measured: `python benchmarks/cluster_model.py`.

Prints the model of benchmarks/cluster.json (`python benchmarks/cluster.py` measures that), and writes it to
benchmarks/CLUSTER.md and between the marks of docs/more-than-one-machine.md.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

from targets import ROOT, markdown

from glevel_fast.machines.job import SECONDS
from glevel_fast.machines.spread import TAKING_IN
from glevel_fast.machines.tree import FAN_IN, PER_PIECE
from glevel_fast.uncertainty.pieces import sets_in_piece

RECORD, PAGE = (ROOT / "benchmarks" / name for name in ("cluster.json", "CLUSTER.md"))
GUIDE = ROOT / "docs" / "more-than-one-machine.md"
KINDS = ("job", "part")
START, END = "<!-- cluster:start -->", "<!-- cluster:end -->"
WORKERS = (16, 100, 1_000, 10_000)
BANDWIDTH = 125e6
"""Bytes a second of each machine's network: 1 Gbit/s."""
SETS_FIRST = sets_in_piece(1_000, 702)
"""Sets of the first pieces, which tell how long later ones can be."""
LATENCY = 1e-3
"""Seconds of one message and its answer."""


@dataclass(frozen=True)
class Job:
    """So many units of work; what comes back of a piece is a summary, or next to nothing."""

    name: str
    units: int
    unit: str
    summary: bool = True


JOBS = (
    Job("100,000,000 sets x 1,000 models", 10**8, "set"),
    Job("1,000,000 models x 702 tasks in Parquet", 10**6, "model", summary=False),
    Job("200,000 sets x 1,000 models", 200_000, "set"),
)


@dataclass(frozen=True)
class Model:
    """Wall seconds of a job on a cluster that is up, from measured constants."""

    work: dict[str, float]
    pieces: dict[str, dict[str, float]]

    def cpu(self, job: Job) -> float:
        """Seconds of one core for the work itself."""
        return job.units * self.work[job.unit]

    def alone(self, job: Job) -> float:
        """What a piece takes of the process that adds up, on an executor that gives summaries back."""
        per_piece = self.pieces["processes"]["nothing"] + LATENCY / 2.0
        if not job.summary:
            return per_piece
        return per_piece + self.work["part_load"] + self.work["part_add"] + self.work["part_bytes"] / BANDWIDTH

    def seconds(self, job: Job, workers: int, *, dask: bool) -> float:
        """Wall seconds on so many workers."""
        cpu, work = self.cpu(job), self.work
        added = self.work["part_add"] if job.summary else 0.0
        piece = min(max(SECONDS, workers * (PER_PIECE if dask else TAKING_IN * added)), cpu / workers)
        n = ceil(cpu / piece)
        probe = SETS_FIRST * work["set"] + LATENCY if job.summary else 0.0  # nobody else works meanwhile
        sent = work["job_bytes" if job.summary else "scorer_bytes"] / BANDWIDTH
        moved = work["part_dump"] + work["part_bytes"] / BANDWIDTH + work["part_load"] if job.summary else 0.0
        if not dask:
            first = work["job_dump"] + workers * sent + work["job_load"]  # all of them from this process
            there = cpu / workers + n / workers * ((work["part_dump"] if job.summary else 0.0) + LATENCY)
            return first + probe + max(there, n * self.alone(job)) + (self.alone(job) if job.summary else 0.0)
        first = work["job_dump"] + ceil(log2(workers + 1)) * (sent + work["job_load"])  # from worker to worker
        merged = n / workers * (moved + work["part_merge"] / 2.0) if job.summary else 0.0
        tasks = n * (1.0 + 1.0 / (FAN_IN - 1)) * self.pieces["dask"]["among many"]
        levels = ceil(log2(max(n, 2)) / log2(FAN_IN))
        tree = levels * (FAN_IN - 1) * (moved + work["part_merge"] / 2.0) if job.summary else 0.0
        return first + probe + max(cpu / workers + merged, tasks) + tree

    def efficiency(self, job: Job, workers: int, *, dask: bool) -> float:
        """The work itself, of all that the workers could have done meanwhile."""
        return self.cpu(job) / (workers * self.seconds(job, workers, dask=dask))


def percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1f} %"


def shown(seconds: float) -> str:
    if seconds >= 3600.0:
        return f"{seconds / 3600.0:.1f} h"
    return f"{seconds / 60.0:.0f} min" if seconds >= 600.0 else f"{seconds:.1f} s"


def scaling(model: Model) -> str:
    """Wall time and efficiency of each job."""
    lines = []
    for job in JOBS:
        for kind, dask in (("any executor", False), ("dask", True)):
            cells = [
                f"{shown(model.seconds(job, n, dask=dask))}, {percent(model.efficiency(job, n, dask=dask))}"
                for n in WORKERS
            ]
            lines.append((job.name, shown(model.cpu(job)), kind, *cells))
    return markdown(("job", "CPU", "on", *(f"{n:,} workers" for n in WORKERS)), lines)


def overheads(record: dict[str, Any]) -> str:
    """What a piece costs beside its work, and one worker beside two."""
    lines = []
    for kind, found in record["pieces"].items():
        one, two = record["workers"][kind]
        piece, summary = 1e3 * found["nothing"], 1e3 * found["a summary"]
        lines.append((kind, f"{piece:.2f} ms", f"{summary:.0f} ms", f"{one:.1f} s → {two:.1f} s", f"{one / two:.2f}x"))
    return markdown(("executor", "a piece", "with its summary", "1 → 2 workers", "faster"), lines)


def constants(work: dict[str, float]) -> str:
    us, ms = ({name: f"{scale * x:{form}}" for name, x in work.items()} for scale, form in ((1e6, ".0f"), (1e3, ".1f")))
    megabytes = {name: f"{x / 1e6:.2f} MB" for name, x in work.items()}
    sent, part = (f"{megabytes[f'{name}_bytes']}, {ms[f'{name}_dump']} ms, {ms[f'{name}_load']} ms" for name in KINDS)
    lines = [
        ("a set of ±5 % of 1,000 models, its summary included", f"{us['set']} µs"),
        ("a resample of the tasks of 1,000 models, its summary included", f"{us['resample']} µs"),
        ("a model from a Parquet file to a file of scores", f"{us['model']} µs"),
        ("a job of 1,000 models: its bytes, to pickle, to make again", sent),
        ("a summary of 5,000 sets: its bytes, to pickle, to load", part),
        ("a summary added in place", f"{ms['part_add']} ms"),
        ("three summaries merged into a new one", f"{ms['part_merge']} ms"),
    ]
    return markdown(("what", "measured"), lines)


def paragraph(*texts: str) -> str:
    return textwrap.fill(" ".join(texts), 118, break_on_hyphens=False, break_long_words=False)


def point(*texts: str) -> str:
    return textwrap.indent(paragraph("-", *texts), "  ")[2:]


def page(record: dict[str, Any]) -> str:
    """benchmarks/CLUSTER.md."""
    work, pieces = record["work"], record["pieces"]
    here = work["part_load"] + work["part_add"]
    away = 3.0 * work["part_load"] + 2.0 * work["part_dump"]
    apiece, task = 1e3 * pieces["processes"]["nothing"], 1e3 * pieces["dask"]["among many"]
    parts = [
        "# What many workers cost",
        paragraph(
            "Written by `python benchmarks/cluster_model.py` from benchmarks/cluster.json, which `python",
            f"benchmarks/cluster.py` measures; here on {record['machine']}. The process that starts a run, and dask's",
            "scheduler, share these cores with the workers. 1,000 models x 702 tasks, one thread a worker.",
        ),
        "## Measured",
        constants(work),
        "A piece beside its work, on two workers, and the same run of 50,000 sets on one worker and on two:",
        overheads(record),
        paragraph(
            "**Where summaries are added.** An executor gives back what a worker made. To take in a summary costs",
            f"the process that started the run {1e3 * here:.0f} ms: it is loaded, and added in place. To have a worker",
            "merge two of them, that process would load both, pickle both again, and load what comes back:",
            f"{1e3 * away:.0f} ms, that is {500 * away:.0f} ms for each, and it is still to be added. So they are",
            f"added in place there, which keeps up with {int(SECONDS / here)} workers at {SECONDS:g} s a piece; where",
            f"there are more, pieces get longer. On dask a summary stays where it was made, {FAN_IN} neighbours are",
            "merged by one task, and one comes back.",
        ),
        "## The model",
        "Wall time, and the share of the workers' time that is the work itself:",
        scaling(Model(work, pieces)),
        "It assumes:",
        "\n".join([
            point(
                "workers as fast as this core, all up, with the package loaded; none is lost, none slower than the",
                "others;",
            ),
            point(
                f"{8e-9 * BANDWIDTH:g} Gbit/s and {1e3 * LATENCY:g} ms a message for each machine, and storage that",
                "gives every worker what it reads;",
            ),
            point(
                "the job sent to each worker by the process that started the run (any executor), or from worker to",
                "worker (dask);",
            ),
            point(
                f"pieces as the library cuts them: some small ones first, then {SECONDS:g} s each, or longer where",
                "there are many workers, and at least one for each;",
            ),
            point(
                f"{apiece:.2f} ms a piece for that process (any executor), or {task:.1f} ms a task for it and dask's",
                f"scheduler, as measured with many tasks under way, and {percent(1 / (FAN_IN - 1))} more tasks for",
                "merging.",
            ),
        ]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def guide(record: dict[str, Any]) -> str:
    """What docs/more-than-one-machine.md shows of it."""
    model, small = Model(record["work"], record["pieces"]), JOBS[-1]
    said = paragraph(
        f"{small.name} is {model.cpu(small):.0f} CPU seconds on {record['machine']}. Wall time, and the share of the",
        "workers' time that is the work itself, by the model in benchmarks/CLUSTER.md, which says what it assumes:",
    )
    return f"{said}\n\n{scaling(model)}"


def with_guide(text: str, record: dict[str, Any]) -> str:
    """The document with the block renewed."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{guide(record)}\n{END}{after}"


def main() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    PAGE.write_text(page(record), encoding="utf-8")
    GUIDE.write_text(with_guide(GUIDE.read_text(encoding="utf-8"), record), encoding="utf-8")
    print(page(record))


if __name__ == "__main__":
    main()
