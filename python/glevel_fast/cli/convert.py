"""`glevel convert`."""

from __future__ import annotations

import argparse
import sys

from glevel_fast.cli import inputs
from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    convert = commands.add_parser(
        "convert",
        help="results from any file that is read to one that is read fast",
        description="Write results to one file, in the benchmark's order of tasks, names and values as they are: "
        "wide (a column per task), or with all values of a model in one list, which is read several times faster. "
        "A folder of .parquet and .arrow files may be of any size.",
    )
    inputs.add_inputs(convert, policy=False, scoring=False)
    convert.add_argument("-o", "--output", metavar="FILE", required=True, help=".parquet, .arrow, .csv or .json")
    convert.add_argument(
        "--layout",
        choices=["columns", "list"],
        help="a column per task, or one column of lists, for .parquet and .arrow (default: list for .arrow)",
    )
    convert.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if not arguments.results:
        arguments.parser.error("RESULTS is missing")
    done = inputs.convert(arguments)
    print(f"{done.models:,} models written to {arguments.output}", file=sys.stderr)
    show_notes(done.notes)
    return 0
