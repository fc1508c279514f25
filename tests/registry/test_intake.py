"""From an archive to its place on the board, and what happens to those that do not get there."""

import json
import shutil
import sys
import time

import numpy as np
import pytest
from registries import HOUR, MONDAY, Clock, about
from submissions import TASKS, N, archive, metadata, new_board, predictions, write_gold, write_zip

import glevel_fast as gl
from glevel_fast.errors import GLevelError
from glevel_fast.registry import intake as intake_module
from glevel_fast.registry.entries import Evaluated, Hashes
from glevel_fast.registry.evaluating import Grounds, grounds_of
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.log import record
from glevel_fast.registry.rescore import rescore
from glevel_fast.registry.schema import transaction
from glevel_fast.registry.standing import standing_of
from glevel_fast.registry.store import Store

ALL = dict.fromkeys(TASKS, N)
DAY = 24 * HOUR


def take(store, *paths, **options):
    return list(Intake(store, **options).take(paths))


def test_from_archive_to_board(tmp_path):
    clock = Clock()
    with new_board(tmp_path, clock) as store:
        (first,) = take(store, archive(tmp_path, {"see": 3, "paint": 3}))
        assert (first.submission, first.state, first.place.rank, first.place.total) == (1, "scored", 1, 37.5)
        assert (first.place.level, first.place.parts) == (4, {"image": 75.0, "audio": 0.0})
        assert any("read" in note for note in first.notes)  # what was not supported is said
        (second,) = take(store, archive(tmp_path, ALL, "Better", email="bob@lab.org"))
        assert (second.submission, second.place.rank, second.place.level, second.place.total) == (2, 1, 5, 100.0)
        assert [p.submission.model for p in second.ranking.places] == ["Better", "Gen"]
        clock.at += DAY
        (third,) = take(store, archive(tmp_path, {"see": 2}))
        assert third.place.submission.id == 1  # its model has a better one
        assert [p.submission.id for p in third.place.history] == [3, 1]
        kept = store.kept()[0].evaluation
        assert kept.raw.tolist()[:2] == [75.0, 75.0]
        ids, values = store.samples(kept.event)["see"]
        assert (ids, values) == ([f"see-{i}" for i in range(N)], [100.0] * 3 + [0.0])
        assert not store.faults()


def test_a_board_counts_its_tasks_alone(tmp_path):
    with new_board(tmp_path) as store:
        (taken,) = take(store, archive(tmp_path, ALL, board="B.image"))
        assert taken.place.parts == {"image": 100.0}
        raw = dict(zip(TASKS, store.kept()[0].evaluation.raw.tolist(), strict=True))
        assert [task for task, value in raw.items() if value == value] == ["see", "paint"]
        assert list(store.samples(store.kept()[0].evaluation.event)) == ["paint", "see"]
        boards = standing_of(store)[0].rankings(store.leaderboards())
        assert [board.leaderboard.id for board in boards] == ["B.image"]


def test_one_top_folder_and_what_a_mac_adds(tmp_path):
    files = {"Gen/metadata.json": json.dumps(metadata()).encode()}
    files |= {f"Gen/{name}": content for name, content in predictions(ALL).items()}
    files |= {"__MACOSX/Gen/._metadata.json": b"\0\5\26\7", "Gen/.DS_Store": b"\0\0\0\1Bud1"}
    with new_board(tmp_path) as store:
        (taken,) = take(store, write_zip(tmp_path / "Gen-A.zip", files))
        assert (taken.state, taken.place.total) == ("scored", 100.0)


def test_what_is_refused_before_it_is_admitted(tmp_path):
    good = {"metadata.json": json.dumps(metadata()).encode()} | predictions(ALL)
    cases = {
        "Gen-E.zip": (good, "known id"),
        "Gen-A.quick.zip": (good, "A.quick has no tasks here"),
        "Other-A.zip": (good, "the model is 'Gen', and 'Other' in the archive's name"),
        "No metadata-A.zip": (predictions(ALL), "has no metadata.json"),
        "Empty-A.zip": ({"metadata.json": json.dumps(metadata("Empty")).encode()}, "predictions for no task of A"),
        "Elsewhere-A.zip": (
            {"metadata.json": json.dumps(metadata("Elsewhere")).encode(), "x/prediction.json": b"[]"},
            "predictions for no task of A; their folders are 'see', 'paint', 'hear', 'speak' and 1 more",
        ),
        "Evil-A.zip": (good | {"../evil": b""}, "'../evil' has '.' or '..'"),
        "Gen-B.audio.zip": (
            {"metadata.json": good["metadata.json"]} | predictions({"see": 1}),
            "predictions for no task of B.audio",
        ),
        "Both-Z.zip": ({"metadata.json": b'{"model": "", "e": 1}'}, "known id"),
    }
    with new_board(tmp_path) as store:
        for name, (files, why) in cases.items():
            (taken,) = take(store, write_zip(tmp_path / name, files))
            assert (taken.state, taken.submission) == ("refused", None)
            assert why in taken.why
            assert taken.why.startswith(name)
            assert str(tmp_path) not in taken.why
        assert "email is missing" in taken.why  # with the fault of the name: all at once
        assert store.submissions() == []
        refused = list(store.events())[1:]
        assert [e.data["file"] for e in refused] == list(cases)
        assert {e.kind for e in refused} == {"refused"}
        (taken,) = take(store, tmp_path / "absent.zip")
        assert taken.why == f"{tmp_path / 'absent.zip'}: no such file"
        assert len(list(store.events())) == 1 + len(cases)
    assert not any((tmp_path / "board.db.archives").iterdir())


