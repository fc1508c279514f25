"""The page "Quick boards" says what its script finds; of the board that is not bundled, where it is there."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_what_the_script_writes(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    script = runpy.run_path(str(DOCS / "quick_boards.py"))
    script["main"](tmp_path)
    page = script["PAGE"]
    assert (tmp_path / page).read_text(encoding="utf-8") == (DOCS / page).read_text(encoding="utf-8")
    written = {path.name for path in tmp_path.glob("*.svg")}
    assert written - {"quick-boards-mteb.svg"} == {"quick-boards.svg"}
    assert ("quick-boards-mteb.svg" in written) == script["BOARD"].is_file()
    for name in written:
        assert (tmp_path / name).stat().st_size > 10_000
        assert name in (DOCS / page).read_text(encoding="utf-8")
