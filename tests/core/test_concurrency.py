"""Processes, forks and interpreters; threads of one process are in test_scoring.py."""

import multiprocessing
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl

BENCHMARK, RAW = random_case(300, 200, seed=11)


def overall(scorer, threads):
    return scorer.score(RAW, threads=threads).overall


def test_one_prepared_by_many_threads():
    """What is compiled at first use is so once, whoever comes first; nobody gets other numbers."""
    scorer = gl.Scorer(BENCHMARK, fractions="keep")
    dense, sparse = gl.SpecialistSets.perturbed(BENCHMARK, 40, seed=3), gl.SpecialistSets.leave_one_out(BENCHMARK)
    jobs = [
        lambda prepared, n: scorer.ablate(prepared, dense, threads=n).summary,
        lambda prepared, n: scorer.ablate(prepared, sparse, threads=n).summary,
        lambda prepared, n: scorer.what_if(prepared, {"t7": np.nan, "t8": np.nan}).to_dict()["models"],
        lambda prepared, n: scorer.bootstrap(prepared, 40, seed=1, threads=n).summary,
    ]
    alone = scorer.prepare(RAW)
    expected = [job(alone, 1) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            prepared, together = scorer.prepare(RAW), threading.Barrier(8)

            def work(i, prepared=prepared, together=together):
                together.wait()
                return all(jobs[k % 4](prepared, 1 + i % 3) == expected[k % 4] for k in range(i, i + 4))

            assert all(pool.map(work, range(8)))


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_scorers_travel_between_processes(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    scorer = gl.Scorer(BENCHMARK)
    expected = overall(scorer, 2)  # the pool has threads from here on; a forked child has none of them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
        with multiprocessing.get_context(method).Pool(2) as pool:
            found = pool.starmap_async(overall, [(scorer, threads) for threads in (1, 2, 4)]).get(timeout=60)
    assert all(np.array_equal(one, expected) for one in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forks_while_other_threads_score():
    """At whatever moment: the child starts with a pool of its own."""
    scorer = gl.Scorer(BENCHMARK)
    expected, stop = overall(scorer, 2), threading.Event()

    def work():
        while not stop.is_set():
            overall(scorer, 2)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                signal.alarm(20)
                os._exit(0 if np.array_equal(overall(scorer, 4), expected) else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_subinterpreters_are_refused():
    """And do not hang, as the engine would under Python 3.11."""
    code = (
        "import sys\n"
        "try:\n    import _interpreters as interpreters\n"
        "except ImportError:\n    import _xxsubinterpreters as interpreters\n"
        "inside = f'import sys; sys.path[:] = {sys.path!r}\\nimport glevel_fast'\n"
        "error = interpreters.run_string(interpreters.create(), inside)\n"
        "print(getattr(error, 'msg', ''), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "glevel_fast does not support subinterpreters" in done.stderr


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has the lock")
def test_free_threading_stays_on():
    code = "import sys, glevel_fast._core\nsys.exit(sys._is_gil_enabled())"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], timeout=60, check=False).returncode == 0
