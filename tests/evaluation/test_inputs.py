"""What predictions, annotations and tables may look like, and what is said where they cannot be used."""

import json
import os
import sys

import numpy as np
import pytest
from predictions import Made, as_json, npy, packed, png, runs, spread
from pycocotools import mask

import glevel_fast as gl
from glevel_fast.core.benchmark import Benchmark
from glevel_fast.evaluation.draft import draft
from glevel_fast.evaluation.files import Folder, open_files
from glevel_fast.evaluation.records import gold_in, prediction_in, read_records
from glevel_fast.evaluation.table import load_tasks


def bench(*metrics, sota=60.0, scale=1.0):
    n = len(metrics)
    names = tuple(f"T{i}" for i in range(n))
    return Benchmark(names, ("language",) * n, ("",) * n, metrics, np.full(n, sota), scale=np.full(n, scale))


def tasks(*rows, columns=("task", "folder", "metric", "definition", "unit", "answer_path")):
    return [dict(zip(columns, row, strict=True)) for row in rows]


def evaluated(predictions, annotations, table, benchmark, **options):
    return gl.evaluate(packed(predictions), packed(annotations), table, benchmark=benchmark, model="m", **options)


RECORD = {"id": "1", "input": {"question": "?"}, "output": {"answer": "B"}}
VARIANTS = {
    "annotation.json": ({"t/annotation.json": {"task": "T0", "type": "QA", "data": [RECORD]}}, "B"),
    "named like the folder": ({"nlp/t/t.json": {"data": [RECORD]}}, "B"),
    "named like the task": ({"t/T0.json": [RECORD]}, "B"),
    "json/annotation_v2.json": ({"deep/er/t/json/annotation_v2.json": {"data": [RECORD]}}, "B"),
    "a file alone": ({"t.json": {"data": [RECORD]}}, "B"),
    "gold is a string": ({"t/annotation.json": {"data": [RECORD | {"output": "B"}]}}, "B"),
    "gold is a list": ({"t/annotation.json": {"data": [RECORD | {"output": {"text": ["x", "B"]}}]}}, "B"),
    "gold is a number": ({"t/annotation.json": {"data": [RECORD | {"output": {"category": 3}}]}}, "3"),
    "gold under an own key": ({"t/annotation.json": {"data": [RECORD | {"output": {"summary": "B"}}]}}, "B"),
    "gold beside an explanation": (
        {"t/annotation.json": {"data": [RECORD | {"output": {"answer": "B", "why": "so"}}]}},
        "B",
    ),
    "inputs beside": (
        {"t/annotation.json": {"data": [{"id": 1, "document": "...", "output": {"response": "B"}}]}},
        "B",
    ),
    "upper case": ({"T/Annotation.JSON": {"data": [RECORD]}}, "B"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_annotations_in_their_variants(name):
    files, answer = VARIANTS[name]
    annotations = {path: as_json(content) for path, content in files.items()}
    predictions = {"t/prediction.json": as_json({"data": [{"id": "1", "prediction": answer}]})}
    table = tasks(("T0", "t", "Acc", "exact", "percent", ""))
    assert evaluated(predictions, annotations, table, bench("Acc")).values() == {"T0": 100.0}


@pytest.mark.parametrize(
    "files",
    [
        {"t/prediction.json": {"task": "T0", "skill": "s", "type": "QA", "data": [{"id": 1, "prediction": "B"}]}},
        {"t/prediction.json": [{"id": "1", "prediction": "B"}]},
        {"t/annotation.json": [RECORD | {"prediction_final": "B"}]},
        {"t/annotation.json": {"data": [RECORD | {"prediction": "B", "prediction_final": "C"}]}},
        {"M/t/prediction.json": [{"id": 1, "prediction": {"answer": "B"}}]},
        {"M/t.json": [{"id": 1, "prediction": "B"}]},
        {"T0.json": {"data": [{"id": 1, "prediction": "B"}]}, "x.json": {}},
    ],
)
def test_predictions_in_their_variants(files):
    annotations = {"t/annotation.json": as_json({"data": [RECORD]})}
    table = tasks(("T0", "t" if not any("T0" in name for name in files) else "T0", "Acc", "exact", "percent", ""))
    if "T0.json" in files:
        annotations = {"T0/annotation.json": as_json({"data": [RECORD]})}
    predictions = {name: as_json(content) for name, content in files.items()}
    assert evaluated(predictions, annotations, table, bench("Acc")).values() == {"T0": 100.0}


def test_an_answer_path_leads_to_the_gold():
    record = {"id": 1, "output": {"solution": {"steps": ["a", "b"], "final_answer": 7}}, "n": [[5]]}
    assert gold_in(record, "output.solution.final_answer") == 7
    assert gold_in(record, "output.solution.steps.1") == "b"
    assert gold_in(record, "n.0.0") == 5
    for path in ("output.solution.x", "n.1", "n.-1", "id.0"):
        with pytest.raises(ValueError, match="lacks"):
            gold_in(record, path)
    with pytest.raises(ValueError, match="has null"):
        gold_in({"output": None})
    assert prediction_in({"prediction": None, "prediction_final": 0}) == (True, 0)
    assert prediction_in({"prediction": None}) == (False, None)


def test_two_files_for_one_task_are_no_guess():
    files = {"a/t/annotation.json": as_json({"data": [RECORD]}), "b/t/annotation.json": as_json({"data": [RECORD]})}
    predictions = {"t/prediction.json": as_json([{"id": 1, "prediction": "B"}])}
    with pytest.raises(gl.EvaluationError, match=r"may mean 'a/t/annotation.json', 'b/t/annotation.json'; give"):
        evaluated(predictions, files, tasks(("T0", "t", "Acc", "", "percent", "")), bench("Acc"))
    for folder in ("b/t", "b/t/annotation.json"):
        made = {f"{folder.removesuffix('/annotation.json')}/annotation.json": predictions["t/prediction.json"]}
        result = evaluated(made, files, tasks(("T0", folder, "Acc", "", "percent", "")), bench("Acc"))
        assert result.values() == {"T0": 100.0}


def test_all_faults_at_once_at_most_ten_of_a_kind():
    annotations = {
        "a/annotation.json": as_json([{"id": i, "output": i} for i in range(20)] + [{"id": "0", "output": 0}]),
        "b/annotation.json": as_json([{"id": "x", "output": "i.png"}, {"id": "y", "output": "i.png"}, {"output": 1}]),
        "b/i.png": png(np.zeros((8, 8, 3), np.uint8)),
        "c/annotation.json": as_json([{"id": 1, "output": "not a number"}]),
    }
    predictions = {
        "a/prediction.json": as_json([{"id": i, "prediction": f"word {i}"} for i in range(35)]),
        "b/prediction.json": as_json(
            [{"id": "x", "prediction": "../b/i.png"}, {"id": "y", "prediction": "broken.png"}]
        ),
        "b/broken.png": b"\x89PNG\r\n\x1a\n broken",
        "c/prediction.json": as_json([{"id": 1, "prediction": 1}]),
    }
    table = tasks(
        ("T0", "a", "MAE", "", "", ""), ("T1", "b", "PSNR", "", "dB", ""), ("T2", "c", "MAE", "", "", ""),
        ("T3", "d", "MAE", "", "", ""),
    )  # fmt: skip
    with pytest.raises(gl.EvaluationError) as caught:
        evaluated(predictions, annotations, table, bench("MAE", "PSNR", "MAE", "MAE"))
    message = str(caught.value)
    assert "predicted ids that the annotations lack (15):\n  - task 'T0', id '20'" in message
    assert "  and 5 more" in message.replace("- and 5", "and 5")
    assert "ids that stand twice, or records without one (2):" in message
    assert "task 'T0', 'a/annotation.json': id '0' stands twice" in message
    assert "task 'T1', 'b/annotation.json': record 3 has the id None" in message
    assert "predictions that cannot be used (22):" in message
    assert "task 'T0', id '0': the prediction is 'word 0', not a number" in message
    assert "task 'T2', id '1': the gold is 'not a number', not a number" in message
    assert "no annotations in the folder 'd'" in message
    assert message.count("\n  - ") <= 4 * 11
    assert not caught.value.by_predictions
    del annotations["c/annotation.json"], annotations["b/annotation.json"]
    with pytest.raises(gl.EvaluationError) as caught:
        evaluated(predictions, {"a/annotation.json": as_json([{"id": 1, "output": 1}])}, table[:1], bench("MAE"))
    assert caught.value.by_predictions


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("../i.png", "names a file that cannot be read"),
        ("/etc/passwd", "names a file that cannot be read"),
        ("none.png", "has no file 'none.png'"),
        ("broken.png", "is no image that can be read"),
        ("large.png", "is 9 x 8 x 3, where the annotation is 8 x 8 x 3"),
        ("clear.png", "is an image of mode RGBA"),
        (5, "is 5, not the path of a file"),
    ],
)
def test_media_that_cannot_be_used(answer, said):
    made = Made(["psnr/rgb-cap100@1"])
    (task,) = made.definitions
    made.golds(task, {0: "i.png"}, {"i.png": png(np.zeros((8, 8, 3), np.uint8))})
    files = {"broken.png": b"\x89PNG", "large.png": png(np.zeros((9, 8, 3), np.uint8))}
    made.predict(task, {0: answer}, files | {"clear.png": png(np.zeros((8, 8, 4), np.uint8))})
    with pytest.raises(gl.EvaluationError, match="predictions that cannot be used") as caught:
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "gold", "answer", "said"),
    [
        ("acc/exact@1", "A", ["A"], "not a text or a number"),
        ("rougeL/google@1", "A", "a " * 50_001, "a text of 100,002 characters"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, [[0, 0, 1e6, 0, 0, 1e6]], "more than 2,000,000 pixels"),
        ("mae/pooled@1", [1, 2], [1], "has 1 numbers, where the annotation has 2"),
        ("mae/pooled@1", 1, True, "is True, not a number"),
        ("mae/pooled@1", 1, "1e999", "is '1e999', not a number"),
        ("miou/box-xywh@1", [1, 2, 3, 4], [1, 2, 3], "not a box [x, y, width, height]"),
        ("miou/box-xyxy@1", [1, 2, 3, 4], [5, 5, 3, 9], "not a box [x1, y1, x2, y2]"),
        ("ap/coco-bbox@1", [], [{"label": "a"}], "not a box"),
        ("ap/coco-bbox@1", [], [{"bbox": [1, 2, 3, 4], "score": "high"}], "is 'high', not a number"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, {"size": [4, 5], "counts": [20]}, "is 4 x 5, where"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, {"size": [4, 4], "counts": [20]}, "do not add up"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, {"size": [10**9, 4], "counts": "0"}, "pixels are read"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, {"size": [4, 4], "counts": "~~"}, "not run lengths"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, [[1, 1, 2]], "not a polygon"),
        ("miou/masks@1", {"size": [4, 4], "counts": [16]}, [{"size": [4, 4], "counts": [16]}] * 2, "other frames"),
        ("auc/otb21@1", [[1, 2, 3, 4]], [[1, 2, 3, 4], None], "has 2 frames, where the annotation has 1"),
        ("cd/squared@1", [[0, 0, 0]], [[0, 0]], "is an array of shape (1, 2), not (n, 3)"),
        ("absrel/plain@1", [[1, 2]], [[1], [2, 3]], "is a list that is no array of numbers"),
        ("epe/known@1", [[[1, 2]]], [[[1, None]]], "holds numbers that are not finite"),
    ],
)
def test_answers_of_the_wrong_type(name, gold, answer, said):
    made = Made([name])
    (task,) = made.definitions
    made.golds(task, {0: gold})
    made.predict(task, {0: answer})
    with pytest.raises(gl.EvaluationError) as caught:
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert "predictions that cannot be used (1)" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "gold", "said"),
    [
        ("wer/corpus@1", "", "the gold has no word"),
        ("acc/exact@1", {"a": 1, "b": 2}, "the column 'answer_path' can say where"),
        ("acc/exact@1", [], "is an empty list"),
        ("auc/otb21@1", [None], "has no box in any frame"),
        ("absrel/plain@1", [[0.0, -1.0]], "has no valid place"),
        ("cider/coco-d@1", "the same", "is the same for all samples"),
        ("miou/masks@1", [[0, 0, 3, 0, 3, 3]], None),
    ],
)
def test_golds_that_cannot_be_used(name, gold, said):
    made = Made([name])
    (task,) = made.definitions
    made.golds(task, {0: gold})
    made.predict(task, {0: gold})
    if said is None:  # a polygon has the size that its record gives
        assert evaluated(made.predictions, made.annotations, made.tasks, made.benchmark).values() == {task: 100.0}
        return
    with pytest.raises(gl.EvaluationError, match="annotations that cannot be used") as caught:
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON"),
        (b'{"data": [{"id": 1, "prediction": NaN}]}', "NaN is not JSON"),
        (b'{"data": [{"id": 1, "prediction": 1e999}]}', "too large for a double"),
        (b'{"data": [{"id": 1, "prediction": 1, "prediction": 2}]}', "stands twice in one object"),
        (b'{"predictions": []}', 'has no "data"'),
        (b'{"data": {"1": "A"}}', "not a list of records"),
        (b'["A"]', "record 1 is 'A', not an object"),
    ],
)
def test_json_that_cannot_be_used(content, said):
    made = Made(["mae/pooled@1"])
    (task,) = made.definitions
    made.predictions[f"{made.folder(task)}/prediction.json"] = content
    with pytest.raises(gl.EvaluationError) as caught:
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert said in str(caught.value)


