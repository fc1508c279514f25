"""What the benchmarks share. A full `pytest benchmarks --write-results` writes tables, records and history."""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import numba_alone  # noqa: F401
import peers
import targets
import workload

import glevel_fast as gl

BOARD = pytest.StashKey[targets.Board]()
DESELECTED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-results", action="store_true", help="of a full run: write RESULTS.md and README's table")


def pytest_configure(config: pytest.Config) -> None:
    board = config.stash[BOARD] = targets.Board(gl.build_info()["instruction_set"], _cpu())
    board.section("Machine", _machine(board))


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        items[0].config.stash[DESELECTED] = True


def full_run(config: pytest.Config) -> bool:
    """Whether results may be written."""
    deselected = config.stash.get(DESELECTED, False)
    return targets.full_run(config.args, deselected, asked=config.getoption("--write-results"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    board = config.stash[BOARD]
    if not board.rows:
        return
    terminalreporter.section("targets")
    for target in targets.TARGETS:
        if target.key in board.rows:
            values, detail = board.rows[target.key]
            measured = " / ".join(target.shown(v) for v in values)
            must, reach = target.goals(board.kind)
            bounds = f"{target.bounds(must)}, reach for {target.bounds(reach)}"
            terminalreporter.write_line(
                f"{target.verdict(values, board.kind)}: {target.work}: {measured} ({bounds}); {detail}"
            )
    for line in board.left_out:
        terminalreporter.write_line(f"left out: {line}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if exitstatus != pytest.ExitCode.OK or not config.getoption("--write-results"):
        return
    if not full_run(config):
        config.get_terminal_writer().line("\na selection was run: nothing is written")
        return
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=targets.ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    targets.write(config.stash[BOARD], datetime.datetime.now(datetime.UTC).date().isoformat(), commit or "?")


def _cpu() -> str:
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    info = gl.build_info()
    best, chosen = info["instruction_sets"][0], info["instruction_set"]
    held = "" if chosen == best else f", held to {chosen} as its peers are"
    return f"{name}, {info['threads']} cores, {best}{held}"


def _machine(board: targets.Board) -> str:
    info = gl.build_info()
    versions = [f"{entry.module} {_version(entry.module)}" for entry in peers.PEERS if entry.installed]
    return "\n".join([
        f"- {board.machine}; {platform.system()} {platform.machine()}",
        f"- glevel_fast {gl.__version__}, {info['compiler']}; paths {', '.join(info['instruction_sets'])}; "
        f"{info['instruction_set']} chosen",
        f"- Python {platform.python_version()}; {', '.join(dict.fromkeys(versions))}",
        "- 1,000 models x 702 tasks, float64, 98 mapped tasks, metrics, groups and missing values (72 %) as on the "
        "published board, in the engine's column order, unless said otherwise. "
        "What is compared runs in turns in one process; the fastest of many runs counts.",
    ])  # fmt: skip


def _version(module: str) -> str:
    from importlib.metadata import version

    return version(module)


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest) -> targets.Board:
    return request.config.stash[BOARD]


@pytest.fixture(scope="session")
def writes(request: pytest.FixtureRequest) -> bool:
    """Whether what this run finds will be written."""
    return full_run(request.config)


@pytest.fixture(scope="session")
def peer_lines() -> list[tuple[str, ...]]:
    """The lines of the table of peers so far."""
    return []


@pytest.fixture(scope="session")
def bench() -> gl.Benchmark:
    return workload.benchmark()


@pytest.fixture(scope="session")
def scorer(bench: gl.Benchmark) -> gl.Scorer:
    return gl.Scorer(bench)


@pytest.fixture(scope="session")
def raw(bench: gl.Benchmark) -> np.ndarray:
    return workload.raw(bench, 1000)


@pytest.fixture
def make_peer(bench, scorer, raw, board):  # type: ignore[no-untyped-def]
    """make_peer(name): the peer, after it gave the engine's answer; skips the test where it is not installed."""

    def make(name: str) -> peers.Peer:
        entry = next(e for e in peers.PEERS if e.name == name)
        if not entry.installed:
            if (line := f"{entry.module} is not installed") not in board.left_out:
                board.left_out.append(line)
            pytest.skip(f"{entry.module} is not installed")
        peer = entry.make(bench)
        overall, supported, wins = peer(raw)
        ours = scorer.score(raw)
        np.testing.assert_allclose(np.asarray(overall), ours.overall, rtol=1e-11)
        np.testing.assert_array_equal(np.asarray(supported), ours.supported)
        np.testing.assert_array_equal(np.asarray(wins), ours.wins)
        return peer

    return make