def test_a_strangers_file_name_is_shown_clean(tmp_path):
    path = write_zip(tmp_path / "\x1b[2J\u202eGen-A.zip", {})
    with new_board(tmp_path) as store:
        (taken,) = take(store, path)
        said = taken.file + taken.why + json.dumps([e.data for e in store.events()], ensure_ascii=False)
        assert "\x1b" not in said
        assert "\u202e" not in said


def test_what_a_mac_adds_is_said(tmp_path):
    files = (
        {"metadata.json": json.dumps(metadata()).encode()} | predictions(ALL) | {"__MACOSX/._x": b"", ".DS_Store": b""}
    )
    with new_board(tmp_path) as store:
        (taken,) = take(store, write_zip(tmp_path / "Gen-A.zip", files))
        assert "passed over: 2 files that a Mac's file manager adds" in taken.notes


def test_what_is_wrong_with_one_stops_no_other(tmp_path):
    bad = write_zip(tmp_path / "Bad-A.zip", {})
    with new_board(tmp_path) as store:
        taken = take(
            store, bad, archive(tmp_path, ALL), archive(tmp_path, ALL), archive(tmp_path, ALL, "C", email="c@c.c")
        )
        assert [t.state for t in taken] == ["refused", "scored", "refused", "scored"]
        assert "submitted before" in taken[2].why


def test_limits_hold_at_intake(tmp_path):
    clock = Clock()
    with new_board(tmp_path, clock) as store:
        for i in range(3):
            (taken,) = take(store, archive(tmp_path, {"see": i + 1}))
            assert taken.state == ("scored" if i < 2 else "refused")
        assert "the next is possible at 2026-01-06 00:00:00.000 UTC" in taken.why
        assert [e.data.get("email") for e in store.events() if e.kind == "refused"] == ["ann@lab.org"]
        clock.at = MONDAY + DAY
        (taken,) = take(store, archive(tmp_path, {"see": 3}))
        assert taken.state == "scored"


def test_predictions_that_cannot_be_evaluated_are_refused_and_do_not_count(tmp_path):
    files = {"metadata.json": json.dumps(metadata()).encode()} | predictions(ALL)
    files["see/prediction.json"] = json.dumps(
        [{"id": "see-99", "prediction": "x"}, {"id": "see-98", "prediction": "x"}]
    ).encode()
    with new_board(tmp_path) as store:
        (taken,) = take(store, write_zip(tmp_path / "Gen-A.zip", files))
        assert taken.state == "refused"
        assert "ids that the annotations lack (2)" in taken.why
        (submission,) = store.submissions()
        assert (submission.state, submission.why) == ("refused", taken.why)
        for i in range(2):
            assert take(store, archive(tmp_path, {"see": i + 1}))[0].state == "scored"


def test_our_own_faults_do_not_count_and_tell_no_gold(tmp_path, monkeypatch):
    with new_board(tmp_path) as store:
        path = archive(tmp_path, ALL)
        worker = Intake(store)

        def breaks(*args, **more):
            raise GLevelError("the gold 'gold-see-1' cannot be read")

        monkeypatch.setattr(intake_module, "evaluate_archive", breaks)
        (taken,) = worker.take([path])
        assert (taken.state, taken.why) == ("failed", "the gold 'gold-see-1' cannot be read")  # for the maintainer
        assert store.submissions()[0].why == "the evaluation failed (GLevelError)"

        def stops(*args, **more):
            raise KeyboardInterrupt

        monkeypatch.setattr(intake_module, "evaluate_archive", stops)
        with pytest.raises(KeyboardInterrupt):
            list(worker.take([path]))  # the same archive again: that we failed is no reason to refuse it
        assert [s.state for s in store.submissions()] == ["failed", "failed"]
        monkeypatch.undo()
        again = list(worker.retry())
        assert [t.state for t in again] == ["scored", "failed"]
        assert "sent the archive again" in again[1].why
        assert "gold-" not in json.dumps([e.data for e in store.events()])


def test_annotations_that_changed_are_noticed(tmp_path):
    with new_board(tmp_path) as store:
        assert take(store, archive(tmp_path, ALL))[0].state == "scored"
        write_gold(tmp_path / "gold", ["see"], n=N + 1)
        with pytest.raises(GLevelError, match=r"is not what the board was evaluated by.*glevel rescore"):
            Intake(store)
        shutil.rmtree(tmp_path / "gold")
        with pytest.raises(GLevelError):
            Intake(store)


