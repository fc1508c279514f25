"""The table of definitions: what its script prints."""

import runpy
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"

pytest.importorskip("scipy", reason="the extra `evaluate` is not installed")


def test_up_to_date(monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path])
    page = runpy.run_path(str(DOCS / "metrics.py"))["page"]()
    assert page == (DOCS / "metrics.md").read_text(encoding="utf-8"), "run `python docs/metrics.py`"
