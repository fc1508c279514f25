"""The registry's file: what it keeps, and that nothing gets lost or half in, whoever races or dies."""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from registries import HOUR, MONDAY, Clock, admit, found, new_store, small_benchmark, submit_and_score

from glevel_fast.errors import GLevelError, SubmissionError
from glevel_fast.registry import schema
from glevel_fast.registry.entries import Hashes, now
from glevel_fast.registry.fairness import Limit
from glevel_fast.registry.store import Store

fork = get_context("fork")


def test_keeps_what_it_was_given(tmp_path):
    path = tmp_path / "board.db"
    samples = {"see": (["1", "2"], [1.0, 0.25]), "read": (["x"], [None])}
    raw = np.array([12.5, np.nan, 0.1 + 0.2, 100.0, 1e-300])
    with new_store(path) as store:
        admission = admit(store, b"zip", report="https://lab.org/paper", date="2026-01-01")
        assert store.finish(admission, found(store, raw, notes=("a note",), samples=samples))
    with Store(path) as store:
        assert store.benchmark() == small_benchmark()
        assert store.hashes == Hashes(small_benchmark().sha256, "a", "d")
        (kept,) = store.kept()
        assert kept.evaluation.raw.tobytes() == raw.astype("<f8").tobytes()
        entry = kept.evaluation
        assert (entry.notes, entry.version, entry.hashes) == (("a note",), "0.1.0", store.hashes)
        assert kept.submission.metadata.report == "https://lab.org/paper"
        assert (kept.submission.model, kept.submission.board, kept.submission.state) == ("Model", "A", "scored")
        assert store.samples(entry.event) == {task: tuple(map(list, both)) for task, both in samples.items()}
        assert Path(store.archives.path(kept.submission.sha256)).read_bytes() == b"zip"
        assert [(e.seq, e.kind, e.at) for e in store.events()] == [
            (1, "settings", MONDAY),
            (2, "admitted", MONDAY),
            (3, "evaluated", MONDAY),
        ]
        assert [e.kind for e in store.events(since=2)] == ["evaluated"]
        assert not store.faults()


def test_the_file_is_as_the_house_wants_it(tmp_path):
    path = tmp_path / "board.db"
    new_store(path).close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        tables = db.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        strict = {name: strict for name, strict in tables if not name.startswith("sqlite_")}
        assert strict == dict.fromkeys([*schema.LOG, *schema.STATE], 1)
    db.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["board.db"]


