"""`glevel score`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from glevel_fast.commands._common import Progress, positive

if TYPE_CHECKING:
    from glevel_fast.scoring import Scores


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    score = commands.add_parser(
        "score",
        help="score results, or without RESULTS the paper's published ones",
        description="Score results against a benchmark; without RESULTS, re-score the paper's published results "
        "(Tables 6-11) and show the printed figures beside.",
    )
    score.add_argument("results", nargs="*", metavar="RESULTS", help=".xlsx (released layout), .csv, .parquet or .json")
    score.add_argument(
        "-b", "--benchmark", metavar="FILE", help="tasks with metrics and specialists: sota_result.xlsx, ..."
    )
    score.add_argument(
        "--policy",
        choices=["paper", "release"],
        default="paper",
        help="'release' reproduces the released scorer, quirks included",
    )
    score.add_argument("--zero", choices=["missing", "score"], default="missing", help="what an exact 0 means")
    score.add_argument(
        "--invalid",
        choices=["error", "missing"],
        default="error",
        help="what to do with a value outside its metric's domain, or text",
    )
    score.add_argument(
        "--fractions",
        choices=["error", "scale", "keep"],
        default="error",
        help="what to do with a model whose percentages are all at most 1",
    )
    score.add_argument("--partial", action="store_true", help="accept workbooks that lack tasks or sheets")
    score.add_argument("--threads", type=positive, metavar="N", help="default: all cores")
    for kind in ("json", "csv", "parquet"):
        stdout = " ('-': standard output, and no table)" if kind != "parquet" else ""
        score.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind.upper()}{stdout}")
    score.set_defaults(run=run, parser=score)


def run(arguments: argparse.Namespace) -> int:
    if bool(arguments.results) != bool(arguments.benchmark):
        missing = "--benchmark FILE" if arguments.results else "RESULTS"
        arguments.parser.error(f"{missing} is missing (without both, the paper's published results are scored)")
    to_stdout = [kind for kind in ("json", "csv") if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.parquet == "-":
        arguments.parser.error("--parquet needs a file")

    import glevel_fast as gl

    if arguments.results:
        benchmark = gl.load_benchmark(arguments.benchmark)
        release = arguments.policy == "release"
        with Progress("reading") as progress:
            results = gl.load_results(
                arguments.results,
                benchmark,
                partial=arguments.partial,
                # The released scorer reads an unreadable cell as ∞, that is as missing.
                invalid="missing" if release else arguments.invalid,
                progress=progress.update,
            )
    else:
        benchmark, results = gl.published.benchmark(), gl.published.results()
    scorer = gl.Scorer(
        benchmark, arguments.policy, zero=arguments.zero, invalid=arguments.invalid, fractions=arguments.fractions
    )
    scores = scorer.score(results, threads=arguments.threads)
    _write(scores, arguments)
    if not to_stdout:
        from glevel_fast import terminal

        if arguments.results:
            terminal.print_scores(scores)
        else:
            terminal.print_published(scores)
    for note in scores.notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def _write(scores: Scores, arguments: argparse.Namespace) -> None:
    from glevel_fast.io import write

    if arguments.json:
        write.json(scores.to_dict(), arguments.json)
    if arguments.csv:
        write.csv(scores.columns(), arguments.csv)
    if arguments.parquet:
        write.parquet(scores.columns(), arguments.parquet)
