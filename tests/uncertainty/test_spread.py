"""Pieces of a long run on other threads and processes: the bytes of one process, whatever happens to a worker."""

import os
import pickle
import signal
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from generate import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import GLevelError, Scorer, SpecialistSets
from glevel_fast.machines.job import CRUMBS, FIRST, Pieces
from glevel_fast.machines.spread import LocalPool, cluster

BENCH, RAW = random_case(23, 60, 7)
SCORER = Scorer(BENCH)
N = 600
KINDS = {
    "perturbed": SpecialistSets.perturbed(BENCH, N, seed=3),
    "matrix": SpecialistSets.from_matrix(BENCH, np.tile(BENCH.sota, (N, 1))),
    "leave one out": SpecialistSets.leave_one_out(BENCH),
    "changes": SpecialistSets.from_changes(BENCH, [{"t1": BENCH.sota[1]}, {"t2": float("nan")}] * 40),
    "candidates": SpecialistSets.candidates(BENCH, {"t0": [BENCH.sota[0]] * 4}, 80, keep_others=True),
    "replaced": SpecialistSets.replaced(BENCH, "t5", [float("nan"), BENCH.sota[5]]),
    "kept": SpecialistSets.kept(BENCH, [BENCH.tasks[i:] for i in range(50)]),
    "dropped": SpecialistSets.dropped_each(BENCH, tasks=BENCH.tasks[:9]),
    "strict": SpecialistSets.strict_wins(BENCH),
}


@pytest.fixture(scope="module")
def pool():
    with cluster("local:2") as executor:
        yield executor


class Odd(Executor):
    """Runs pieces at once, each time as `spoil` says; pickles what goes to a worker and comes back."""

    workers = 3

    def __init__(self, spoil):
        self.calls, self.spoil = 0, spoil

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(self.spoil(self.calls, fn, args))))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.mark.parametrize("kind", KINDS)
def test_threads_give_the_bytes_of_one_process(kind):
    sets = KINDS[kind]
    alone = SCORER.ablate(RAW, sets).summary
    with ThreadPoolExecutor(3) as executor:
        spread = SCORER.ablate(RAW, sets, executor=executor, piece=37)
    assert spread.complete
    assert pickle.dumps(spread.summary) == pickle.dumps(alone)


@pytest.mark.parametrize("kind", ["perturbed", "leave one out", "dropped"])
def test_processes_give_the_bytes_of_one_process(pool, kind):
    sets = KINDS[kind]
    seen = []
    spread = SCORER.ablate(RAW, sets, executor=pool, piece=50, progress=lambda done, total: seen.append((done, total)))
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, sets).summary)
    assert seen[-1] == (sets.n, sets.n)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_bootstrap_gives_the_bytes_of_one_process(pool):
    alone = SCORER.bootstrap(RAW, 900, seed=5, compare=(2, 3))
    spread = SCORER.bootstrap(RAW, 900, seed=5, compare=(2, 3), executor=pool, piece=100)
    assert pickle.dumps(spread.summary) == pickle.dumps(alone.summary)
    assert np.array_equal(spread.all_above(2), alone.all_above(2))


def test_the_scores_of_every_set_are_those_of_one_process():
    alone = SCORER.ablate(RAW, KINDS["perturbed"], full=True, start=3)
    with ThreadPoolExecutor(3) as executor:
        spread = SCORER.ablate(RAW, KINDS["perturbed"], full=True, start=3, executor=executor, piece=50)
    assert np.array_equal(spread.scores, alone.scores)
    assert spread.summary == alone.summary


