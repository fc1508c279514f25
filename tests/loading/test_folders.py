"""Folders of results, read and scored part by part: the bytes of one process, whatever happens on the way."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from generate import random_case

from glevel_fast import GLevelError, ResultsError, Scorer, load_results
from glevel_fast.cli.main import main
from glevel_fast.io import write
from glevel_fast.loading import folder as reading
from glevel_fast.machines.spread import LocalPool, cluster

BENCH, RAW = random_case(90, 41, 29)
NAMES = [f"model {i}" for i in range(len(RAW))]
SCORER = Scorer(BENCH)
HALVES = {"a.parquet": slice(0, 50), "b.parquet": slice(50, 90)}


def table(rows, order=slice(None)):
    columns = dict(zip(BENCH.tasks, RAW[rows].T, strict=True))
    names = [name for i, name in enumerate(columns)][order]
    return pa.table({"model": NAMES[rows], **{name: pa.array(columns[name], from_pandas=True) for name in names}})


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Two files of several row groups, the second with its tasks in another order; spans of one or two row groups."""
    monkeypatch.setattr(reading, "SPAN", 15 * (len(BENCH.tasks) + 1))
    to = tmp_path / "results"
    to.mkdir()
    pq.write_table(table(HALVES["a.parquet"]), to / "a.parquet", row_group_size=8)
    pq.write_table(table(HALVES["b.parquet"], slice(None, None, -1)), to / "b.parquet", row_group_size=20)
    (to / "notes.txt").write_text("how they were made")
    return to


def scored(scorer, results, to, **options):
    """A run, and the bytes of all files it left."""
    run = scorer.score_folder(results, to, **options)
    return run, {path.name: path.read_bytes() for path in sorted(to.iterdir())}


@pytest.fixture
def alone(results, tmp_path):
    return scored(SCORER, results, tmp_path / "alone")[1]


def test_a_folder_is_read_as_one_table(results):
    expected = load_results([results / "a.parquet", results / "b.parquet"], BENCH)
    seen = []
    read = load_results(results, BENCH, progress=lambda done, total: seen.append((done, total)))
    assert read.models == expected.models == tuple(NAMES)
    np.testing.assert_array_equal(read.values, expected.values)
    np.testing.assert_array_equal(read.values, np.where(np.inf == RAW, np.nan, RAW))
    assert read.sources == expected.sources
    assert read.notes == (f"{results}: passed over, neither .parquet nor .arrow: 'notes.txt'", *expected.notes)
    assert seen[-1] == (6, 6)
    with ThreadPoolExecutor(2) as executor:
        spread = load_results([results, {"dict": {BENCH.tasks[0]: 1.0}}], BENCH, executor=executor)
        scores = SCORER.score(results, executor=executor)
    np.testing.assert_array_equal(spread.values[:-1], expected.values)
    np.testing.assert_array_equal(scores.overall, SCORER.score(expected).overall)


def test_the_limits_of_strangers_tables_do_not_hold_for_a_folder(results, monkeypatch):
    from glevel_fast.io import parquet

    monkeypatch.setattr(parquet, "MAX_NUMBERS", 1000)
    with pytest.raises(ResultsError, match="more than the limit of 1,000"):
        load_results(results / "a.parquet", BENCH)
    assert len(load_results(results, BENCH)) == 90


def test_scores_of_a_folder_are_those_of_one_table(results, tmp_path):
    run, files = scored(SCORER, results, tmp_path / "out")
    expected = SCORER.score(load_results(results, BENCH))
    assert (len(run), run.total, run.made, run.complete) == (90, 6, 6, True)
    for name, column in expected.columns().items():
        np.testing.assert_array_equal(run.columns()[name], column)
    whole = pq.read_table(tmp_path / "out").drop_columns([])  # as others read it
    assert whole["model"].to_pylist() == NAMES
    np.testing.assert_array_equal(whole["level3"].to_numpy(), expected.overall[:, 1])
    assert run.notes[0] == expected.notes[0]
    assert sum("fractions" in note for note in run.notes) == 5  # one for each part that has such values
    assert [name for name in files if not name.startswith("_")] == list(run.parts)
    assert "90 models in 6 parts" in repr(run)


def test_threads_give_the_bytes_of_one_process(results, alone, tmp_path):
    with ThreadPoolExecutor(3) as executor:
        run, files = scored(SCORER, results, tmp_path / "out", executor=executor)
    assert run.complete
    assert files == alone


def test_a_second_run_makes_what_is_missing(results, alone, tmp_path):
    to = tmp_path / "alone"
    parts = sorted(to.glob("*.parquet"))
    parts[1].unlink()
    parts[3].write_bytes(parts[3].read_bytes()[:100])  # a disk that was full
    kept = {part: part.stat().st_mtime_ns for i, part in enumerate(parts) if i not in (1, 3)}
    run, files = scored(SCORER, results, to)
    assert run.made == 2
    assert files == alone
    assert {part: part.stat().st_mtime_ns for part in kept} == kept
    assert scored(SCORER, results, to)[0].made == 0