def test_the_log_is_append_only(tmp_path):
    path = tmp_path / "board.db"
    with new_store(path) as store:
        admission = admit(store, b"1")
        store.finish(admission, found(store, samples={"see": (["1"], [1.0])}))
    db = sqlite3.connect(path)
    for statement in ("UPDATE event SET at = 0", "DELETE FROM event", "UPDATE sample SET n = 0", "DELETE FROM sample"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


def everything_that_happens(store, clock):
    """One of each event."""
    scored = submit_and_score(store, b"1")
    out = submit_and_score(store, b"2", email="b@lab.org")
    store.withdraw(out)
    store.withdraw(out, back=True)
    store.withdraw(out)
    store.fail(admit(store, b"3", email="c@lab.org"), "no disk", ours=True)
    store.fail(admit(store, b"4", email="d@lab.org"), "no such id", ours=False)
    store.refuse("bad.zip", "is no archive")
    clock.at += 7 * HOUR
    freed = admit(store, b"5", email="e@lab.org")
    store.free(freed.submission)
    store.finish(store.take(freed.submission), found(store, 10.0))
    store.withdraw(freed.submission)
    bench = small_benchmark(70.0)
    hashes = Hashes(bench.sha256, "a2", "d2")
    entry = found(store, 20.0)
    entry = type(entry)(hashes, entry.raw, entry.version)
    changes = {
        "benchmark": {"sha256": bench.sha256, "data": bench.to_dict()},
        "settings": {"hashes": ["a2", "d2"], "annotations": "gold2"},
    }
    assert store.rescore({scored: entry}, {}, changes)
    clock.at += 24 * HOUR
    admit(store, b"6")


def test_the_state_follows_from_the_log(tmp_path):
    path, clock = tmp_path / "board.db", Clock()
    with new_store(path, clock) as store:
        everything_that_happens(store, clock)
        kinds = {event.kind for event in store.events()}
        assert kinds == {
            "settings", "admitted", "taken", "evaluated", "rescored", "withdrawn", "restored", "failed",
            "refused by evaluation", "refused",
        }  # fmt: skip
        assert store.faults() == []
    tampering = {
        "submission": "UPDATE submission SET state = 'scored' WHERE state = 'withdrawn'",
        "submitter": "UPDATE submitter SET email = 'mine@lab.org' WHERE id = 1",
        "result": "UPDATE result SET raw = zeroblob(40) WHERE evaluation = 1",
        "evaluation": "DELETE FROM evaluation WHERE id = 1",
        "setting": "UPDATE setting SET value = '[]' WHERE name = 'limits'",
        "benchmark": "UPDATE benchmark SET data = '{}' WHERE rowid = 1",
    }
    assert tampering.keys() == set(schema.STATE)
    for table, statement in tampering.items():
        copy = tmp_path / f"{table}.db"
        shutil.copy(path, copy)
        shutil.copytree(f"{path}.archives", f"{copy}.archives")
        db = sqlite3.connect(copy)
        with db:
            db.execute(statement)
        db.close()
        with Store(copy) as store:
            assert any(f"the table {table} is not what the log makes of it" in fault for fault in store.faults())


def test_lost_archives_and_damaged_files_are_seen(tmp_path):
    path = tmp_path / "board.db"
    with new_store(path) as store:
        submit_and_score(store, b"1")
        os.unlink(store.archives.path(hashlib.sha256(b"1").hexdigest()))
        (fault,) = store.faults()
        assert fault.startswith("the archive of submission 1 is missing")
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(GLevelError), Store(path) as store:
        assert not store.faults()


def test_what_is_no_registry(tmp_path):
    with pytest.raises(GLevelError, match="no such registry"):
        Store(tmp_path / "absent.db")
    for name, content in {"empty.db": b"", "text.db": b"hello" * 500}.items():
        (tmp_path / name).write_bytes(content)
        for write in (False, True):
            with pytest.raises(GLevelError, match="is not a registry"):
                Store(tmp_path / name, write=write)
        assert (tmp_path / name).read_bytes() == content
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(GLevelError, match="is not a registry"):
        Store(tmp_path / "other.db")
    new_store(tmp_path / "board.db").close()
    with pytest.raises(GLevelError, match="is there already"):
        new_store(tmp_path / "board.db")
    with pytest.raises(GLevelError, match="cannot be made"):
        new_store(tmp_path / "no" / "board.db")


def test_an_archive_that_cannot_be_kept_is_not_admitted(tmp_path):
    with new_store(tmp_path / "board.db") as store:
        (tmp_path / "board.db.archives").write_text("in the way")
        with pytest.raises(GLevelError, match="cannot be written"):
            admit(store, b"1")
        os.unlink(tmp_path / "board.db.archives")
        os.makedirs(store.archives.path(hashlib.sha256(b"1").hexdigest()))
        with pytest.raises(GLevelError, match="cannot be written"):
            admit(store, b"1")
        assert store.submissions() == []
        assert [e.kind for e in store.events()] == ["settings"]


def test_copies_that_the_killed_left_go_after_a_day(tmp_path):
    with new_store(tmp_path / "board.db") as store:
        submit_and_score(store, b"1")
        left = [tmp_path / "board.db.archives" / name for name in (".glevel-old.tmp", ".glevel-new.tmp", "mine.zip")]
        for path in left:
            path.write_bytes(b"half")
        os.utime(left[0], (0, time.time() - 2 * 86_400))
        os.utime(left[2], (0, 0))
        submit_and_score(store, b"2")
        assert [path.exists() for path in left] == [False, True, True]
        assert not store.faults()


def test_a_reader_cannot_write(tmp_path):
    new_store(tmp_path / "board.db").close()
    with Store(tmp_path / "board.db") as store, pytest.raises(GLevelError, match="cannot be read or written"):
        store.refuse("x.zip", "why")


def test_refuses_what_the_rules_of_states_forbid(tmp_path):
    with new_store(tmp_path / "board.db") as store:
        with pytest.raises(SubmissionError, match="is not in the registry"):
            store.withdraw(1)
        number = submit_and_score(store, b"1")
        with pytest.raises(SubmissionError, match="is scored; this needs one that is pending"):
            store.free(number)
        with pytest.raises(SubmissionError, match="is scored; this needs one that is withdrawn"):
            store.withdraw(number, back=True)


def test_an_evaluation_by_other_rules_is_not_kept(tmp_path):
    with new_store(tmp_path / "board.db") as store:
        admission = admit(store, b"1")
        old = found(store)
        assert store.rescore({}, {}, {"settings": {"hashes": ["a2", "d"]}})
        assert not store.finish(admission, old)
        assert store.submissions()[0].state == "pending"
        assert store.finish(admission, found(store))
        assert not store.rescore({}, {}, {"settings": {"hashes": ["a3", "d"]}})  # one is missing: nothing changes
        assert store.hashes.annotations == "a2"
        assert store.rescore({}, {}, {"settings": {"hashes": ["a3", "d"]}, "left": [1]})
        assert store.kept()[0].evaluation.hashes != store.hashes


def test_an_older_schema_is_brought_up_to_date(tmp_path, monkeypatch):
    path = tmp_path / "board.db"
    with new_store(path) as store:
        submit_and_score(store, b"1")
    step = "ALTER TABLE submission ADD COLUMN colour TEXT NOT NULL DEFAULT 'none';\nCREATE TABLE extra (x INT) STRICT;"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, step))
        with Store(path) as store:  # what is read is migrated, the file is not
            assert [s.id for s in store.submissions()] == [1]
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (1,)
        with Store(path, write=True) as store:
            submit_and_score(store, b"2")
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT colour FROM submission").fetchall() == [("none",), ("none",)]
        db.close()
        with Store(path, write=True) as store:  # once only
            assert len(store.kept()) == 2
    for write in (False, True):
        with pytest.raises(GLevelError, match="has schema version 2, and this glevel_fast knows 1"):
            Store(path, write=write)