@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_pieces_follow_what_the_first_ones_took(kind, pool, request):
    """More sets than the first pieces hold; the rest is given out when it is known what these took."""
    sets = SpecialistSets.perturbed(BENCH, 9_000, seed=2)
    with ThreadPoolExecutor(2) as threads:
        executor = {"threads": threads, "processes": pool}.get(kind) or request.getfixturevalue("dask")
        spread = SCORER.ablate(RAW, sets, executor=executor)
    assert spread.complete
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, sets).summary)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 100), st.integers(1, 50), st.lists(st.floats(0, 100), max_size=20))
def test_pieces_hold_each_set_once(n, step, workers, took):
    """However long pieces take; and few are given out before it is known."""
    pieces, seen, times = Pieces(0, n, step, workers), [], iter(took)
    while pieces.next < n:
        if (piece := pieces.take()) is None:
            assert len(seen) == FIRST
            pieces.took(step, next(times, 1.0), 0.001)
        else:
            seen.append(piece)
            if pieces.known:
                pieces.took(piece[1] - piece[0], next(times, 1.0), 0.001)
    assert pieces.take() is None
    assert [i for first, last in seen for i in range(first, last)] == list(range(n))
    assert all(last - first >= min(step // CRUMBS, n - first) for first, last in seen[:FIRST])


def test_a_range_of_sets():
    with ThreadPoolExecutor(2) as executor:
        parts = [
            SCORER.ablate(RAW, KINDS["perturbed"], executor=executor, piece=33, start=a, stop=b).summary
            for a, b in ((300, N), (0, 300))
        ]
    assert pickle.dumps(parts[0].merge(parts[1])) == pickle.dumps(SCORER.ablate(RAW, KINDS["perturbed"]).summary)


def _die(path, first, last):
    """What a worker does once in its life: it is killed."""
    if not os.path.exists(path):
        open(path, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return first + last


def _sleep(seconds):
    time.sleep(seconds)
    return seconds


def test_a_pool_is_made_anew_when_a_process_dies(tmp_path):
    pool = LocalPool(2)
    try:
        broken = pool.submit(_die, str(tmp_path / "died"), 1, 2)
        with pytest.raises(Exception, match="terminated abruptly"):
            broken.result(timeout=60)
        assert pool.submit(_die, str(tmp_path / "died"), 1, 2).result(timeout=60) == 3
        under_way = pool.submit(_sleep, 0.5)
        pool.shutdown()
        assert under_way.done()
        assert under_way.result() == 0.5
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(_sleep, 0)
    finally:
        pool.kill()


def test_a_worker_killed_in_the_middle_changes_nothing():
    sets = SpecialistSets.perturbed(BENCH, 4000, seed=8)
    pool, killed = LocalPool(2), []

    def kill_one(done, total):
        if not killed and done:
            killed.extend(list(pool._pool._processes)[:1])
            os.kill(killed[0], signal.SIGKILL)

    try:
        spread = SCORER.ablate(RAW, sets, executor=pool, piece=100, progress=kill_one)
    finally:
        pool.kill()
    assert killed
    assert spread.complete
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, sets).summary)


def test_a_job_travels_to_who_does_not_know_it():
    """A worker without the job says so once, and is sent it."""
    sent = []

    def stranger(call, fn, args):
        blob = args[1]
        sent.append(blob is not None)
        return None if blob is None and call <= 2 else fn(*args)

    spread = SCORER.ablate(RAW, KINDS["perturbed"], executor=Odd(stranger), piece=100)
    assert sent.count(True) == 2
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, KINDS["perturbed"]).summary)


def test_a_piece_that_fails_is_sent_again_and_counted_once():
    failed = set()

    def flaky(call, fn, args):
        if args[2] not in failed and len(failed) < 3:
            failed.add(args[2])
            raise OSError("the machine is gone")
        return fn(*args)

    spread = SCORER.ablate(RAW, KINDS["perturbed"], executor=Odd(flaky), piece=100)
    assert len(failed) == 3
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, KINDS["perturbed"]).summary)


def test_a_piece_that_always_fails_ends_the_run():
    def broken(call, fn, args):
        if args[2] <= 250 < args[3]:
            raise ZeroDivisionError("no")
        return fn(*args)

    with pytest.raises(
        GLevelError, match=r"numbers 200 to 299 of the run failed 3 times on the workers, .*ZeroDivisionError: no"
    ):
        SCORER.ablate(RAW, KINDS["perturbed"], executor=Odd(broken), piece=100)


def test_an_interrupt_keeps_the_first_sets():
    def stop(done, total):
        if done >= 200:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        ablation = SCORER.ablate(RAW, KINDS["perturbed"], executor=executor, piece=50, progress=stop)
    assert not ablation.complete
    assert 200 <= ablation.done < N
    first = SCORER.ablate(RAW, KINDS["perturbed"], stop=ablation.done).summary
    assert pickle.dumps(ablation.summary) == pickle.dumps(first)


