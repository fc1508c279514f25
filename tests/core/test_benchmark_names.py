"""Other names of tasks and metrics: they meet, and what they do not tell is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.core.benchmark import find_task


@pytest.fixture
def bench() -> gl.Benchmark:
    return gl.Benchmark(
        tasks=("Crack Detection", "Crowd Counting", "Captions"),
        modality=("image", "image", "video"),
        paradigm=("comprehension",) * 2 + ("generation",),
        metric=("mIoU", "MAE", "Acc"),
        sota=np.array([20.0, 6.0, 50.0]),
        aliases=(("Crack Det", "cracks"), ("Counting", "Captions"), ("Counting",)),
        metric_aliases=(("AP50",), (), ()),
    )


def test_a_name_that_means_one_task_finds_it(bench: gl.Benchmark) -> None:
    assert [find_task(bench, name) for name in ("crack  det", "CRACKS", "Crack Detection")] == [0, 0, 0]
    assert find_task(bench, "captions") == 2  # a task's own name goes before another's alias
    assert bench.meant_by("counting") == ("Crowd Counting", "Captions")
    with pytest.raises(gl.GLevelError, match="may mean 'Crowd Counting' or 'Captions'; write one of these"):
        find_task(bench, "Counting")
    with pytest.raises(gl.GLevelError, match="unknown task 'Cracking'"):
        find_task(bench, "Cracking")


def test_results_what_if_and_subsets_take_them(bench: gl.Benchmark) -> None:
    results = gl.load_results({"a": {"cracks": 30.0, "Captions": 60.0}}, bench)
    np.testing.assert_array_equal(results.values, [[30.0, np.nan, 60.0]])
    with pytest.raises(gl.ResultsError, match="may mean 'Crowd Counting' or 'Captions'"):
        gl.load_results({"a": {"Counting": 30.0}}, bench)
    scorer = gl.Scorer(bench)
    assert scorer.what_if(results, {"crack det": 40.0}).prepared.scores.models == ("a",)
    board = gl.board(scorer.score(results), "A", 2, tasks=["cracks"])
    assert board.n_tasks == 1


def test_a_metric_by_another_name(bench: gl.Benchmark) -> None:
    columns = {"model": ["a"], "task": ["cracks"], "value": [30.0]}
    for metric in ("mIoU", "ap50"):
        gl.load_results(columns | {"metric": [metric]}, bench)
    with pytest.raises(gl.ResultsError, match="'F1', but the benchmark has 'mIoU'"):
        gl.load_results(columns | {"metric": ["F1"]}, bench)


def test_they_stay_with_the_table(bench: gl.Benchmark, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for again in (gl.load_benchmark(bench.to_dict()), pickle.loads(pickle.dumps(bench))):
        assert (again.aliases, again.metric_aliases) == (bench.aliases, bench.metric_aliases)
    shorter = bench.changed(remove=[1])
    assert shorter.aliases == (("Crack Det", "cracks"), ("Counting",))
    assert shorter.meant_by("Counting") == ("Captions",)
    assert find_task(shorter, "Counting") == 1
    assert shorter.metric_aliases == (("AP50",), ())
    plain = gl.Benchmark(("a",), ("image",), ("generation",), ("Acc",), np.array([1.0]))
    assert "aliases" not in plain.to_dict()
    longer = plain.changed(add=bench)
    assert find_task(longer, "cracks") == 1


def test_a_column_for_each_task() -> None:
    with pytest.raises(gl.BenchmarkError, match="column 'aliases' has 2 values for 1 tasks"):
        gl.Benchmark(("a",), ("image",), ("generation",), ("Acc",), np.array([1.0]), aliases=(("b",), ("c",)))


@pytest.mark.parametrize("name", ["", " ", 3, "\ud800"])
def test_what_is_no_name(name: str) -> None:
    for column in ("aliases", "metric_aliases"):
        with pytest.raises(gl.BenchmarkError, match=r"task 'a': .* is no other name"):
            gl.Benchmark(("a",), ("image",), ("generation",), ("Acc",), np.array([1.0]), **{column: ((name,),)})


def test_scores_do_not_depend_on_them(bench: gl.Benchmark) -> None:
    columns = {name: column for name, column in bench.to_dict().items() if "aliases" not in name}
    assert gl.load_benchmark(columns) == bench
