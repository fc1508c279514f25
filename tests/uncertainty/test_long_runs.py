"""Long runs that are stopped: Ctrl-C once and twice, while the outputs are written, SIGTERM, a closed pipe."""

import json
import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from generate import random_case

from glevel_fast import GLevelError, Scorer
from glevel_fast.uncertainty import ablation, recipes
from glevel_fast.uncertainty.ablation import sets_in_piece
from glevel_fast.uncertainty.specialists import SpecialistSets

ENDLESS = "900000000"
COMMANDS = {"ablate": ("sets", "sets"), "stability": ("resamples", "resamples")}
BENCHMARK, RAW = random_case(20, 50, seed=6)


@pytest.fixture(autouse=True)
def ctrl_c_means_what_it_does_in_a_shell():
    """Who runs the tests in the background may have it ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def popen(*command, **options):
    ends = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE) | options
    return subprocess.Popen([sys.executable, *command], text=True, **ends)


class Terminal:
    """`glevel` with standard error on a terminal, where it shows its progress once a second has passed."""

    def __init__(self, *arguments):
        self.master, slave = os.openpty()
        self.process = popen("-m", "glevel_fast", *arguments, stderr=slave)
        os.close(slave)
        self.shown = b""

    def read(self, until=None):
        while until is None or until not in self.shown:
            try:
                more = os.read(self.master, 4096)
            except OSError:  # the other end is closed
                more = b""
            if not more:
                assert until is None, self.shown
                return
            self.shown += more

    def finish(self):
        self.read()
        os.close(self.master)
        out, _ = self.process.communicate(timeout=20)
        assert b"Traceback" not in self.shown, self.shown
        return out


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_keeps_what_is_done(command, tmp_path):
    terminal = Terminal(command, "-n", ENDLESS, "--json", tmp_path / "out.json")
    terminal.read(until=b"/" + ENDLESS.encode())
    terminal.process.send_signal(signal.SIGINT)
    out = terminal.finish()
    assert terminal.process.returncode == 130
    outer, word = COMMANDS[command]
    done = json.loads((tmp_path / "out.json").read_text())[outer]["done"]
    assert 0 < done < int(ENDLESS)
    assert f"glevel: interrupted: {done} of {ENDLESS} {word} are done and in the output" in terminal.shown.decode()
    assert f" {done} " in out.splitlines()[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_sigterm_ends_it(command, tmp_path):
    terminal = Terminal(command, "-n", ENDLESS, "--json", tmp_path / "out.json")
    terminal.read(until=b"/" + ENDLESS.encode())
    terminal.process.terminate()
    assert terminal.finish() == ""
    assert terminal.process.returncode == -signal.SIGTERM
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "where", ["glevel_fast.uncertainty.summary.Summary.to_dict", "matplotlib.figure.Figure.savefig"]
)
def test_ctrl_c_while_outputs_are_written(command, where, tmp_path):
    """What is slow stands in; what was there before stays, and nothing is left beside it."""
    for name in ("out.json", "out.png"):
        (tmp_path / name).write_text("before")
    module, owner, name = where.rsplit(".", 2)
    code = (
        f"import sys, time, {module} as module\n"
        "def slow(self, file, *a, **k):\n"
        "    if hasattr(file, 'write'): file.write(b'half')\n"
        "    print('writing', flush=True)\n    time.sleep(60)\n"
        f"module.{owner}.{name} = slow\n"
        "from glevel_fast.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    )
    outputs = ["--json", tmp_path / "out.json"] if name == "to_dict" else ["--plot", tmp_path / "out.png"]
    process = popen("-c", code, command, "-n", "100", *outputs)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "glevel: interrupted\n")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.json": "before", "out.png": "before"}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("output", ["", "--json -"])
@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_closed_pipe_is_quiet(command, output, reader):
    glevel = f"{sys.executable} -m glevel_fast {command} -n 70 {output}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{glevel} | {reader}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert all(line.startswith("note: ") for line in done.stderr.splitlines()), done.stderr
    assert done.stdout.count("\n") == (reader != "true")


# ---- The library


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def interrupted_at(n, piece, times=1):
    """`n` sets; while those of a piece that starts with set `piece` are made, Ctrl-C is pressed."""

    class Perturbed(recipes.Perturbed):
        def matrix(self, benchmark, first, last):
            for _ in range(times * (first == piece)):
                ctrl_c()
            return super().matrix(benchmark, first, last)

    return SpecialistSets(BENCHMARK, Perturbed(n, 0.05, 2))


@pytest.mark.parametrize("full", [False, True])
def test_without_piece_or_progress(full):
    """The piece that is under way is finished."""
    scorer = Scorer(BENCHMARK, fractions="keep")
    partial_run = scorer.ablate(RAW, interrupted_at(4000, 1024), full=full)
    assert (partial_run.done, partial_run.complete) == (2048, False)
    whole = scorer.ablate(RAW, SpecialistSets.perturbed(BENCHMARK, 2048, seed=2), full=full)
    assert partial_run.summary == whole.summary
    if full:
        assert np.array_equal(partial_run.scores, whole.scores)


def test_a_second_one_takes_effect_at_once():
    with pytest.raises(KeyboardInterrupt):
        Scorer(BENCHMARK, fractions="keep").ablate(RAW, interrupted_at(4000, 1024, times=2))


def test_a_run_of_one_piece_is_interrupted_as_any_function():
    """Or who calls `ablate` in a loop could never leave it."""
    scorer = Scorer(BENCHMARK, fractions="keep")
    with pytest.raises(KeyboardInterrupt):
        scorer.ablate(RAW, interrupted_at(100, 0))


@pytest.mark.parametrize(("n_models", "n_tasks", "expected"), [
    (0, 1, 1024), (1, 1, 1024), (100, 702, 1024), (1000, 702, 512), (20_000, 50, 64), (2000, 5000, 64),
    (100_000, 700, 64),
])  # fmt: skip
def test_pieces_are_short(n_models, n_tasks, expected):
    assert sets_in_piece(n_models, n_tasks) == expected


def test_dropped_tasks_come_in_pieces_of_their_own(monkeypatch):
    scorer = Scorer(BENCHMARK, fractions="keep")
    sets = SpecialistSets.dropped_each(BENCHMARK, tasks=BENCHMARK.tasks)
    at_once = scorer.ablate(RAW, sets).summary
    monkeypatch.setattr(ablation, "PIECE_SCORED", 7 * RAW.size)
    seen = []
    assert scorer.ablate(RAW, sets, progress=lambda done, total: seen.append(done)).summary == at_once
    assert seen == [*range(7, 50, 7), 50]


def test_what_is_compared_on_the_way_is_not_resampled_again():
    scorer = Scorer(BENCHMARK, fractions="keep")

    def stop(done, total):
        if done == 30:
            raise KeyboardInterrupt

    for run in (partial(scorer.bootstrap, RAW, 30), partial(scorer.bootstrap, RAW, 100, piece=10, progress=stop)):
        boot, later = run(seed=1, compare=(3, 5)), run(seed=1)
        assert boot.done == 30
        expected = [later.all_above(level) for level in (3, 5, 2)]
        assert np.array_equal(boot.all_above(2), expected[2])
        boot.__dict__["_resampler"] = None
        assert np.array_equal(boot.all_above(3), expected[0])
        assert np.array_equal(boot.all_above(5), expected[1])
        with pytest.raises(AttributeError):
            boot.all_above(4)
    with pytest.raises(GLevelError, match="level=6"):
        scorer.bootstrap(RAW, 10, compare=(6,))