def test_a_broken_migration_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "board.db"
    new_store(path).close()
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, "CREATE TABLE extra (x INT) STRICT;\nCREATE TABLE event (x);"))
    with pytest.raises(GLevelError, match="already exists"):
        Store(path, write=True)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extra'").fetchall()
    db.close()


def test_reading_while_another_writes(tmp_path):
    path = tmp_path / "board.db"
    with new_store(path) as store:
        submit_and_score(store, b"1")
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE submission SET state = 'withdrawn'")
        started = time.monotonic()
        with Store(path) as reader:
            assert [s.state for s in reader.submissions()] == ["scored"]
            writer.execute("COMMIT")
            assert [s.state for s in reader.submissions()] == ["scored"]  # of one moment
        assert time.monotonic() - started < 5
        with Store(path) as reader:
            assert [s.state for s in reader.submissions()] == ["withdrawn"]
        writer.close()


def test_a_copy_that_nobody_may_write(tmp_path):
    path, folder = tmp_path / "board.db", tmp_path / "elsewhere"
    folder.mkdir()
    with new_store(path) as store:
        submit_and_score(store, b"1")
    shutil.copy(path, folder / "copy.db")
    (folder / "copy.db-shm").mkdir()  # so not even root can share it as SQLite does
    (folder / "copy.db").chmod(0o400)
    before = (folder / "copy.db").read_bytes()
    with Store(folder / "copy.db") as reader:
        assert len(reader.kept()) == 1
        assert len(list(reader.events())) == 3
    assert (folder / "copy.db").read_bytes() == before


def race(path, barrier, outcomes, content, email):
    with Store(path, write=True) as store:
        barrier.wait()
        try:
            outcomes.put(admit(store, content, email=email).submission)
        except SubmissionError as error:
            outcomes.put(str(error))


