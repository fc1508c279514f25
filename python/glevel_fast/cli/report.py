"""`glevel report`."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from glevel_fast.cli.inputs import add_inputs, read_scorer
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import positive
from glevel_fast.cli.progress import Progress

if TYPE_CHECKING:
    from glevel_fast.api import Scorer
    from glevel_fast.core.results import Results


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
        help="a table (.csv, .parquet, .json) of rank intervals: model, low, high and optionally level; or what "
        "`glevel stability --csv` wrote",
    )
    report.add_argument(
        "--stability",
        type=positive,
        metavar="N",
        help="compute rank intervals (95 %%, for all models of a board at once) from N resamples of the tasks",
    )
    report.add_argument("--since", metavar="FILE", help="a snapshot of an earlier board: the page shows what moved")
    report.add_argument("--registry", metavar="FILE", help="instead of RESULTS: the boards of a registry as they stand")
    report.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.registry:
        return _registry(arguments)

    from glevel_fast.report.page import read_intervals, write_site
    from glevel_fast.trust.snapshot import load

    if arguments.intervals and arguments.stability:
        arguments.parser.error("--intervals and --stability both give rank intervals: leave one out")
    scorer, results = read_scorer(arguments)
    scores = scorer.score(results)
    since = load(arguments.since) if arguments.since else None
    intervals = read_intervals(arguments.intervals) if arguments.intervals else None
    if arguments.stability:
        intervals = _resampled(scorer, results, arguments.stability)
    about = (
        f"95 %, jointly over all models of a board, from {arguments.stability} resamples of the tasks"
        if arguments.stability
        else f"as given in {os.path.basename(arguments.intervals or '')}"
    )
    path = write_site(
        arguments.output,
        scores,
        title=arguments.title or "General-Level leaderboard",
        date=arguments.date,
        intervals=intervals,
        intervals_from=about,
        since=since,
    )
    print(f"{path}: {len(scores)} models, {scores.benchmark.n_tasks} tasks")
    show_notes(scores.notes)
    return 0


def _resampled(scorer: Scorer, results: Results, n: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Joint rank intervals of each level's board."""
    from glevel_fast.core.benchmark import LEVELS

    with Progress("resampling") as progress:
        boot = scorer.bootstrap(results, n, progress=progress.update)
    found = {}
    for level in LEVELS:
        best, worst = boot.joint_ranks(level)
        ends = zip(boot.models, best.tolist(), worst.tolist(), strict=True)
        if on_board := {model: (low, high) for model, low, high in ends if low and high}:
            found[str(level)] = on_board
    return found


def _registry(arguments: argparse.Namespace) -> int:
    given = ("results", "benchmark", "date", "intervals", "stability", "since")
    if any(getattr(arguments, name) for name in given):
        arguments.parser.error("--registry knows results, benchmark and dates; leave them out, --intervals and --since")

    from glevel_fast.registry.store import Store
    from glevel_fast.report.leaderboards import write_leaderboards

    with Store(arguments.registry) as store:
        paths = write_leaderboards(arguments.output, store, title=arguments.title or "")
    print(", ".join(paths))
    return 0
