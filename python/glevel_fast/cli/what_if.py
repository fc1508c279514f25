"""`glevel what-if`."""

from __future__ import annotations

import argparse

from glevel_fast.cli import inputs, options
from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    what_if = commands.add_parser(
        "what-if",
        help="what changes with other specialists for some tasks",
        description="Which models gain or lose a win, and what it does to scores, levels and ranks, when tasks get "
        "other specialists. Without -b, on the paper's published results.",
    )
    what_if.add_argument(
        "changes", nargs="+", metavar="TASK=SIGMA", help="a task and its specialist's raw score; '-' for no specialist"
    )
    what_if.add_argument(
        "-r", "--results", nargs="+", default=[], metavar="RESULTS", help=".xlsx, .csv, .parquet or .json"
    )
    inputs.add_reading(what_if)
    options.add_threads(what_if)
    options.add_outputs(what_if)
    what_if.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    to_stdout = options.check_outputs(arguments)
    from glevel_fast.errors import GLevelError
    from glevel_fast.io.cells import as_number

    changes = {}
    for text in arguments.changes:
        task, equals, sigma = text.rpartition("=")
        value = as_number(sigma)
        if not equals or not task.strip() or not sigma.strip() or value is None:
            raise GLevelError(f"{text!r}: write TASK=SIGMA, such as 'Crowd Counting=5.2', or TASK=- for none")
        changes[task.strip()] = value
    scorer, results = inputs.read_scorer(arguments)
    what = scorer.what_if(results, changes, threads=arguments.threads)
    options.write_outputs(arguments, what.to_dict, what.columns)
    if arguments.plot:
        from glevel_fast.report.figure import save

        save(what.plot.ranks(), arguments.plot)
    if not to_stdout:
        from glevel_fast.cli import terminal_sets

        terminal_sets.print_what_if(what)
    show_notes(what.prepared.scores.notes)
    return 0