def test_a_mask_in_all_its_forms():
    inside = np.zeros((12, 16), np.uint8)
    inside[3:9, 2:11] = 1
    packed_runs = mask.encode(np.asfortranarray(inside))
    compressed = {"size": packed_runs["size"], "counts": packed_runs["counts"].decode()}
    plain = {"size": [12, 16], "counts": runs(inside)["counts"]}
    outline = [[2, 3, 11, 3, 11, 9, 2, 9]]
    made = Made(["miou/masks@1"])
    (task,) = made.definitions
    forms = [compressed, plain, {"mask": compressed}, {"polygon": outline, "size": [12, 16]}, "m.png", [plain]]
    files = {"m.png": png(inside * 255)}
    made.golds(task, dict(enumerate(forms)), files)
    for i in range(len(forms)):
        answers = forms[i:] + forms[:i]
        made.predict(task, dict(enumerate(answers)), files)
        assert evaluated(made.predictions, made.annotations, made.tasks, made.benchmark).values() == {task: 100.0}


def test_samples_that_are_no_samples(tmp_path):
    good = {"task": ["T"], "definition": ["acc/exact@1"], "unit": ["percent"], "sums": ["[1.0]"]}
    assert gl.Evaluation.recompute(good) == {"T": 100.0}
    for change, said in (
        ({"definition": ["acc/exact@99"]}, "another version of glevel_fast"),
        ({"sums": ["[1.0"]}, "are no sums"),
        ({"sums": [None]}, "are no sums"),
        ({"sums": ["[]"]}, "the sums do not fit 'acc/exact@1'"),
        ({"unit": ["metres"]}, "the sums do not fit"),
    ):
        with pytest.raises(gl.EvaluationError) as caught:
            gl.Evaluation.recompute(good | change)
        assert said in str(caught.value)
    with pytest.raises(gl.EvaluationError, match="is no table of samples"):
        gl.Evaluation.recompute({"task": ["T"]})


