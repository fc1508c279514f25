"""From files to values: what must hold for every definition."""

import json
import math
import random

import numpy as np
import pytest
from predictions import Made, as_json, packed, spread

import glevel_fast as gl
from glevel_fast.evaluation.catalogue import definitions
from glevel_fast.evaluation.example import write_example
from glevel_fast.io import write

BY_ID = {one.id: one for one in definitions()}


def evaluated(made, **options):
    options = {"benchmark": made.benchmark, "model": "ours"} | options
    return gl.evaluate(packed(made.predictions), packed(made.annotations), made.tasks, **options)


def one_task(name, golds, answers, files=None, gold_files=None):
    made = Made([name])
    (task,) = made.definitions
    made.annotations, made.predictions = {}, {}
    made.golds(task, golds, gold_files)
    made.predict(task, answers, files)
    return made, task


@pytest.fixture(scope="module")
def everything():
    return Made()


@pytest.fixture(scope="module")
def perfect(everything):
    return evaluated(everything)


@pytest.fixture(scope="module")
def worsened(everything):
    return worse(everything)


@pytest.mark.parametrize("name", BY_ID)
def test_gold_as_prediction_is_the_best_there_is(perfect, name):
    definition, value = BY_ID[name], perfect.values()[f"Task {name}"]
    if definition.best is None:
        assert value > 100  # CIDEr: 100 and above are 100 points
    else:
        factor = 100 if definition.share and not name.startswith("wer") else 1
        assert value == definition.best * factor


def test_the_samples_make_each_value_again_to_the_last_bit(worsened, tmp_path):
    result = evaluated(worsened)
    for ending in ("csv", "parquet"):
        getattr(write, ending)(result.sample_columns(), tmp_path / f"samples.{ending}")
        again = gl.Evaluation.recompute(tmp_path / f"samples.{ending}")
        assert again == {task: value for task, value in result.values().items() if not math.isnan(value)}
    means = {one.id for one in definitions() if one.averages}
    table = result.sample_columns()
    for task, value in again.items():
        own = [v for v, t in zip(table["value"].tolist(), table["task"], strict=True) if t == task]
        if table["definition"][table["task"].index(task)] in means:
            assert math.fsum(own) / len(own) == pytest.approx(value, rel=1e-12)
        else:
            assert all(map(math.isnan, own))


def worse(made):
    """The same with the first answer of each task given for the second id too, where both take it."""
    other = Made()
    for task in other.definitions:
        name = f"{other.folder(task)}/prediction.json"
        data = json.loads(made.predictions[name])["data"]
        if not task.startswith(("Task mae", "Task rmse", "Task auc", "Task miou/masks")):
            data[1]["prediction"] = data[0]["prediction"]
        other.predictions[name] = as_json(data)
    return other


@pytest.mark.parametrize("name", BY_ID)
def test_dropping_an_id_never_raises_a_value(worsened, name):
    made, definition = Made([name]), BY_ID[name]
    (task,) = made.definitions
    file = f"{made.folder(task)}/prediction.json"
    data = json.loads(made.predictions[file])["data"]
    better = 1 if made.benchmark.metrics[0].better == "higher" else -1
    for answers in (data, json.loads(worsened.predictions[file])):
        made.predictions[file] = as_json(answers)
        whole = evaluated(made).values()[task]
        for i in range(len(answers)):
            made.predictions[file] = as_json(answers[:i] + answers[i + 1 :])
            value = evaluated(made).values()[task]
            if definition.missing is None:
                assert math.isnan(value)
            else:
                assert better * value <= better * whole


def test_the_order_of_files_and_ids_changes_nothing(everything, worsened):
    first = evaluated(worsened)
    shuffled = worse(everything)
    rng = random.Random(3)
    for files in (shuffled.predictions, shuffled.annotations):
        for name in [name for name in files if name.endswith(".json")]:
            content = json.loads(files[name])
            rng.shuffle(content["data"] if isinstance(content, dict) else content)
            files[name] = as_json(content)
        items = list(files.items())
        rng.shuffle(items)
        files.clear()
        files.update(items)
    order = list(range(len(shuffled.tasks["task"])))
    rng.shuffle(order)
    shuffled.tasks = {name: [column[i] for i in order] for name, column in shuffled.tasks.items()}
    second = evaluated(shuffled)
    same_bytes(first, second)


def test_folders_and_zips_give_the_same_bytes(worsened, tmp_path):
    first = evaluated(worsened)
    ours, gold = spread(worsened.predictions, tmp_path / "p"), spread(worsened.annotations, tmp_path / "a")
    same_bytes(first, gl.evaluate(ours, gold, worsened.tasks, benchmark=worsened.benchmark, model="ours"))
    (tmp_path / "ours.zip").write_bytes(packed(worsened.predictions))
    (tmp_path / "gold.zip").write_bytes(packed(worsened.annotations))
    zips = tmp_path / "ours.zip", tmp_path / "gold.zip"
    same_bytes(first, gl.evaluate(*zips, worsened.tasks, benchmark=worsened.benchmark))


def test_processes_give_the_same_bytes(tmp_path):
    # of definitions that load no heavy package: each process would load it anew
    made = Made([name for name in BY_ID if name.startswith(("acc", "bleu", "m_viou", "auc", "macro-acc"))])
    seen = []
    first = evaluated(made)
    same_bytes(first, evaluated(made, processes=2, progress=lambda *at: seen.append(at)))
    assert seen == [(i + 1, len(made.definitions)) for i in range(len(made.definitions))]


