"""The documents: their commands run, and print what stands below them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytest.importorskip("jinja2", reason="the extra `report` is not installed")


def make():
    spec = importlib.util.spec_from_file_location("docs_make", DOCS / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_four_documents_have_commands():
    names = {path.stem for path in make().documents()}
    assert {
        "reading-a-board",
        "why-is-my-score-this",
        "publishing-a-board",
        "what-the-published-boards-get-wrong",
    } <= names


@pytest.mark.parametrize("path", make().documents(), ids=lambda path: path.stem)
def test_up_to_date(path, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert make().fresh_text(path) == path.read_text(encoding="utf-8"), "run `python docs/make.py`"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_python_examples_run(path, capsys):
    names: dict[str, object] = {}
    for code in PYTHON.findall(path.read_text(encoding="utf-8")):
        exec(compile(code, path.name, "exec"), names)
    capsys.readouterr()
