"""Results and benchmark on the command line: the options, and the scores they lead to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from glevel_fast.cli.options import Progress, add_results

if TYPE_CHECKING:
    from glevel_fast.api import Scores
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.results import Results


def add_inputs(parser: argparse.ArgumentParser, *, policy: bool = True) -> None:
    """RESULTS, --benchmark and how to read them."""
    add_results(parser)
    if policy:
        parser.add_argument(
            "--policy",
            choices=["paper", "release"],
            default="paper",
            help="'release' reproduces the released scorer, quirks included",
        )
    parser.set_defaults(parser=parser)


def check_inputs(arguments: argparse.Namespace) -> None:
    if bool(arguments.results) != bool(arguments.benchmark):
        missing = "--benchmark FILE" if arguments.results else "RESULTS"
        arguments.parser.error(f"{missing} is missing (without both, the paper's published results are used)")


def read_inputs(arguments: argparse.Namespace, policy: str = "paper") -> tuple[Benchmark, Results]:
    """The files named, or the paper's published results where none are."""
    import glevel_fast as gl

    if not arguments.results:
        return gl.published.benchmark(), gl.published.results()
    benchmark = gl.load_benchmark(arguments.benchmark)
    with Progress("reading") as progress:
        results = gl.load_results(
            arguments.results,
            benchmark,
            partial=arguments.partial,
            # The released scorer reads an unreadable cell as ∞, that is as missing.
            invalid="missing" if policy == "release" else arguments.invalid,
            progress=progress.update,
        )
    return benchmark, results


def score_inputs(arguments: argparse.Namespace) -> Scores:
    import glevel_fast as gl

    benchmark, results = read_inputs(arguments, arguments.policy)
    scorer = gl.Scorer(
        benchmark, arguments.policy, zero=arguments.zero, invalid=arguments.invalid, fractions=arguments.fractions
    )
    return scorer.score(results, threads=getattr(arguments, "threads", None))
