"""What a participant's archive is built of, and that no gold goes in."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from registries import Clock, small_benchmark
from submissions import TASKS, N, archive, metadata, new_board, predictions, task_rows, write_gold, write_zip

from glevel_fast.errors import GLevelError, SubmissionError
from glevel_fast.evaluation.example import write_example
from glevel_fast.io.archive import open_archive
from glevel_fast.registry.evaluating import grounds_of, tasks_of
from glevel_fast.registry.ids import known_leaderboards
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.split import split_annotations
from glevel_fast.registry.submission import build

BENCH = small_benchmark()
BOARDS = known_leaderboards(BENCH)


def write_predictions(folder, right):
    for name, content in predictions(right).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def built(tmp_path, source, board="A", **more):
    (tmp_path / "metadata.json").write_text(json.dumps(metadata()))
    options = {"model": "Gen", "rows": task_rows()} | more
    return build(
        source,
        leaderboard=BOARDS[board],
        metadata=tmp_path / "metadata.json",
        output=tmp_path,
        leaderboards=BOARDS,
        benchmark=BENCH,
        **options,
    )


def content(path):
    with open_archive(path) as opened:
        return {name: opened.read(name) for name in opened.names()}


def test_a_built_archive_is_taken(tmp_path):
    done = built(tmp_path, write_predictions(tmp_path / "mine", {"see": N, "paint": 2}))
    assert done.path.endswith("Gen-A.zip")
    assert (done.files, done.media) == (2, 0)
    assert done.notes == ("predictions for 2 of the 5 tasks of A that are computed",)
    with new_board(tmp_path) as store:
        (taken,) = Intake(store).take([done.path])
        assert (taken.state, taken.place.level, taken.place.parts["image"]) == ("scored", 3, 50.0)


def test_the_same_predictions_make_the_same_bytes(tmp_path):
    source = write_predictions(tmp_path / "mine", dict.fromkeys(TASKS, 3))
    first = Path(built(tmp_path, source).path).read_bytes()
    shutil.copytree(source, tmp_path / "copy")
    (tmp_path / "copy" / "see" / "prediction.json").touch()
    assert Path(built(tmp_path, tmp_path / "copy").path).read_bytes() == first
    zipped = write_zip(tmp_path / "mine.zip", predictions(dict.fromkeys(TASKS, 3)))
    assert Path(built(tmp_path, zipped).path).read_bytes() == first


def test_no_gold_goes_in(tmp_path):
    """Annotation records with predictions added are a form of predictions: of them id and prediction alone stay."""
    gold = write_gold(tmp_path / "gold")
    for task in TASKS:
        path = gold / task / "annotation.json"
        said = json.loads(path.read_text())
        for record in said["data"]:
            record["prediction_final"] = "my answer"
            record["category"] = record["output"]["answer"]
        path.write_text(json.dumps(said))
    (gold / "see" / "mask.png").write_bytes(b"gold-mask")
    (gold / "notes.json").write_text('["gold-see-1"]')
    done = built(tmp_path, gold)
    files = content(done.path)
    assert set(files) == {"metadata.json", *(f"{task}/annotation.json" for task in TASKS)}
    assert not any(b"gold" in data for data in files.values())
    assert json.loads(files["see/annotation.json"]) == {
        "task": "see",
        "data": [{"id": f"see-{i}", "prediction": "my answer"} for i in range(N)],
    }
    assert done.notes[1] == "2 files are left out: 'notes.json', 'see/mask.png'"
    with new_board(tmp_path / "board") as store:
        assert next(Intake(store).take([done.path])).state == "scored"


def test_media_go_in_where_a_prediction_names_them(tmp_path):
    write_example(tmp_path / "example")
    import glevel_fast as gl

    bench = gl.load_benchmark(tmp_path / "example" / "benchmark.csv")
    boards = known_leaderboards(bench)
    (tmp_path / "metadata.json").write_text(json.dumps(metadata("Example-7B")))
    source = tmp_path / "example" / "predictions" / "Example-7B"
    (source / "depth" / "unused.npy").write_bytes(b"")
    rows = grounds_of(bench, tmp_path / "example" / "tasks.csv", str(tmp_path / "example" / "annotations"))[
        0
    ].plain_rows()
    done = build(
        source, model="Example-7B", leaderboard=boards["A"], metadata=tmp_path / "metadata.json", output=tmp_path,
        leaderboards=boards, benchmark=bench, rows=rows,
    )  # fmt: skip
    assert (done.files, done.media) == (6, 4)
    names = content(done.path)
    assert "depth/maps/hall.npy" in names
    assert "depth/unused.npy" not in names
    found = gl.evaluate(done.path, tmp_path / "example" / "annotations", rows, benchmark=bench, model="Example-7B")
    direct = gl.evaluate(source, tmp_path / "example" / "annotations", rows, benchmark=bench, model="Example-7B")
    assert found.results.values.tobytes() == direct.results.values.tobytes()
    assert np.isfinite(found.results.values).all()


def test_only_what_the_inputs_ask_for_goes_in(tmp_path):
    gold = write_gold(tmp_path / "gold", n=40)
    split_annotations(gold, tmp_path / "split", b"sixteen bytes or more")
    closed = {
        task: {r["id"] for r in json.loads((tmp_path / "split/inputs" / task / "annotation.json").read_text())["data"]}
        for task in TASKS
    }
    source = tmp_path / "mine"
    for name, data in predictions(dict.fromkeys(TASKS, 40), n=40).items():
        (source / name).parent.mkdir(parents=True)
        (source / name).write_bytes(data)
    lost = sorted(closed["see"])[0]
    said = json.loads((source / "see/prediction.json").read_text())
    said["data"] = [record for record in said["data"] if record["id"] != lost]
    (source / "see/prediction.json").write_text(json.dumps(said))
    done = built(tmp_path, source, inputs=tmp_path / "split" / "inputs")
    sent = {
        name.partition("/")[0]: {record["id"] for record in json.loads(data)["data"]}
        for name, data in content(done.path).items()
        if "/" in name
    }
    assert sent == closed | {"see": closed["see"] - {lost}}
    notes = "\n".join(done.notes)
    assert f"task 'see': 1 of {len(closed['see'])} ids have no prediction: '{lost}'" in notes
    assert f"task 'read': {40 - len(closed['read'])} predictions left out, their ids are not asked for" in notes


def test_without_a_table_of_tasks_the_form_alone_is_checked(tmp_path):
    source = write_predictions(tmp_path / "mine", {"see": 1})
    (source / "metadata.json").write_text("{}")  # not of the predictions
    done = built(tmp_path, source, rows=None)
    assert set(content(done.path)) == {"metadata.json", "see/prediction.json"}
    assert json.loads(content(done.path)["metadata.json"])["model"] == "Gen"


def test_what_is_refused(tmp_path):
    source = write_predictions(tmp_path / "mine", {"see": 1})
    with pytest.raises(SubmissionError, match="the model's name 'lab/Gen' has a /"):
        built(tmp_path, source, model="lab/Gen")
    with pytest.raises(SubmissionError, match="the model is 'Gen', and 'Other' was asked for"):
        built(tmp_path, source, model="Other")
    with pytest.raises(SubmissionError, match="has no JSON file with records"):
        built(tmp_path, source, board="B.audio")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SubmissionError, match="has no JSON file with records"):
        built(tmp_path, tmp_path / "empty", rows=None)
    (source / "see" / "prediction.json").write_text(
        json.dumps([{"id": 1, "prediction": "a"}, {"id": 1, "prediction": "b"}])
    )
    with pytest.raises(SubmissionError, match="id '1' stands twice"):
        built(tmp_path, source)
    (tmp_path / "metadata.json").write_text("{}")
    with pytest.raises(GLevelError, match="email is missing"):
        build(
            source, model="Gen", leaderboard=BOARDS["A"], metadata=tmp_path / "metadata.json", output=tmp_path,
            leaderboards=BOARDS, benchmark=BENCH,
        )  # fmt: skip
    assert not list(tmp_path.glob("*.zip"))


def test_tasks_of_boards():
    assert {name: tasks_of(board, BENCH) for name, board in BOARDS.items() if name[0] in "ABC"} == {
        "A": TASKS,
        "B.image": ("see", "paint"),
        "B.audio": ("hear", "speak"),
        "B.image+audio": ("see", "paint", "hear", "speak"),
        "C.image.comprehension": ("see",),
        "C.image.generation": ("paint",),
        "C.audio.comprehension": ("hear",),
        "C.audio.generation": ("speak",),
    }
    assert tasks_of(BOARDS["D.looking-closely"], small_benchmark(more=["spot"])) == ("see", "spot")
    quick = known_leaderboards(BENCH, {"A.quick": {"scope": "A", "tasks": ["read", "see"]}})["A.quick"]
    assert tasks_of(quick, BENCH) == ("see", "read")


def test_archives_of_other_programs(tmp_path):
    """As `zip -r` and a file manager make them: folders are entries, everything in one folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.mkdir("Gen-A")
        packed.writestr("Gen-A/metadata.json", json.dumps(metadata()))
        for name, data in predictions({"see": 4}).items():
            packed.mkdir(f"Gen-A/{name.rpartition('/')[0]}")
            packed.writestr(f"Gen-A/{name}", data)
    (tmp_path / "Gen-A.zip").write_bytes(out.getvalue())
    with new_board(tmp_path, Clock()) as store:
        taken = list(Intake(store).take([tmp_path / "Gen-A.zip", archive(tmp_path, {"see": 1}, "B", email="b@b.b")]))
        assert [t.state for t in taken] == ["scored", "scored"]
