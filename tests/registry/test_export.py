"""Everything comes out of a registry again, as JSON lines and as CSV."""

import csv
import json

import pytest
from registries import Clock
from submissions import TASKS, archive, new_board

from glevel_fast.errors import GLevelError
from glevel_fast.registry import export as export_module
from glevel_fast.registry.export import TABLES, export, rows
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.store import Store


@pytest.fixture
def filled(tmp_path):
    with new_board(tmp_path, Clock()) as store:
        paths = [
            archive(tmp_path, {"see": 3, "read": 2}, "Gen", report="https://lab.org/p"),
            archive(tmp_path, {"hear": 4}, "=Ears", "B.audio", "bob@lab.org"),
        ]
        assert [t.state for t in Intake(store).take(paths)] == ["scored"] * 2
        store.withdraw(2)
    with Store(tmp_path / "board.db") as store:
        yield store


def test_tables(filled):
    found = {table: list(rows(filled, table)) for table in TABLES}
    assert {row["name"] for row in found["settings"]} == set(filled.settings)
    assert [row["task"] for row in found["benchmarks"]] == list(TASKS)
    first, second = found["submissions"]
    assert (first["model"], first["email"], first["state"], first["report"]) == (
        "Gen", "ann@lab.org", "scored", "https://lab.org/p",
    )  # fmt: skip
    assert (second["model"], second["state"], second["admitted"]) == (
        "=Ears",
        "withdrawn",
        "2026-01-05 00:00:00.000 UTC",
    )
    assert [row["submission"] for row in found["evaluations"]] == [1, 2]
    assert [(row["task"], row["value"]) for row in found["results"]] == [("see", 75.0), ("read", 50.0), ("hear", 100.0)]
    assert len(found["samples"]) == 12
    assert found["samples"][0] == {"evaluation": 1, "submission": 1, "task": "read", "id": "read-0", "value": 100.0}
    assert [row["kind"] for row in found["events"]] == [
        "settings", "admitted", "evaluated", "admitted", "evaluated", "withdrawn",
    ]  # fmt: skip
    assert found["events"][-1] == {
        "seq": 6, "at": "2026-01-05 00:00:00.000 UTC", "kind": "withdrawn", "submission": 2, "data": {},
    }  # fmt: skip
    with pytest.raises(ValueError, match="is none of settings"):
        next(rows(filled, "secrets"))


@pytest.mark.parametrize("chunk", [10_000, 5])
def test_files_hold_the_tables(filled, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(export_module, "CHUNK", chunk)
    found = {table: list(rows(filled, table)) for table in TABLES}
    paths = export(filled, tmp_path / "out") + export(filled, tmp_path / "out", "csv")
    assert len(paths) == 2 * len(TABLES)
    for table, expected in found.items():
        lines = (tmp_path / "out" / f"{table}.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == expected
        with open(tmp_path / "out" / f"{table}.csv", encoding="utf-8", newline="") as file:
            cells = list(csv.DictReader(file))
        assert len(cells) == len(expected)
        for row, said in zip(cells, expected, strict=True):
            for name, value in said.items():
                if isinstance(value, float):
                    assert float(row[name]) == value
                elif isinstance(value, str):
                    # what a spreadsheet would run stands behind an apostrophe
                    assert row[name].removeprefix("'") == value
                elif isinstance(value, dict | list):
                    assert json.loads(row[name]) == value
                else:
                    assert row[name] == ("" if value is None else str(value))
    assert "\n2,'=Ears,B.audio" in (tmp_path / "out" / "submissions.csv").read_text()


def test_an_empty_registry(tmp_path):
    new_board(tmp_path).close()
    with Store(tmp_path / "board.db") as store:
        export(store, tmp_path / "out", "csv")
    assert (tmp_path / "out" / "submissions.csv").read_text() == ""
    (tmp_path / "file").write_text("")
    with Store(tmp_path / "board.db") as store, pytest.raises(GLevelError, match="cannot be made a folder"):
        export(store, tmp_path / "file")
