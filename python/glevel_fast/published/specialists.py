"""Level-1 of General-Bench."""

from __future__ import annotations

from functools import cache

from glevel_fast.boards.specialists import SpecialistBoard, specialist_board
from glevel_fast.published.reproduction import scored

__all__ = ["specialists"]


@cache
def specialists() -> SpecialistBoard:
    """The board of Level-1: each task's specialist, beside it the best of the paper's models."""
    return specialist_board(scored())
