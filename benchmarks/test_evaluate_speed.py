"""From predictions to results, a whole process: 100 tasks of 500 texts."""

from __future__ import annotations

import subprocess
import sys

from answers import write_answers
from timing import processes


def test_evaluate(benchmark, board, tmp_path):
    write_answers(tmp_path)
    given = {name: str(tmp_path / name) for name in ("predictions", "annotations", "tasks.csv", "benchmark.csv")}
    line = ("-m", "glevel_fast", "evaluate", given["predictions"], "--annotations", given["annotations"], "--tasks",
            given["tasks.csv"], "-b", given["benchmark.csv"])  # fmt: skip
    for n in (1, 2):
        out = ("-o", str(tmp_path / f"{n}.csv"), "--samples", str(tmp_path / f"samples{n}.csv"))
        subprocess.run([sys.executable, *line, *out, "--processes", str(n)], check=True, capture_output=True)
    for name in ("", "samples"):
        assert (tmp_path / f"{name}1.csv").read_bytes() == (tmp_path / f"{name}2.csv").read_bytes()
    # the largest process is one of the two: their memory is the sum's bound
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")  # fmt: skip
    command = [sys.executable, "-c", code, sys.executable, *line, "--processes", "2"]
    memory = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024
    best = processes({"evaluate": (*line, "--processes", "2")}, runs=2)
    board.row("evaluate", best["evaluate"], detail=f"`glevel evaluate --processes 2`; largest process {memory:.0f} MB")
    benchmark.group = "whole processes"
    benchmark.pedantic(subprocess.run, ([sys.executable, *line],), {"capture_output": True}, rounds=1)
