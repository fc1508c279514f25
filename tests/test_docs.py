"""The documents: their commands run, and print what stands below them."""

from __future__ import annotations

import importlib.util
import json
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


def test_the_reference_of_commands_is_what_the_parser_says(monkeypatch):
    spec = importlib.util.spec_from_file_location("docs_commands", DOCS / "commands.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setenv("COLUMNS", "100")
    spec.loader.exec_module(module)
    page = DOCS / "reference" / "commands.md"
    assert module.page() == page.read_text(encoding="utf-8"), (
        "run `python docs/commands.py > docs/reference/commands.md`"
    )


def test_the_tutorial_runs(capsys):
    names: dict[str, object] = {}
    for cell in json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs"), "the site runs it; the file holds no outputs"
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "tutorial.ipynb", "exec"), names)
    capsys.readouterr()


def test_every_page_is_in_the_site():
    listed = set(
        re.findall(r"^ *- (?:[\w ]+: )?([\w/-]+\.(?:md|ipynb))$", (DOCS.parent / "mkdocs.yml").read_text(), re.M)
    )
    assert listed == {str(path.relative_to(DOCS)) for kind in ("md", "ipynb") for path in DOCS.rglob(f"*.{kind}")}


REFERENCE = re.compile(r"spec\.md (?:sections?) ((?:\d+(?:, | and | to )?)+)", re.IGNORECASE)


def test_what_points_to_the_specification_finds_its_section():
    sections = set(re.findall(r"^## (\d+)\.", (DOCS / "spec.md").read_text(encoding="utf-8"), re.M))
    found = 0
    for folder in ("python", "cpp", "docs", "tests", "benchmarks"):
        for path in (DOCS.parent / folder).rglob("*"):
            if path.suffix in {".py", ".pyi", ".hpp", ".cpp", ".md"}:
                for numbers in REFERENCE.findall(path.read_text(encoding="utf-8")):
                    found += 1
                    assert set(re.findall(r"\d+", numbers)) <= sections, (path, numbers)
    assert found > 20


def test_the_picture_is_what_the_script_draws(tmp_path):
    """Its text, that is: where letters stand may differ by a pixel with the versions of matplotlib and its fonts."""
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    spec = importlib.util.spec_from_file_location("docs_ladder", DOCS / "ladder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path / "ladder.svg")
    pictures = (tmp_path / "ladder.svg", module.FIGURE)
    said = [sorted(re.findall(r"<text[^>]*>([^<]*)", path.read_text(encoding="utf-8"))) for path in pictures]
    assert said[0] == said[1]
    assert len(said[0]) > 80
