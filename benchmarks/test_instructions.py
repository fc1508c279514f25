"""Instructions of the kernels, beside their times."""

from __future__ import annotations

import instructions
import pytest
from targets import markdown
from timing import interleaved

from glevel_fast import _core


def test_instructions(benchmark, board, bench, monkeypatch):
    if instructions.valgrind() is None:
        board.left_out.append("valgrind is not installed: no instruction counts")
        pytest.skip("valgrind is not installed")
    if "avx2" not in _core.build_info()["instruction_sets"]:
        pytest.skip("this machine has no AVX2")
    monkeypatch.setenv("GLEVEL_FAST_ISA", "avx2")  # valgrind knows no AVX-512
    counted = instructions.count("avx2")
    assert all(n > 0 for n in counted.values())
    calls = instructions.calls(1000)
    best = interleaved(calls, seconds=2.0)
    what = {
        "map": (98, "98 mapped tasks"),
        "reduce": (bench.n_tasks, "702 tasks, points given"),
        "levels": (1, "per model"),
        "score": (bench.n_tasks, "702 tasks, all three fused"),
    }
    lines = [
        (kernel, what[kernel][1], f"{counted[kernel]:,.0f}", f"{counted[kernel] / what[kernel][0]:.2f}",
         f"{best[kernel] * 1e6:.0f}", f"{best[kernel] * 1e6 / what[kernel][0]:.2f}")
        for kernel in instructions.KERNELS
    ]  # fmt: skip
    header = ("kernel", "of", "instructions per model", "per value", "µs for 1,000 models", "ns per value")
    board.section("Kernels", f"{markdown(header, lines)}\n\nAVX2 path, one thread; instructions counted by callgrind.")
    benchmark.group = "kernels"
    benchmark.pedantic(calls["map"], rounds=50)