def test_a_registry_and_its_annotations_can_move(tmp_path):
    (tmp_path / "here").mkdir()
    new_board(tmp_path / "here").close()
    (tmp_path / "here").rename(tmp_path / "there")
    with Store(tmp_path / "there" / "board.db", write=True) as store:
        assert take(store, archive(tmp_path, ALL))[0].state == "scored"


def test_values_that_are_not_computed_here(tmp_path):
    with new_board(tmp_path) as store:
        settings = store.settings
        rows = [row | ({"folder": "", "definition": ""} if row["task"] == "hear" else {}) for row in settings["rows"]]
        grounds, _ = grounds_of(store.benchmark(), rows, store.annotations)
        hashes = [grounds.hashes.annotations, grounds.hashes.definitions]
        assert store.rescore({}, {}, {"settings": {"rows": grounds.plain_rows(), "hashes": hashes}})
        (taken,) = take(store, archive(tmp_path, {"see": 4}), values={"hear": 81.5})
        assert taken.state == "scored"
        evaluation = store.kept()[0].evaluation
        assert evaluation.given == {"hear": 81.5}
        assert evaluation.raw.tolist()[TASKS.index("hear")] == 81.5


def test_the_board_changes_while_one_is_evaluated(tmp_path, monkeypatch):
    """What was evaluated by the old rules is evaluated again by the new ones, and only then kept."""
    with new_board(tmp_path) as store:
        worker, evaluate, calls = Intake(store), intake_module.evaluate_archive, []

        def slow(grounds, *args, **more):
            calls.append(grounds.hashes)
            done = evaluate(grounds, *args, **more)
            if len(calls) == 1:
                write_gold(tmp_path / "gold", ["see"], n=N + 1)
                with Store(store.path, write=True) as other:
                    rescore(other)
            return done

        monkeypatch.setattr(intake_module, "evaluate_archive", slow)
        (taken,) = worker.take([archive(tmp_path, {"see": 4})])
        assert len(set(calls)) == len(calls) == 2
        assert taken.state == "scored"
        assert store.kept()[0].evaluation.raw[0] == 80.0


def test_the_standing_grows_and_is_what_starting_anew_gives(tmp_path):
    with new_board(tmp_path) as store:
        worker = Intake(store)
        paths = [archive(tmp_path, {"see": i + 1, "read": 4 - i}, f"M{i}", email=f"{i}@lab.org") for i in range(4)]
        for taken in worker.take(paths):
            fresh, notes = standing_of(store)
            assert fresh.ranking(store.leaderboards()["A"]) == taken.ranking
            assert notes == ()
        store.withdraw(2)
        (taken,) = worker.take([archive(tmp_path, {"see": 2}, "M9", email="9@lab.org")])
        assert [p.submission.model for p in taken.ranking.places] == ["M3", "M2", "M9", "M0"]


def test_one_more_among_a_thousand_takes_no_time(tmp_path, monkeypatch):
    """From archive to rank in less than 0.2 s beyond evaluating it, on a board of a thousand."""
    bench = gl.published.benchmark()
    random = np.random.default_rng(0)
    sota = np.where(np.isnan(bench.sota), 50.0, bench.sota)
    raw = sota * random.uniform(0.3, 1.05, (1002, bench.n_tasks))
    hashes = Hashes(bench.sha256, "a", "d")
    with Store.create(tmp_path / "board.db", bench, rows=[], annotations="gold", hashes=hashes) as store:
        with transaction(store._db):
            for i in range(1000):
                said = about(f"M{i}", f"{i}@lab.org")
                data = {"submission": i + 1, "email": said.email, "sha256": f"{i:064}", "board": "A", "lease": 10**15}
                record(store._db, i, "admitted", data | {"metadata": said.to_dict()})
                entry = {"submission": i + 1, "benchmark": bench.sha256, "annotations": "a", "definitions": "d"}
                entry |= {"version": "0.1.0", "given": {}, "notes": [], "raw": raw[i].tolist()}
                record(store._db, i, "evaluated", entry)
        assert store.faults()[0].startswith("the archive of submission 1 is missing")  # nothing else is wrong
        grounds = Grounds(bench, (), "gold", hashes)
        monkeypatch.setattr(intake_module, "grounds_of", lambda *_: (grounds, ()))
        monkeypatch.setattr(intake_module, "check", lambda *_: (about("New", f"new{len(left)}@lab.org"), boards["A"]))
        monkeypatch.setattr(intake_module, "evaluate_archive", lambda *_, **__: Evaluated(hashes, left.pop(), "0.1.0"))
        boards, left = store.leaderboards(), [raw[1001], raw[1000]]
        paths = [archive(tmp_path, {"see": i}) for i in (1, 2)]
        worker = Intake(store)
        taken = worker.take(paths)
        for _ in paths:  # the first reads the board, the second adds to it
            started = time.process_time()
            second = next(taken)
            assert time.process_time() - started < 0.2 or sys.gettrace()  # coverage slows it down
        assert second.ranking == standing_of(store)[0].ranking(boards["A"])
        assert len(second.ranking.places) == 1001  # of the model "New" the better one
