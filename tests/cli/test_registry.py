"""The commands of a leaderboard that takes submissions, end to end on the bundled example."""

import json
import sqlite3
import threading
from contextlib import closing

import pytest
from registries import Clock
from submissions import TASKS, N, archive, metadata, new_board, predictions, task_rows, write_gold

from glevel_fast.cli.main import main
from glevel_fast.evaluation.example import write_example
from glevel_fast.io import write
from glevel_fast.io.archive import open_archive
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.metadata import read_metadata
from glevel_fast.registry.store import Store


@pytest.fixture
def example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_example("example")
    (tmp_path / "metadata.json").write_text(json.dumps(metadata("Example-7B")))

    def run(*arguments, status=0):
        assert main(list(arguments)) == status
        return capsys.readouterr()

    return run


GROUNDS = ("-b", "example/benchmark.csv", "--tasks", "example/tasks.csv")


def test_from_predictions_to_the_page(example, tmp_path):
    out = example(
        "submit", "example/predictions/Example-7B", "--model", "Example-7B", "--board", "A", "--metadata",
        "metadata.json", *GROUNDS,
    )  # fmt: skip
    assert out.out.startswith("./Example-7B-A.zip: 6 files of predictions, 4 media; ")
    assert "predictions for 6 of the 6 tasks" in out.err
    out = example("registry", "init", "board.db", *GROUNDS, "--annotations", "example/annotations", "--title", "Mine")
    assert out.out == "board.db: 6 tasks, 4 leaderboards, limits 2/24h, 4/7d\n"
    out = example("intake", "Example-7B-A.zip", "--registry", "board.db", "--processes", "1")
    assert out.out.startswith("Example-7B-A.zip: number 1, A: Level-5, 46.93 points, rank 1 of 1")
    out = example("intake", "Example-7B-A.zip", "absent.zip", "--registry", "board.db", status=1)
    assert out.out == ""
    assert "Example-7B-A.zip: not admitted: this archive was submitted before, as number 1" in out.err
    assert "absent.zip: not admitted: " in out.err
    out = example("report", "--registry", "board.db", "-o", "site")
    assert out.out == "site/index.html, site/A.details.html\n"
    assert "<h1>Mine</h1>" in (tmp_path / "site" / "index.html").read_text()
    assert "Example-7B" in example("registry", "board", "board.db").out
    out = example("registry", "check", "board.db")
    assert out.out == "board.db: 1 submissions, 4 events; the state is what the log makes of it\n"
    assert not any(path.stat().st_size for path in tmp_path.glob("board.db-wal"))  # all of it is in the file


@pytest.fixture
def board(tmp_path, monkeypatch, capsys):
    """A board of small tasks with two models, and its commands run in its folder."""
    with new_board(tmp_path, Clock()) as store:
        paths = [
            archive(tmp_path, {"see": 3, "paint": 3}, "Gen"),
            archive(tmp_path, dict.fromkeys(TASKS, N), "Wide", email="bob@lab.org"),
        ]
        assert [t.state for t in Intake(store).take(paths)] == ["scored"] * 2
    monkeypatch.chdir(tmp_path)

    def run(*arguments, status=0):
        assert main(list(arguments)) == status
        return capsys.readouterr()

    return run


def test_board_log_and_export(board, tmp_path):
    out = board("registry", "board", "board.db", "--id", "A").out
    assert out.index("Wide") < out.index("Gen")
    assert "2026-01-05" in out
    assert "@" not in out
    assert "unknown leaderboard 'Z'" in board("registry", "board", "board.db", "--id", "Z", status=1).err
    out = board("registry", "log", "board.db").out
    assert "5 events" in out
    assert "Gen on A, ann@lab.org" in out
    lines = board("registry", "log", "board.db", "--since", "3", "--jsonl", "-").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["admitted", "evaluated"]
    assert board("registry", "log", "board.db", "--csv", "-").out.startswith("seq,at,kind,submission,data\n1,2026")
    out = board("registry", "export", "board.db", "-o", "out", "--format", "csv").out
    assert out.startswith("out: settings.csv, benchmarks.csv, submissions.csv")
    assert (tmp_path / "out" / "results.csv").read_text().count("\n") == 1 + 2 + 5


def test_other_limits_hold_from_now_on(board):
    out = board("registry", "set", "board.db", "--limit", "1/24h", "--lease", "1h", "--title", "Ours")
    assert out.out == "board.db: limits 1/24h\n"
    with Store("board.db") as store:
        assert [store.settings[name] for name in ("limits", "lease", "title")] == [["1/24h"], 3_600_000, "Ours"]
        assert [event.kind for event in store.events()][-1] == "settings"
        assert not store.faults()
    board("registry", "set", "board.db", "--title", "Mine")
    with Store("board.db") as store:
        assert store.settings["limits"] == ["1/24h"]
    assert "the limit '0/1h' is not" in board("registry", "set", "board.db", "--limit", "0/1h", status=1).err


