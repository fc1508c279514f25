"""Where the cycles of scoring go, and the floor under each stage.

    python benchmarks/stages.py    prints the table, and writes it into docs/performance.md

Stages are timed as boards of their own: the percent tasks alone, the mapped ones alone, the last step alone. Cycles are
those of the clock that /proc/cpuinfo names, which a core may exceed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import workload
from reads import fastest_read
from targets import ROOT, markdown
from timing import interleaved

from glevel_fast import _core
from glevel_fast.core.compiled import engine_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE = ROOT / "docs" / "performance.md"
START, END = "<!-- stages:start -->", "<!-- stages:end -->"


@dataclass(frozen=True)
class Vectors:
    """What an instruction set needs for the percent tasks: vector instructions per vector, and values in one."""

    name: str
    instructions: int
    values: int
    per_cycle: int
    """Vectors of this width that a core starts per cycle, at best, on the machines that were met."""


DIVISION = 1.25
"""Cycles that a core's divider takes for a value, at best, on the machines that were met: 10 for eight, 5 for four."""


# Percent tasks: two comparisons, the rounder, two sums, half of each of the two checks (AVX-512); there masks are free.
PATHS = {"avx512": Vectors("AVX-512", 6, 8, 2), "avx2": Vectors("AVX2", 11, 4, 3)}


def clock() -> float:
    """GHz, as the machine names it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("cpu MHz"):
            return float(line.partition(":")[2]) / 1000.0
    raise RuntimeError("this machine does not say what its clock is")


def stages(isa: str) -> list[tuple[str, ...]]:
    """The lines of one instruction set."""
    path = PATHS[isa]
    bench = workload.benchmark()
    raw, columns, ghz = workload.raw(bench, 1000), engine_columns(bench), clock()
    percent = columns["kind"] == 0

    def part(tasks: NDArray[np.bool_]) -> tuple[_core.Engine, NDArray[np.float64]]:
        picked = {k: v[tasks] if isinstance(v, np.ndarray) else v for k, v in columns.items()}
        return _core.Engine(**picked, zero_scores=False, isa=isa), np.ascontiguousarray(raw[:, tasks])

    whole, whole_raw = part(np.ones(bench.n_tasks, dtype=bool))
    some, some_raw = part(percent)
    others, others_raw = part(~percent)
    means = np.ascontiguousarray(whole.score(whole_raw, 1)[2].reshape(len(raw), -1))
    best = interleaved({
        "score": lambda: whole.score(whole_raw, 1),
        "percent tasks alone": lambda: some.score(some_raw, 1),
        "mapped tasks alone": lambda: others.score(others_raw, 1),
        "levels alone, a model": lambda: _core.levels(means, len(bench.modalities)),
        "read": fastest_read(raw)[1],
    }, seconds=4.0)  # fmt: skip
    vectors = path.instructions / path.values / path.per_cycle
    supported = float(np.mean(~np.isnan(others_raw)))
    per_model = 3 * len(bench.modalities) + 4
    floors = {
        "score": (raw.size, f"{best['read'] / raw.size * 1e9 * ghz:.2f}: the read"),
        "percent tasks alone": (some_raw.size, f"{vectors:.2f}: {path.instructions} instructions a vector"),
        "mapped tasks alone": (
            others_raw.size,
            f"{2 * DIVISION * supported:.2f}: two divisions a supported value ({supported:.0%})",
        ),
        "levels alone, a model": (len(raw), f"{per_model * DIVISION:.0f}: {per_model} divisions"),
    }
    lines = []
    for stage, (size, floor) in floors.items():
        each = best[stage] / size * 1e9
        lines.append((path.name, stage, f"{best[stage] * 1e6:.0f}", f"{each:.2f}", f"{each * ghz:.2f}", floor))
    return lines


def main() -> None:
    header = ("path", "stage", "µs for 1,000 models", "ns a value", "cycles a value", "floor, cycles a value")
    name = "?"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    lines = [line for isa in _core.build_info()["instruction_sets"] if isa in PATHS for line in stages(isa)]
    shown = f"{markdown(header, lines)}\n\n{name}, {clock():.2f} GHz; one thread."
    print(shown)
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index(START) + len(START), text.index(END)
    PAGE.write_text(f"{text[:begin]}\n{shown}\n{text[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