def test_frames_and_bytes_are_taken():
    pandas = pytest.importorskip("pandas")
    made = Made(["acc/exact@1"])
    table = pandas.DataFrame(made.tasks)
    result = evaluated(made.predictions, made.annotations, table, made.benchmark)
    assert repr(result).startswith("Evaluation('m': 1 values, 1 tasks, ")
    assert result.to_pandas()["value"].tolist() == [100.0]
    with pytest.raises(gl.EvaluationError, match="have no name: say model="):
        gl.evaluate(b"", b"", table, benchmark=made.benchmark)
    with pytest.raises(gl.EvaluationError, match="the folder is no text"):
        load_tasks(made.tasks | {"folder": [[1]]}, made.benchmark)


def test_small_images_and_large_numbers_are_refused():
    made = Made(["ms-ssim/rgb@1"])
    (task,) = made.definitions
    for write in (made.golds, made.predict):
        write(task, {0: "i.png"}, {"i.png": png(np.zeros((100, 200, 3), np.uint8))})
    with pytest.raises(gl.EvaluationError, match="has a side of 100 pixels; MS-SSIM needs 176"):
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    made = Made(["rmse/pooled@1"])
    (task,) = made.definitions
    made.golds(task, {0: 1e300})
    made.predict(task, {0: -1e300})
    result = evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert np.isnan(result.values()[task])
    assert any("has no finite value on these samples" in note for note in result.notes)


