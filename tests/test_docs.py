"""The documents: what the scripts write into them, and what they point to. Their examples run too: conftest.py."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse writes options in another way from Python 3.13 on")
def test_the_reference_of_commands_is_what_the_parser_says(monkeypatch):
    spec = importlib.util.spec_from_file_location("docs_commands", DOCS / "commands.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setenv("COLUMNS", "80")
    spec.loader.exec_module(module)
    page = DOCS / "reference" / "commands.md"
    assert module.page() == page.read_text(encoding="utf-8"), (
        "run `python docs/commands.py > docs/reference/commands.md`"
    )


def test_the_tutorial_holds_no_outputs():
    """The site runs it."""
    cells = json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs")]


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
