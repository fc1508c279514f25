"""`glevel completion`, and what answers the shell that asks (extra `cli`)."""

from __future__ import annotations

import argparse
import os

from glevel_fast.extras import require

SHELLS = ("bash", "zsh", "fish")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    completion = commands.add_parser(
        "completion",
        help="completion of commands, options and files for a shell",
        description='Print what a shell is to run at its start: eval "$(glevel completion bash)" in ~/.bashrc, with '
        "zsh in ~/.zshrc; glevel completion fish > ~/.config/fish/completions/glevel.fish.",
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    print(require("argcomplete", "cli").shellcode(["glevel"], shell=arguments.shell))
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Where a shell asks for completions, print them and end; otherwise nothing is loaded."""
    if "_ARGCOMPLETE" in os.environ:
        require("argcomplete", "cli").autocomplete(parser)
