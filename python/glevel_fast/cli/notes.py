"""Notes on standard error: each once, and none with --quiet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

__all__ = ["add_quiet", "begin", "show_notes"]

_shown: set[str] = set()
_quiet = False


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """-q, for a command and for all commands below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                add_quiet(command)
            return
    parser.add_argument("-q", "--quiet", action="store_true", help="no notes on standard error")


def begin(quiet: bool) -> None:
    """A new command."""
    global _quiet
    _quiet = quiet
    _shown.clear()


def show_notes(notes: Iterable[str]) -> None:
    """Print notes on standard error, each once."""
    from glevel_fast.text import harmless

    for note in notes:
        if not _quiet and note not in _shown:
            _shown.add(note)
            print(f"note: {harmless(note)}", file=sys.stderr)
