"""`glevel report`."""

from __future__ import annotations

import argparse

from glevel_fast.cli.inputs import add_inputs, score_inputs
from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser(
        "report",
        help="a static page with all boards, to publish as it is",
        description="Write one self-contained HTML page: boards by scope and level, heat map, receipts, provenance. "
        "Without RESULTS, of the paper's published results as recomputed.",
    )
    add_inputs(report)
    report.add_argument("-o", "--output", required=True, metavar="FOLDER", help="folder for index.html")
    report.add_argument("--title", help="default: General-Level leaderboard, or the registry's")
    report.add_argument("--date", default="", metavar="YYYY-MM-DD", help="date of the results")
    report.add_argument(
        "--intervals",
        metavar="FILE",
        help="a table (.csv, .parquet, .json) of rank intervals: model, low, high and optionally level",
    )
    report.add_argument("--registry", metavar="FILE", help="instead of RESULTS: the boards of a registry as they stand")
    report.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.registry:
        return _registry(arguments)

    from glevel_fast.report.page import read_intervals, write_site

    scores = score_inputs(arguments)
    intervals = read_intervals(arguments.intervals) if arguments.intervals else None
    path = write_site(
        arguments.output,
        scores,
        title=arguments.title or "General-Level leaderboard",
        date=arguments.date,
        intervals=intervals,
    )
    print(f"{path}: {len(scores)} models, {scores.benchmark.n_tasks} tasks")
    show_notes(scores.notes)
    return 0


def _registry(arguments: argparse.Namespace) -> int:
    if arguments.results or arguments.benchmark or arguments.date or arguments.intervals:
        arguments.parser.error("--registry knows results, benchmark and dates; leave them out, and --intervals")

    from glevel_fast.registry.store import Store
    from glevel_fast.report.leaderboards import write_leaderboards

    with Store(arguments.registry) as store:
        paths = write_leaderboards(arguments.output, store, title=arguments.title or "")
    print(", ".join(paths))
    return 0
