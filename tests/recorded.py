"""Golden files."""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, text: str) -> None:
    """Compare with a file; GLEVEL_WRITE_GOLDEN=1 writes it instead."""
    path = GOLDEN / name
    if os.environ.get("GLEVEL_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_bytes().decode() == text