def test_options_are_answers_too():
    golds = [{"id": i, "input": {"options": ["yes", "no", "maybe"]}, "output": "yes"} for i in range(6)]
    ours = [{"id": i, "prediction": answer} for i, answer in enumerate(["yes", "no", "maybe", "Yes.", "yes", "no"])]
    files = {"t/annotation.json": as_json(golds)}, {"t/prediction.json": as_json(ours)}
    result = evaluated(files[1], files[0], tasks(("T0", "t", "Acc", "exact", "percent", "")), bench("Acc"))
    assert result.columns()["unparsed"] == [1]
    assert any("such as id '3': 'Yes.'" in note for note in result.notes)


def test_ids_meet_as_text_and_keep_their_digits():
    big = 2**60 + 1
    files = open_files(packed({"a.json": as_json([{"id": big}, {"id": "7"}, {"id": 8}, {"id": True}, {"id": ""}])}))
    records = read_records(files, "a.json")
    assert list(records.by_id) == [str(big), "7", "8"]
    assert len(records.faults) == 2


def test_a_file_that_no_task_takes_is_noted():
    made = Made(["acc/exact@1"])
    made.predictions["other/prediction.json"] = b"[]"
    result = evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)
    assert "files of the predictions that no task takes: 'other/prediction.json'" in result.notes


