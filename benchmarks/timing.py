"""How time is taken: everything that is compared runs in one process, in turns, and the fastest run counts."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

TURN = 0.010
"""Seconds for which each call is repeated before the next has its turn: other threads' spinning has then ended."""
BATCH = 20e-6
"""Calls faster than this are timed several at once."""


def interleaved(calls: Mapping[str, Callable[[], object]], seconds: float = 3.0) -> dict[str, float]:
    """The fastest run of each call, in seconds, with all of them taking turns for `seconds` in all."""
    clock = time.perf_counter
    batch = {}
    for name, call in calls.items():
        call()  # what is compiled or allocated once
        once = min(_timed(call, 1) for _ in range(3))
        batch[name] = max(1, int(BATCH / once))
    best = dict.fromkeys(calls, float("inf"))
    enabled = gc.isenabled()
    gc.disable()
    try:
        rounds, end = 0, clock() + seconds
        while rounds < 3 or clock() < end:
            for name, call in calls.items():
                until = clock() + TURN
                while True:
                    best[name] = min(best[name], _timed(call, batch[name]))
                    if clock() >= until:
                        break
            rounds += 1
    finally:
        if enabled:
            gc.enable()
    return best


def _timed(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def processes(commands: Mapping[str, Sequence[str]], runs: int = 5) -> dict[str, float]:
    """The fastest run of each command as a whole process with this Python, in seconds; they take turns.

    With compiled bytecode, as what is installed has it, wherever the sources lie.
    """
    best = dict.fromkeys(commands, float("inf"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as bytecode:
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for _ in range(runs):
            for name, arguments in commands.items():
                start = time.perf_counter()
                done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False, env=environment)
                best[name] = min(best[name], time.perf_counter() - start)
                if done.returncode != 0:
                    raise RuntimeError(f"{name}: {done.stderr.decode(errors='replace')[-2000:]}")
    return best
