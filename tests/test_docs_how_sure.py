"""The page "How sure is this board?" says what its script finds."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_what_the_script_writes(tmp_path):
    runpy.run_path(str(DOCS / "how_sure.py"))["main"](tmp_path)
    name = "how-sure-is-this-board"
    assert (tmp_path / f"{name}.md").read_text(encoding="utf-8") == (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert (tmp_path / f"{name}.svg").stat().st_size > 10_000