def test_results_that_change_are_noticed(results, tmp_path):
    to = tmp_path / "out"
    scored(SCORER, results, to)
    other = table(HALVES["a.parquet"]).set_column(1, BENCH.tasks[0], pa.nulls(50, pa.float64()))
    pq.write_table(other, results / "a.parquet", row_group_size=8)
    run, files = scored(SCORER, results, to)
    assert run.made == 4
    assert any(note.startswith("parts of results that have changed, scored again: 'a.parquet") for note in run.notes)
    assert files == scored(SCORER, results, tmp_path / "fresh")[1]
    (results / "b.parquet").rename(results / "c.parquet")
    run, files = scored(SCORER, results, to)
    assert (run.made, run.total) == (2, 6)
    assert any("no longer there, removed: 'b.parquet.000000.parquet'" in note for note in run.notes)
    assert not [name for name in files if name.startswith("b.")]


def test_scores_of_another_job_are_refused(results, alone, tmp_path):
    to = tmp_path / "alone"
    with pytest.raises(GLevelError, match=r"another job \(zero 'missing', now 'score'\)"):
        Scorer(BENCH, zero="score").score_folder(results, to)
    with pytest.raises(GLevelError, match="another reading of names"):
        SCORER.score_folder(results, to, rename={"model 1": "model one"})
    changed = BENCH.changed({0: BENCH.sota[0] + 1.0})
    with pytest.raises(GLevelError, match="another benchmark"):
        Scorer(changed).score_folder(results, to)
    (to / "mine.parquet").write_bytes(b"")
    with pytest.raises(GLevelError, match=r"not parts of these scores.* 'mine.parquet'; name an empty folder"):
        SCORER.score_folder(results, to)
    (to / "mine.parquet").unlink()
    assert scored(SCORER, results, to)[1] == alone  # nothing was touched
    with pytest.raises(GLevelError, match="a folder of their own"):
        SCORER.score_folder(results, results)


def test_what_is_wrong_in_one_file_is_said_once(results, tmp_path):
    write.parquet({"model": ["model 7"], BENCH.tasks[0]: [1.0]}, results / "c.parquet")
    with pytest.raises(ResultsError, match=r"'model 7' in c.parquet and a.parquet"):
        SCORER.score_folder(results, tmp_path / "out")
    write.parquet({"model": ["x"], "no such task": [1.0]}, results / "c.parquet")
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(ResultsError, match=r"c.parquet: has a task that the benchmark"),
    ):
        SCORER.score_folder(results, tmp_path / "out", executor=executor)
    write.parquet({"model": ["x"], "task": [BENCH.tasks[0]], "value": [1.0]}, results / "c.parquet")
    with pytest.raises(ResultsError, match="a folder is for wide tables"):
        load_results(results, BENCH)
    (results / "c.parquet").write_bytes(b"PAR1, or so")
    with pytest.raises(ResultsError, match=r"c.parquet: is not a Parquet file that can be read"):
        SCORER.score_folder(results, tmp_path / "out")
    (tmp_path / "none").mkdir()
    with pytest.raises(ResultsError, match=r"is a directory without .parquet or .arrow files; name"):
        load_results(tmp_path / "none", BENCH)
    write.csv({"model": ["x"], BENCH.tasks[0]: [1.0]}, tmp_path / "r.csv")
    with pytest.raises(ResultsError, match="neither a folder nor"):
        SCORER.score_folder(tmp_path / "r.csv", tmp_path / "out")


def test_a_worker_killed_in_the_middle_changes_nothing(results, alone, tmp_path):
    pool, killed = LocalPool(2), []

    def kill_one(done, total):
        if not killed and done:
            killed.extend(list(pool._pool._processes)[:1])
            os.kill(killed[0], signal.SIGKILL)

    try:
        run, files = scored(SCORER, results, tmp_path / "out", executor=pool, progress=kill_one)
    finally:
        pool.kill()
    assert killed
    assert run.complete
    assert files == alone


def test_dask_gives_the_bytes_of_one_process(results, alone, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as machines,
        cluster(machines.scheduler_address) as executor,
    ):
        killed = []

        def kill_one(done, total):
            if not killed and done:
                killed.append(next(iter(machines.workers.values())).process.process.pid)
                os.kill(killed[0], signal.SIGKILL)

        run, files = scored(SCORER, results, tmp_path / "out", executor=executor, progress=kill_one)
    assert killed
    assert run.complete
    assert files == alone


def test_an_interrupt_keeps_parts(results, alone, tmp_path):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    run, files = scored(SCORER, results, tmp_path / "out", progress=stop)
    assert (run.complete, len(run.parts), run.made) == (False, 2, 2)
    again, files = scored(SCORER, results, tmp_path / "out")
    assert (again.complete, again.made) == (True, 4)
    assert files == alone


def test_command_line(results, tmp_path, capsys):
    write.csv(BENCH.to_dict(), tmp_path / "bench.csv")
    to = tmp_path / "out"
    command = ["score", str(results), "-b", str(tmp_path / "bench.csv")]
    assert main([*command, "-o", str(to), "--top", "3", "--cluster", "local:2"]) == 0
    shown = capsys.readouterr()
    assert "General-Level, 90 models, 6 of 6 parts, 6 of them made now" in shown.out
    assert "... and 87 more" in shown.out
    assert "passed over" in shown.err
    assert main([*command, "--csv", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 91
    assert main([*command, "-o", str(to)]) == 0
    assert "6 of 6 parts, 0 of them made now" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([*command, "-o", str(to), "--csv", "x.csv"])
    assert "leave --csv out" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["score", "-o", str(to)])