@pytest.mark.parametrize("same", ["submitter", "archive"])
def test_sixteen_processes_race_and_one_is_admitted(tmp_path, same):
    path = tmp_path / "board.db"
    new_store(path).close()
    barrier, outcomes = fork.Barrier(16), fork.SimpleQueue()
    entries = [(b"1", f"{i}@lab.org") if same == "archive" else (b"%d" % i, "who@lab.org") for i in range(16)]
    workers = [fork.Process(target=race, args=(path, barrier, outcomes, *entry)) for entry in entries]
    for worker in workers:
        worker.start()
    found = [outcomes.get() for _ in workers]
    for worker in workers:
        worker.join()
    assert found.count(1) == 1
    reasons = {text for text in found if text != 1}
    assert all(("is being evaluated" if same == "submitter" else "submitted before") in text for text in reasons)
    with Store(path) as store:
        assert [s.id for s in store.submissions()] == [1]
        assert not store.faults()


def test_the_indexes_hold_even_without_the_check(tmp_path, monkeypatch):
    with new_store(tmp_path / "board.db") as store:
        admit(store, b"1")
        monkeypatch.setattr(Store, "_refuse", lambda *_: None)
        for content, email in ((b"2", "who@lab.org"), (b"1", "other@lab.org")):
            with pytest.raises(sqlite3.IntegrityError):
                admit(store, content, email=email)
        assert [s.id for s in store.submissions()] == [1]
        assert [e.kind for e in store.events()] == ["settings", "admitted"]


def work(path, told):
    """Submissions without end; whatever is told has been promised to somebody."""
    with Store(path, write=True) as store:
        benchmark = store.benchmark()
        os.write(told, b"\n")
        for i in range(10**6):
            content = b"%d %d" % (os.getpid(), i)
            admission = admit(store, content, email=f"{os.getpid()}@lab.org")
            os.write(told, json.dumps(["admitted", admission.submission, content.decode()]).encode() + b"\n")
            samples = {"see": ([str(i) for i in range(50)], [0.5] * 50)}
            assert store.finish(admission, found(store, float(i % 100), benchmark=benchmark, samples=samples))
            os.write(told, json.dumps(["scored", admission.submission, i % 100]).encode() + b"\n")
            if i % 3 == 0:
                store.withdraw(admission.submission)
                os.write(told, json.dumps(["withdrawn", admission.submission, None]).encode() + b"\n")


@pytest.fixture
def memory(tmp_path):
    """A folder in memory, where there is one: syncing to a disk is most of what the test below would take."""
    if not os.path.isdir("/dev/shm"):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_killed_at_any_moment(memory):
    """SIGKILL, 250 times, at moments that a seed chooses: what was promised holds, and nothing is half there."""
    path, moments = memory / "board.db", random.Random(0)
    new_store(path, clock=now, limits=[Limit(10**5, HOUR)], lease=HOUR).close()
    promised = {}
    for kill in range(250):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            try:
                work(path, write)
            finally:
                os._exit(1)
        os.close(write)
        assert os.read(read, 1) == b"\n"
        time.sleep(moments.uniform(0, 0.005))
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        with open(read, "rb") as pipe:
            for line in pipe.read().split(b"\n")[:-1]:
                what, number, value = json.loads(line)
                promised.setdefault(number, {})[what] = value
        if kill % 25 == 24:
            with Store(path, write=True) as store:
                look_at(store, promised)
    states = [s.state for s in store_at(path)]
    assert states.count("pending") >= 10  # some died between admission and score
    assert states.count("scored") >= 10


def store_at(path):
    with Store(path) as store:
        return store.submissions()


def look_at(store, promised):
    assert store.faults() == []
    kept = {entry.submission.id: entry for entry in store.kept()}
    for submission in store.submissions():
        told = promised.get(submission.id, {})
        order = ["pending", "scored", "withdrawn"]
        reached = "withdrawn" if "withdrawn" in told else "scored" if "scored" in told else "pending"
        # the kill may have come after the deed and before the word
        assert order.index(submission.state) - order.index(reached) in (0, 1)
        assert (
            hashlib.sha256(Path(store.archives.path(submission.sha256)).read_bytes()).hexdigest() == submission.sha256
        )
        if "admitted" in told:
            assert hashlib.sha256(told["admitted"].encode()).hexdigest() == submission.sha256
        if submission.state == "scored":
            entry = kept[submission.id].evaluation
            assert store.samples(entry.event)["see"][1] == [0.5] * 50
            if "scored" in told:
                assert set(entry.raw.tolist()) == {float(told["scored"])}
    assert promised.keys() <= {submission.id for submission in store.submissions()}