def test_what_cannot_be_spread_is_refused():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(GLevelError, match="the executor takes no more work"):
        SCORER.ablate(RAW, KINDS["perturbed"], executor=executor)


@pytest.mark.parametrize("address", ["local:0", "local:x", "http://here", "local", ""])
def test_addresses(address):
    with pytest.raises(GLevelError, match="write local:N"), cluster(address):
        pass


@pytest.fixture(scope="module")
def machines():
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as started:
        yield started


@pytest.fixture(scope="module")
def dask(machines):
    with cluster(machines.scheduler_address) as executor:
        yield executor


@pytest.mark.parametrize("kind", KINDS)
def test_dask_gives_the_bytes_of_one_process(dask, kind):
    """Pieces enough for two levels of merging, and some that are left over."""
    sets, seen = KINDS[kind], []
    piece = max(1, sets.n // 19)
    spread = SCORER.ablate(
        RAW, sets, executor=dask, piece=piece, progress=lambda done, total: seen.append((done, total))
    )
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, sets).summary)
    assert seen[-1] == (sets.n, sets.n)
    assert seen == sorted(seen)


@pytest.mark.parametrize("unit", ["task", "skill", "modality"])
def test_the_bootstrap_on_dask_gives_the_bytes_of_one_process(dask, unit):
    bench = replace(BENCH, skill=tuple(f"skill {i % 4}" for i in range(BENCH.n_tasks)))
    alone, spread = (
        Scorer(bench).bootstrap(RAW, 300, unit, seed=5, compare=(2, 3), start=20, executor=executor)
        for executor in (None, dask)
    )
    assert pickle.dumps(spread.summary) == pickle.dumps(alone.summary)


def test_scores_and_quick_boards_on_dask_are_those_of_one_process(dask):
    alone, spread = (SCORER.ablate(RAW, KINDS["kept"], full=True, executor=e, piece=3) for e in (None, dask))
    assert np.array_equal(spread.scores, alone.scores)
    quick = [SCORER.subset(RAW, 20, draws=60, executor=executor).to_dict() for executor in (None, dask)]
    assert quick[0] == quick[1]


def test_an_interrupt_on_dask_keeps_the_first_sets(dask):
    def stop(done, total):
        if done >= 200:
            raise KeyboardInterrupt

    ablation = SCORER.ablate(RAW, KINDS["perturbed"], executor=dask, piece=10, progress=stop, start=50)
    assert not ablation.complete
    assert 200 <= ablation.done < N - 50
    first = SCORER.ablate(RAW, KINDS["perturbed"], start=50, stop=50 + ablation.done).summary
    assert pickle.dumps(ablation.summary) == pickle.dumps(first)
    none = SCORER.ablate(RAW, KINDS["perturbed"], executor=dask, piece=N, progress=stop, stop=0)
    assert none.done == 0


class Failing(SpecialistSets):
    """Those that hold set 250 cannot be made."""

    def __reduce__(self):
        return Failing, (self.benchmark, self.recipe, self.strict)

    def matrix(self, first=0, last=None):
        if first <= 250 < last:
            raise ZeroDivisionError("no")
        return super().matrix(first, last)


def test_a_piece_that_always_fails_on_dask_ends_the_run(dask):
    sets = Failing(BENCH, KINDS["perturbed"].recipe)
    with pytest.raises(
        GLevelError, match=r"numbers 200 to 299 of the run failed 3 times on the workers, .*ZeroDivisionError: no"
    ):
        SCORER.ablate(RAW, sets, executor=dask, piece=100)


def test_a_worker_of_dask_killed_in_the_middle_changes_nothing(machines, dask):
    killed = []

    def kill_one(done, total):
        if not killed and done:
            killed.append(next(iter(machines.workers.values())).process.process.pid)
            os.kill(killed[0], signal.SIGKILL)

    sets = SpecialistSets.perturbed(BENCH, 2000, seed=4)
    spread = SCORER.ablate(RAW, sets, executor=dask, piece=40, progress=kill_one)
    assert killed
    assert pickle.dumps(spread.summary) == pickle.dumps(SCORER.ablate(RAW, sets).summary)