def test_a_package_that_is_not_there_is_named_with_its_extra(monkeypatch):
    made = Made(["anls/0.5@1"])
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(gl.MissingExtraError, match=r"glevel-fast\[evaluate\]"):
        evaluated(made.predictions, made.annotations, made.tasks, made.benchmark)


# --- tasks.csv


@pytest.mark.parametrize(
    ("row", "metric", "options", "said"),
    [
        (("T9", "t", "Acc", "", "percent", ""), "Acc", {}, "is not in the benchmark"),
        (("T0", "t", "F1", "", "percent", ""), "Acc", {}, "the metric is 'F1', in the benchmark 'Acc'"),
        (("T0", "t", "Acc", "lettre", "percent", ""), "Acc", {}, "has no definition 'lettre'; it has acc/exact@1"),
        (("T0", "t", "Acc", "", "", ""), "Acc", {}, "say percent or fraction (the benchmark has percents)"),
        (("T0", "t", "Acc", "", "fraction", ""), "Acc", {}, "but the benchmark has percents (specialist 60)"),
        (("T0", "t", "Acc", "", "percent", ""), "Acc", {"sota": 0.6, "scale": 100.0}, "the benchmark has fractions"),
        (("T0", "t", "WER", "", "percent", ""), "WER", {"sota": 0.06}, "the benchmark has fractions"),
        (("T0", "t", "WER", "", "fraction", ""), "WER", {"sota": 6, "scale": 0.01}, "the benchmark has percents"),
        (("T0", "t", "Acc", "", "percent", ""), "Acc", {"scale": 0.5}, "neither of a percentage nor a fraction"),
        (("T0", "t", "MAE", "", "percent", ""), "MAE", {}, "is no share; leave it empty"),
        (("T0", "t", "FID", "x", "", ""), "FID", {}, "is not computed here"),
    ],
)
def test_rows_that_cannot_be_used(row, metric, options, said):
    with pytest.raises(gl.EvaluationError) as caught:
        load_tasks(tasks(row), bench(metric, **options))
    assert said in str(caught.value)