def same_bytes(first, again):
    assert write.csv_text(again.columns()) == write.csv_text(first.columns())
    assert write.csv_text(again.sample_columns()) == write.csv_text(first.sample_columns())
    assert again.notes == first.notes


def test_the_example_scores_as_its_values_typed_by_hand(tmp_path):
    write_example(tmp_path / "e")
    bench = gl.load_benchmark(tmp_path / "e" / "benchmark.csv")
    result = gl.evaluate(
        tmp_path / "e" / "predictions" / "Example-7B",
        tmp_path / "e" / "annotations",
        tmp_path / "e" / "tasks.csv",
        benchmark=bench,
    )
    assert result.model == "Example-7B"
    write.parquet(result.columns(), tmp_path / "results.parquet")
    typed = {"Example-7B": result.values()}
    scorer = gl.Scorer(bench)
    by_hand, by_file = (scorer.score(gl.load_results(s, bench)) for s in (typed, tmp_path / "results.parquet"))
    direct = scorer.score(result.results)
    assert result.results.n.tolist() == [[4, 4, 2, 2, 2, 2]]
    read = gl.load_results(tmp_path / "results.parquet", bench)
    assert read.n.tolist() == result.results.n.tolist()
    # of 75 % in 4 samples: sqrt(0.75 * 0.25 / 3); of a metric of all samples together there is none
    assert result.results.stderr[0, 0] == pytest.approx(100 * (0.75 * 0.25 / 3) ** 0.5)
    assert np.isnan(result.results.stderr[0, 2])
    np.testing.assert_array_equal(read.stderr, result.results.stderr)
    for scores in (by_file, direct):
        assert scores.overall.tobytes() == by_hand.overall.tobytes()
        assert (scores.wins == by_hand.wins).all()
    values = result.values()
    assert values["Reading Comprehension"] == 75.0
    assert values["Headline Writing"] == pytest.approx(100 * (2 / 3 + 1 + 5 / 6 + 0) / 4)
    assert values["Traffic Sign Detection"] == pytest.approx(100 * (1 + 51 / 101) / 2)
    assert values["Depth Estimation"] == pytest.approx((0.04 + np.mean(0.25 / hall())) / 2, rel=1e-5)
    with pytest.raises(gl.EvaluationError, match="is there already"):
        write_example(tmp_path / "e")


def hall():
    return 5 + np.abs(np.mgrid[:22, :32][1] - 16) / 8


def test_missing_ids():
    golds, answers = dict(enumerate("ABCD")), {0: "A", 1: "B", 2: None}
    made, task = one_task("acc/exact@1", golds, answers)
    result = evaluated(made)
    assert result.values() == {task: 50.0}
    assert any("2 of 4 ids have no prediction and count as the worst value: '2', '3'" in note for note in result.notes)
    assert result.columns()["missing"] == [2]
    assert result.sample_columns()["status"] == ["scored", "scored", "missing", "missing"]
    refused = evaluated(made, missing="refuse")
    assert math.isnan(refused.values()[task])
    assert any("not supported, 2 of 4 ids" in note for note in refused.notes)
    for name in ("mae/pooled@1", "wer/corpus@1", "epe/known@1", "micro-f1/labels@1", "ap/coco-bbox@1"):
        made = Made([name])
        (task,) = made.definitions
        file = f"{made.folder(task)}/prediction.json"
        made.predictions[file] = as_json(json.loads(made.predictions[file])["data"][1:])
        result = evaluated(made)
        assert math.isnan(result.values()[task])
        assert any(f"for which {name} has no worst value" in note for note in result.notes)
    with pytest.raises(gl.EvaluationError, match="choose 'worst' or 'refuse'"):
        evaluated(made, missing="drop")


def test_a_task_without_predictions_is_not_supported():
    made, task = one_task("acc/exact@1", {0: "A"}, {0: "A"})
    made.predictions = {"other/prediction.json": as_json([])}
    result = evaluated(made)
    assert math.isnan(result.values()[task])
    assert any("the predictions have no file for it" in note for note in result.notes)
    made.predictions = {f"{made.folder(task)}/prediction.json": as_json([{"id": 0, "output": "A"}])}
    assert any("records without a prediction" in note for note in evaluated(made).notes)


def test_unparsed_answers_are_counted_and_never_mended():
    golds = dict(enumerate("ABCDABCD"))
    answers = {0: "A", 1: "(B)", 2: "The answer is C", 3: "D", 4: "a", 5: "B.", 6: "\\boxed{C}", 7: "no idea"}
    for name, value, unparsed in (("acc/exact@1", 25.0, 6), ("acc/letter@1", 75.0, 2)):
        made, task = one_task(name, golds, answers)
        result = evaluated(made)
        assert result.values() == {task: value}
        assert result.columns()["unparsed"] == [unparsed]
        assert any(f"{unparsed} of 8 answers" in note and "look unparsed" in note for note in result.notes)
    made, task = one_task("acc/exact@1", dict(enumerate(map(str, range(30)))), dict.fromkeys(range(30), "x"))
    assert evaluated(made).columns()["unparsed"] == [None]


def test_exact_zeros_are_noted():
    made, _ = one_task("mae/pooled@1", {0: 1}, {0: 1})
    result = evaluated(made)
    assert any("exactly 0, which scoring takes as not supported" in note for note in result.notes)
