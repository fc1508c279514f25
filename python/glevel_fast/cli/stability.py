"""`glevel stability`."""

from __future__ import annotations

import argparse
import sys

from glevel_fast.cli import inputs, options
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.progress import Progress


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    stability = commands.add_parser(
        "stability",
        help="how far scores and ranks can be trusted",
        description="Show how far scores and ranks hang on the choice of tasks: intervals and how far they cover, "
        "ranks singly and jointly, limits of the chances of levels, which models can be told apart, corrected for all "
        "pairs; without RESULTS, for the paper's published ones. It does not cover sample noise inside a task. Ctrl-C "
        "keeps what is done so far.",
    )
    inputs.add_inputs(stability, policy=False)
    options.add_threads(stability)
    options.add_cluster(stability)
    stability.add_argument("-n", type=options.positive, default=10_000, metavar="N", help="resamples (default 10000)")
    stability.add_argument("--unit", choices=["task", "skill", "modality"], default="task", help="what is resampled")
    stability.add_argument(
        "--sampling",
        choices=["tasks", "both"],
        default="tasks",
        help="'both' adds sample noise inside tasks, of values with stderr or n",
    )
    stability.add_argument("--seed", type=options.whole, default=0, metavar="N", help="default 0")
    stability.add_argument("--level", type=int, choices=[2, 3, 4, 5], default=2, help="the board to show (default 2)")
    stability.add_argument("--confidence", type=options.confidence, default=0.95, help="default 95")
    stability.add_argument("--no-ranks", action="store_true", help="count no ranks: takes less memory")
    options.add_outputs(stability)
    options.add_top(stability, "models, in the table and the plot")
    stability.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    to_stdout = options.check_outputs(arguments)
    if arguments.plot and arguments.no_ranks:
        arguments.parser.error("--plot shows ranks: leave --no-ranks out")
    scorer, results = inputs.read_scorer(arguments)
    from glevel_fast.uncertainty.bands import MOST_MODELS

    pairs = arguments.json and not arguments.no_ranks and len(results.models) <= MOST_MODELS
    compare = (2, 3, 4, 5) if pairs else ()
    with Progress("resampling") as progress, options.executor(arguments) as executor:
        boot = scorer.bootstrap(
            results, arguments.n, arguments.unit, arguments.seed, threads=arguments.threads, progress=progress.update,
            compare=compare, sampling=arguments.sampling, executor=executor, ranks=not arguments.no_ranks,
        )  # fmt: skip
    options.write_outputs(
        arguments, lambda: boot.to_dict(arguments.confidence), lambda: boot.columns(arguments.confidence)
    )
    if arguments.plot:
        from glevel_fast.report.figure import save

        save(boot.plot.ranks(level=arguments.level, confidence=arguments.confidence, top=arguments.top), arguments.plot)
    if not to_stdout:
        from glevel_fast.cli import terminal_sets

        terminal_sets.print_stability(boot, arguments.level, arguments.confidence, arguments.top)
    show_notes(boot.notes)
    if not boot.complete:
        print(f"glevel: interrupted: {boot.done} of {boot.n} resamples are done and in the output", file=sys.stderr)
        return 130
    return 0