def test_a_table_of_tasks():
    table = {
        "Task": ["t1 ", "T0"],
        "folder": ["b/", ""],
        "METRIC": ["Acc (%)", "acc"],
        "unit": ["Percent", ""],
    }
    rows, notes = load_tasks(table | {"by": ["x", "y"]}, bench("Acc", "Acc"))
    assert [(row.task, row.folder, row.definition, row.unit) for row in rows] == [
        ("T0", "", "acc/exact@1", ""),
        ("T1", "b", "acc/exact@1", "percent"),
    ]
    assert notes[0] == "tasks without a definition take the default of their metric: 'T1' acc/exact@1"
    assert "columns passed over: 'by'" in notes[1]
    with pytest.raises(gl.EvaluationError, match="lacks the column 'folder'"):
        load_tasks({"task": ["T0"], "metric": ["Acc"]}, bench("Acc"))
    with pytest.raises(gl.EvaluationError, match="is there twice"):
        load_tasks(tasks(*[("T0", "t", "Acc", "", "percent", "")] * 2), bench("Acc"))


def test_a_specialist_that_may_be_a_fraction_is_noted():
    _, notes = load_tasks(tasks(("T0", "t", "Acc", "exact", "percent", "")), bench("Acc", sota=0.745))
    assert notes[0].endswith("give them the scale 100): 'T0' 0.745")
    assert not load_tasks(tasks(("T0", "t", "WER", "corpus", "fraction", "")), bench("WER", sota=0.745))[1]


def test_units_scale_the_value():
    golds = [{"id": i, "output": "A"} for i in range(7)]
    ours = [{"id": i, "prediction": "A" if i < 4 else "B"} for i in range(7)]
    files = {"t/annotation.json": as_json(golds)}, {"t/prediction.json": as_json(ours)}
    percent = evaluated(files[1], files[0], tasks(("T0", "t", "Acc", "", "percent", "")), bench("Acc"))
    fraction = evaluated(
        files[1], files[0], tasks(("T0", "t", "Acc", "", "fraction", "")), bench("Acc", sota=0.6, scale=100.0)
    )
    assert percent.values() == {"T0": 400 / 7}
    assert fraction.values() == {"T0": 4 / 7}
    assert fraction.columns()["unit"] == ["fraction"]


def test_values_that_are_given():
    benchmark = bench("Acc", "FID", "FVD", "FID", "Acc")
    table = tasks(("T0", "t", "Acc", "", "percent", ""), ("T1", "t", "FID", "", "", ""), ("T3", "", "FID", "", "", ""))
    files = {"t/annotation.json": as_json([RECORD])}, {"t/prediction.json": as_json([{"id": 1, "prediction": "B"}])}
    result = evaluated(files[1], files[0], table, benchmark, values={"T1": 12.5, "t2": 4})
    assert result.values() == pytest.approx({"T0": 100.0, "T1": 12.5, "T2": 4.0, "T3": np.nan}, nan_ok=True)
    assert result.columns()["source"] == ["evaluated", "given", "given", "not supported"]
    assert result.columns()["definition"] == ["acc/exact@1", "", "", ""]
    notes = "\n".join(result.notes)
    assert "values that were given, not computed: 'T1', 'T2'" in notes
    assert "no values were given (--values): 'T3'" in notes
    assert "1 of the benchmark's 5 tasks are not in the table of tasks" in notes
    for values, said in (
        ({"T0": 1.0}, "given and computed at once: 'T0'"),
        ({"X": 1.0}, "the benchmark has no task 'X'"),
        ({"T1": "many"}, "the value is 'many', not a number"),
        ([{"task": "T1", "value": 1}, {"task": "t1", "value": 2}], "is there twice"),
        ([{"model": "x", "task": "T1", "value": 1}], "has no value of the model 'm'"),
        ([{"task": "T1", "score": 1}], "need the columns task and value"),
    ):
        with pytest.raises(gl.EvaluationError) as caught:
            evaluated(files[1], files[0], table, benchmark, values=values)
        assert said in str(caught.value)
    several = [{"model": m, "task": "T1", "value": v} for m, v in (("M", 7), ("n", 8))]
    assert evaluated(files[1], files[0], table, benchmark, values=several).values()["T1"] == 7.0


