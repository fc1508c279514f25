"""`glevel lint`."""

from __future__ import annotations

import argparse

from glevel_fast.cli.inputs import add_inputs, read_inputs
from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lint = commands.add_parser(
        "lint",
        help="what looks wrong in results before they are scored",
        description="List values that look wrong: fractions for percents, percents for fractions, reversed directions, "
        "exact zeros, values far from the specialist's. The exit status is 0 whatever is found, but for --exit-code.",
    )
    add_inputs(lint, policy=False)
    lint.add_argument(
        "--policy-diff",
        action="store_true",
        help="instead, which values and ranks the paper's policy and the released scorer take differently, and why",
    )
    lint.add_argument("--exit-code", action="store_true", help="exit with 1 where something is listed")
    lint.add_argument("--json", metavar="FILE", help="write JSON ('-': standard output, and no table)")
    lint.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:

    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.trust.linter import lint, places, suspects_sheet
    from glevel_fast.trust.policy_diff import policy_diff

    if arguments.policy_diff:
        benchmark, results = read_inputs(arguments)
        diff = policy_diff(
            results, benchmark, zero=arguments.zero, invalid=arguments.invalid, fractions=arguments.fractions
        )
        plain, sheets = diff.to_dict(), list(diff.sheets(40))
    else:
        benchmark, results = read_inputs(arguments, invalid="missing")  # text is noted, and does not hide the rest
        suspects = lint(results, benchmark, place=places(arguments.results, results, benchmark))
        plain, sheets = {"suspects": [s.to_dict() for s in suspects]}, [suspects_sheet(suspects)]
    if arguments.json:
        write.json(plain, arguments.json)
    if arguments.json != "-":
        for i, sheet in enumerate(sheets):
            print("\n" if i else "", end="")
            terminal.print_list(sheet)
    show_notes(results.notes)
    return int(arguments.exit_code and any(sheet.rows for sheet in sheets))
