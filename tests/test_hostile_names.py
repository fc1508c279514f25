"""Every command on hostile names: what is printed stays text, and files stay harmless."""

from __future__ import annotations

import csv
import json

import hostile
import numpy as np
import pytest

from glevel_fast.cli.main import main
from glevel_fast.io import write

# A reader of files refuses a NUL byte, and names are stripped.
NAMES = tuple(name.replace("\x00", "").strip() for name in hostile.NAMES)


@pytest.fixture
def files(tmp_path):
    """Hostile models, tasks and skills, as JSON: every character gets through."""
    n = len(NAMES)
    values = np.random.default_rng(0).uniform(2, 99, (n, n))
    columns = {
        "task": NAMES,
        "modality": ["image", "video"] * (n // 2),
        "paradigm": ["comprehension", "comprehension", "generation"] * (n // 3),
        "metric": ["Acc"] * n,
        "sota": [30.0] * n,
        "skill": NAMES,
        "specialist": NAMES,
    }
    write.json({name: list(column) for name, column in columns.items()}, tmp_path / "bench.json")
    rows = {model: dict(zip(NAMES, row, strict=True)) for model, row in zip(NAMES, values.tolist(), strict=True)}
    write.json(rows, tmp_path / "results.json")
    return [str(tmp_path / "results.json"), "-b", str(tmp_path / "bench.json")]


def runs(capsys, *command):
    assert main([*command]) == 0
    out = capsys.readouterr().out
    assert not {c for c in out if not c.isprintable() and c != "\n"}
    assert "n" * 200 not in out
    return out


@pytest.mark.parametrize("model", NAMES)
def test_explain(files, capsys, model):
    out = runs(capsys, "explain", model, *files, "--against", NAMES[0], "--level", "3")
    assert "Level-3 of" in out
    runs(capsys, "explain", model, *files, "--scope", f"D:{model}")


def test_boards_lint_and_snapshots(files, capsys, tmp_path):
    for scope in ("A", "B:image", "C:image/generation", *(f"D:{name}" for name in NAMES)):
        runs(capsys, "board", *files, "--scope", scope)
    runs(capsys, "lint", *files)
    runs(capsys, "lint", *files, "--policy-diff")
    old, new = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    runs(capsys, "snapshot", *files, "-o", old)
    runs(capsys, "snapshot", *files, "-o", new, "--policy", "release")
    runs(capsys, "verify", old)
    runs(capsys, "diff", old, new, "--all")
    board = str(tmp_path / "board.json")
    runs(capsys, "board", *files, "--level", "2", "--json", board)
    runs(capsys, "audit", board)


def test_files_for_spreadsheets(files, tmp_path):
    for command in ("score", "board"):
        path = tmp_path / f"{command}.csv"
        assert main([command, *files, "--csv", str(path)]) == 0
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) == 1 + len(NAMES)
        for cell in (cell for row in rows for cell in row):
            try:
                float(cell)
            except ValueError:
                assert cell.lstrip()[:1] not in set("=+-@\t")


def test_json_keeps_names_whole(files, tmp_path):
    assert main(["board", *files, "--json", str(tmp_path / "b.json")]) == 0
    data = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert {row["model"] for row in data["rows"]} == set(NAMES)