def test_a_board_as_data(board):
    said = json.loads(board("registry", "board", "board.db", "--json", "-").out)
    (a,) = said["boards"]
    assert [(row["model"], row["total"]) for row in a["rows"]] == [("Wide", 100.0), ("Gen", 37.5)]
    assert "lab.org" not in json.dumps(said)


def test_withdraw_restore_and_free(board, tmp_path):
    assert board("registry", "withdraw", "board.db", "2").out == "number 2 is withdrawn\n"
    assert "Wide" not in board("registry", "board", "board.db").out
    assert "number 2 is back on the boards" in board("registry", "restore", "board.db", "2").out
    assert "submission 9 is not in the registry" in board("registry", "withdraw", "board.db", "9", status=1).err
    assert "needs one that is pending" in board("registry", "free", "board.db", "1", status=1).err


def test_rescore_says_who_moved_and_why(board, tmp_path):
    with Store("board.db") as store:
        columns = store.benchmark().to_dict()
    write.csv(columns | {"sota": [20.0, 20.0, 100.1 - 0.1, 20.0, 20.0]}, "new.csv")
    out = board("rescore", "--registry", "board.db", "-b", "new.csv", "--all")
    assert out.out.startswith("0 submissions evaluated again, 2 kept their values\n")
    assert "Wide" in out.out
    write_gold(tmp_path / "gold", ["paint"], n=2)
    out = board("rescore", "--registry", "board.db", "--json", "-", "--processes", "1", status=1)
    said = json.loads(out.out)
    assert list(said["left_out"]) == ["1", "2"]
    assert "number 1 is off the board" in out.err
    assert "paint-2" in out.err


def test_what_failed_is_tried_again(board, tmp_path):
    with Store("board.db", write=True, clock=Clock()) as store:
        path = archive(tmp_path, {"see": 1}, "Late", email="late@lab.org")
        copy = store.archives.copy(path)
        with open_archive(copy) as opened:
            said, sha256 = read_metadata(opened.read("metadata.json"), "m"), opened.sha256()
        store.admit(copy, sha256, said, "A")  # and the worker dies here
        assert store.submissions()[-1].state == "pending"
    assert "number 3 is free again" in board("registry", "free", "board.db", "3").out
    out = board("intake", "--retry", "--registry", "board.db", "--processes", "1")
    assert "number 3, A: Level-2" in out.out


def test_split_command(board, tmp_path):
    out = board("split", "gold", "--new-key", "split.key", "-o", "halves")
    assert out.out.startswith("halves: 5 files, ")
    again = board("split", "gold", "--closed", "2:3", "--key", "split.key", "-o", "again")
    assert again.out == out.out.replace("halves", "again")
    assert (tmp_path / "halves/closed/see/annotation.json").read_bytes() == (
        tmp_path / "again/closed/see/annotation.json"
    ).read_bytes()
    assert (
        "is not written such as 2:3"
        in board("split", "gold", "--closed", "x", "--key", "split.key", "-o", "z", status=1).err
    )


