"""`glevel score`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from glevel_fast.cli.inputs import add_inputs, score_folder, score_inputs
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import add_cluster, add_plot, add_threads, add_top, check_plot, executor

if TYPE_CHECKING:
    from collections.abc import Callable

    from glevel_fast.api import Scores


MOST_NOTES = 20
"""Notes that are shown of many parts."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    score = commands.add_parser(
        "score",
        help="score results, or without RESULTS the paper's published ones",
        description="Score results against a benchmark; without RESULTS, re-score the paper's published results "
        "(Tables 6-11) and show the printed figures beside.",
    )
    add_inputs(score)
    add_threads(score)
    add_cluster(score)
    score.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        help="write the scores of folders of results there, a Parquet file for each part; what is there already is "
        "not made again, so that an interrupted run goes on",
    )
    for kind in ("json", "csv", "parquet"):
        stdout = " ('-': standard output, and no table)" if kind != "parquet" else ""
        score.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind.upper()}{stdout}")
    add_top(score, "models in the table")
    add_plot(score, "a picture of the scores")
    score.add_argument(
        "--picture",
        choices=["ladder", "synergy", "skills", "coverage"],
        default="ladder",
        help="which one --plot draws: models by level; points minus specialists by group, or by skill; coverage "
        "against the mean on supported tasks",
    )
    score.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    to_stdout = [kind for kind in ("json", "csv") if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.parquet == "-":
        arguments.parser.error("--parquet needs a file")
    check_plot(arguments)
    if arguments.output:
        return _to_folder(arguments)

    with executor(arguments) as workers:
        scores = score_inputs(arguments, workers)
    _write(scores, arguments)
    if not to_stdout:
        from glevel_fast.cli import terminal

        if not scores.benchmark.modalities:
            terminal.print_sheet(scores.board().sheet(), keep=("Rank", "Model", "S_L"), most=arguments.top)
        elif arguments.results:
            terminal.print_scores(scores, arguments.top)
        else:
            terminal.print_published(scores, arguments.top)
    show_notes(scores.notes)
    return 0


def _to_folder(arguments: argparse.Namespace) -> int:
    if asked := [kind for kind in ("json", "csv", "parquet", "plot") if getattr(arguments, kind)]:
        arguments.parser.error(f"--output writes Parquet files, part by part: leave --{asked[0]} out")
    with executor(arguments) as workers:
        scored = score_folder(arguments, workers)
    from glevel_fast.cli import terminal

    terminal.print_folder(scored, 10 if arguments.top is None else arguments.top)
    show_notes(scored.notes[:MOST_NOTES])
    if (more := len(scored.notes) - MOST_NOTES) > 0:
        show_notes([f"{more} more notes on single parts stand in their metadata, under glevel_fast.notes"])
    if not scored.complete:
        print(
            f"glevel: interrupted: {len(scored.parts)} of {scored.total} parts are done; the same command goes on",
            file=sys.stderr,
        )
        return 130
    return 0


def _write(scores: Scores, arguments: argparse.Namespace) -> None:
    from glevel_fast.io import write

    if arguments.json:
        write.json(scores.to_dict(), arguments.json)
    if arguments.csv:
        write.csv(scores.columns(), arguments.csv)
    if arguments.parquet:
        write.parquet(scores.columns(), arguments.parquet)
    if arguments.plot:
        from glevel_fast.report.figure import save

        plot = scores.plot
        draw: dict[str, Callable[[], Any]] = {"ladder": plot.ladder, "synergy": plot.synergy, "coverage": plot.coverage}
        ax = plot.synergy(by="skill") if arguments.picture == "skills" else draw[arguments.picture]()
        save(ax, arguments.plot)
