"""A parser that says what a mistyped command, option or choice may have meant."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """As argparse's, and its subcommands' parsers too."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """An option that a command does not have is an error of that command, with its usage."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            at: argparse.ArgumentParser = getattr(found, "parser", self)
            options = (option for action in at._actions for option in action.option_strings)
            at.error(f"unrecognized arguments: {' '.join(unknown)}{_meant(unknown[0].partition('=')[0], options)}")
        return found

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, with what may have been meant, and end with status 2."""
        wrong = re.search(r"invalid choice: '([^']*)'", message)
        choices = (str(choice) for action in self._actions for choice in action.choices or ())
        super().error(message + (_meant(wrong[1], choices) if wrong else ""))


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""