def test_every_reading_command_works_while_another_writes(board, tmp_path):
    with closing(sqlite3.connect("board.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE setting SET value = '\"Half done\"' WHERE name = 'title'")
        for arguments in (
            ("report", "--registry", "board.db", "-o", "site"),
            ("registry", "board", "board.db"),
            ("registry", "log", "board.db"),
            ("registry", "export", "board.db", "-o", "out"),
            ("registry", "check", "board.db"),
        ):
            board(*arguments)
        writer.execute("ROLLBACK")
    assert "Half done" not in (tmp_path / "site" / "index.html").read_text()


def test_every_reading_command_works_on_a_read_only_copy(board, tmp_path):
    """Copied while another process adds to it without pause."""
    stop = threading.Event()

    def add():
        with Store(tmp_path / "board.db", write=True) as store:
            while not stop.is_set():
                store.refuse("x.zip", "is no archive")

    thread = threading.Thread(target=add)
    thread.start()
    try:
        (tmp_path / "copy").mkdir()
        with closing(sqlite3.connect("board.db")) as source, closing(sqlite3.connect("copy/board.db")) as target:
            source.backup(target)
        (tmp_path / "copy" / "board.db").chmod(0o400)
        (tmp_path / "copy").chmod(0o500)
        for arguments in (
            ("report", "--registry", "copy/board.db", "-o", "site"),
            ("registry", "board", "copy/board.db"),
            ("registry", "log", "copy/board.db", "--jsonl", "log.jsonl"),
            ("registry", "export", "copy/board.db", "-o", "out"),
        ):
            board(*arguments)
    finally:
        stop.set()
        thread.join()
        (tmp_path / "copy").chmod(0o700)
    assert "Wide" in (tmp_path / "site" / "index.html").read_text()


def test_usage(board, capsys):
    for arguments in (
        ["intake", "--registry", "board.db"],
        ["report", "--registry", "board.db", "-b", "x.csv", "-o", "site"],
        ["split", "gold", "-o", "x"],
        ["submit", "gold", "--model", "M", "--board", "A", "--metadata", "m.json", "--inputs", "x"],
        ["registry"],
        ["registry", "set", "board.db"],
        ["registry", "log", "board.db", "--csv", "-", "--jsonl", "-"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    assert "no such registry" in board("registry", "log", "absent.db", status=1).err
    assert "is not a registry" in board("registry", "log", "gold/see/annotation.json", status=1).err


def _tables():
    with Store("board.db") as store:
        write.csv(store.benchmark().to_dict(), "bench.csv")
    rows = task_rows()
    write.csv({name: [row[name] for row in rows] for name in rows[0]}, "t.csv")


def test_limits_and_boards_of_a_new_registry(board, tmp_path):
    _tables()
    (tmp_path / "quick.csv").write_text("task,modality,paradigm,metric,sota\nsee,image,comprehension,Acc,60\n")
    (tmp_path / "boards.csv").write_text("id,scope,tasks\nA.quick,A,quick.csv\n")
    grounds = ("-b", "bench.csv", "--tasks", "t.csv", "--annotations", "gold", "--boards", "boards.csv")
    out = board("registry", "init", "new.db", *grounds, "--limit", "1/1h", "--limit", "3/4w", "--lease", "30m")
    assert out.out == "new.db: 5 tasks, 14 leaderboards, limits 1/1h, 3/4w\n"
    with Store("new.db") as store:
        assert store.leaderboards()["A.quick"].tasks == ("see",)
        assert store.settings["lease"] == 1_800_000
    assert "the limit '9' is not" in board("registry", "init", "b.db", *grounds, "--limit", "9", status=1).err
    assert not (tmp_path / "b.db").exists()


def test_the_closed_gold_goes_nowhere(board, tmp_path):
    """Split, submit what the inputs ask for, take it in, publish: of the closed part nobody sees gold or samples."""
    _tables()
    write_gold(tmp_path / "all", n=30)
    board("split", "all", "--new-key", "split.key", "-o", "split")
    closed = {
        record["id"]: record["output"]["answer"]
        for task in TASKS
        for record in json.loads((tmp_path / "split/closed" / task / "annotation.json").read_text())["data"]
    }
    for name, content in predictions(dict.fromkeys(TASKS, 0), n=30).items():  # every answer is wrong
        (tmp_path / "mine" / name).parent.mkdir(parents=True)
        (tmp_path / "mine" / name).write_bytes(content)
    (tmp_path / "metadata.json").write_text(json.dumps(metadata("Guess", "carl@uni.edu")))
    grounds = ("-b", "bench.csv", "--tasks", "t.csv")
    board("registry", "init", "closed.db", *grounds, "--annotations", "split/closed")
    board(
        "submit", "mine", "--model", "Guess", "--board", "A", "--metadata", "metadata.json", *grounds,
        "--inputs", "split/inputs", "-o", "outbox",
    )  # fmt: skip
    said = board("intake", "outbox/Guess-A.zip", "--registry", "closed.db", "--processes", "1")
    board("report", "--registry", "closed.db", "-o", "site")
    log = board("registry", "log", "closed.db", "--jsonl", "-").out
    with open_archive("outbox/Guess-A.zip") as sent:
        archived = "".join(sent.read(name).decode() for name in sent.names())
    page = "".join(path.read_text() for path in (tmp_path / "site").iterdir())
    assert len(closed) > 30
    for key, gold in closed.items():
        quoted = json.dumps(gold)
        for text in (archived, page, log, said.out, said.err, (tmp_path / "closed.db").read_bytes().decode("latin-1")):
            assert quoted not in text
        assert json.dumps(key) in archived
        assert json.dumps(key) not in page
    assert "uni.edu" not in page
    public = b"".join(
        p.read_bytes() for side in ("open", "inputs") for p in (tmp_path / "split" / side).rglob("*.json")
    )
    assert not any(json.dumps(gold).encode() in public for gold in closed.values())
