"""The bits of every output are those on record: on any number of threads and any instruction set."""

import os
import subprocess
import sys
from pathlib import Path

import fixed
import pytest

from glevel_fast import Scorer, build_info

PATHS = build_info()["instruction_sets"]
BENCHMARK, RAW = fixed.case()


@pytest.mark.parametrize("name", fixed.OUTPUTS)
def test_threads(name):
    compute, recorded = fixed.OUTPUTS[name]
    scorer = Scorer(BENCHMARK)
    for threads in range(1, 9):
        assert fixed.digest(compute(scorer, RAW, threads)) == recorded, threads


@pytest.mark.parametrize("isa", PATHS)
@pytest.mark.parametrize("name", fixed.OUTPUTS)
def test_instruction_sets(name, isa):
    compute, recorded = fixed.OUTPUTS[name]
    scorer = fixed.scorer_on(isa, BENCHMARK)
    assert scorer.compiled.engine.isa == isa
    assert fixed.digest(compute(scorer, RAW, 2)) == recorded


@pytest.mark.parametrize("isa", PATHS)
def test_instruction_sets_forced_from_outside(isa):
    """By GLEVEL_FAST_ISA, in a process of its own."""
    command = [sys.executable, Path(fixed.__file__)]
    done = subprocess.run(
        command, env={**os.environ, "GLEVEL_FAST_ISA": isa}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f", {isa}: 0 of" in done.stdout


def test_an_instruction_set_that_is_not_here():
    """One line that names the variable and what it may say, on the command line too."""
    wanted = f"GLEVEL_FAST_ISA: instruction set 'abacus' is not available here; available: {', '.join(PATHS)}\n"
    code = "import glevel_fast as gl; gl.Scorer(gl.published.benchmark())"
    for command, expected in [
        (["-c", code], f"glevel_fast.errors.GLevelError: {wanted}"),
        (["-m", "glevel_fast", "score"], f"glevel: error: {wanted}"),
    ]:
        done = subprocess.run(
            [sys.executable, *command],
            env={**os.environ, "GLEVEL_FAST_ISA": "abacus"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.endswith(expected)
    assert done.stderr == expected


def test_one_changed_cell_changes_the_hash():
    """So the hashes see all that is computed."""
    scorer, raw = Scorer(BENCHMARK), RAW.copy()
    cell = next(i for i in range(fixed.N_TASKS) if BENCHMARK.metric[i] == "FID" and raw[-1, i] > 0)
    raw[-1, cell] *= 1 + 1e-9
    for name, (compute, recorded) in fixed.OUTPUTS.items():
        assert fixed.digest(compute(scorer, raw, 1)) != recorded, name
