"""Print the reference of every command, from its own help: docs/reference/commands.md."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from glevel_fast.cli.main import parser

os.environ["COLUMNS"] = "80"


def commands(whole: argparse.ArgumentParser, name: str = "glevel") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command by its full name, those of commands too."""
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, one in action.choices.items():
                yield f"{name} {word}", one
                yield from commands(one, f"{name} {word}")


def page() -> str:
    parts = [
        "# Commands\n",
        "Exit status: 0 done, 1 the input is wrong (one message on standard error), 2 wrong usage, 130 interrupted.",
        "Without results, a command works on the paper's published ones.\n",
    ]
    for name, one in commands(parser()):
        parts.append(f"## {name}\n\n```text\n{one.format_help().rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