# --- drafts, folders


def test_a_draft_of_the_table(tmp_path):
    benchmark = Benchmark(
        ("Cat Naming", "Dog  naming", "Hen Naming", "Style", "Eggs"), ("language",) * 5, ("",) * 5,
        ("Acc", "WER", "AP50", "FID", "F1"), np.array([50.0, 6.0, 40.0, 10.0, 50.0]),
        scale=np.array([1, 0.01, 1, 1, 1]),
    )  # fmt: skip
    annotations = {
        "nlp/cat naming/annotation.json": as_json([RECORD, RECORD | {"id": 2}]),
        "nlp/Dog Naming/json/annotation_v2.json": as_json([{"id": 1, "output": "woof"}]),
        "Hen Naming/Hen Naming.json": as_json([{"id": 1, "output": {"bbox": [1, 2, 3, 4], "category": "hen"}}]),
        "a/Style/annotation.json": b"[]", "b/style/annotation.json": b"[]",
        "Cows/annotation.json": b"[]", "Cows/prediction.json": b"[]",
    }  # fmt: skip
    columns, notes = draft(spread(annotations, tmp_path), benchmark)
    assert columns["folder"] == ["nlp/cat naming", "nlp/Dog Naming", "Hen Naming", "", ""]
    assert columns["definition"] == ["acc/exact@1", "wer/corpus@1", "ap50/coco-bbox@1", "", "f1/token@1"]
    assert columns["unit"] == ["percent", "percent", "percent", "", "percent"]
    assert columns["answer_path"] == ["output.answer", "output", "output", "", ""]
    assert notes == (
        "tasks with several folders: 'Style' ('a/Style', 'b/style')",
        "tasks without a folder: 'Eggs'",
        "folders without a task: 'Cows'",
    )
    load_tasks(columns, benchmark)
    unclear = {"cat naming/annotation.json": as_json([{"id": 1, "output": {"a": 1, "b": 2}}])}
    (tmp_path / "unclear.zip").write_bytes(packed(unclear))
    columns, notes = draft(tmp_path / "unclear.zip", benchmark)
    assert columns["answer_path"][0] == ""
    assert "tasks whose records do not say where the gold is (answer_path): 'Cat Naming'" in notes


def test_a_folder_of_files(tmp_path):
    spread({"a/b.json": b"1", "a/.hidden": b"", "c.npy": npy([1])}, tmp_path)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "link.json").symlink_to(tmp_path / "c.npy")
    files = Folder(tmp_path)
    assert files.names() == ("a/b.json", "a/link.json", "c.npy")
    assert files.read("a/link.json") == npy([1])
    assert files.find("b.json", "a") == "a/b.json"
    assert files.find("./c.npy", "a") == "c.npy"
    for path in ("../c.npy", os.fspath(tmp_path / "c.npy"), "d"):
        with pytest.raises(gl.GLevelError, match="has no file"):
            files.find(path, "a")
    with pytest.raises(gl.GLevelError, match="has no file"):
        files.read("../c.npy")
    with pytest.raises(gl.GLevelError):
        open_files(tmp_path / "none")
    assert json.loads(files.read("a/b.json")) == 1
