"""`glevel ablate`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from glevel_fast.cli import inputs, options
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.progress import Progress

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.uncertainty.specialists import SpecialistSets


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ablate = commands.add_parser(
        "ablate",
        help="score every model under many other specialist sets",
        description="Score every model under many specialist sets, and show how far scores, levels and ranks move; "
        "without RESULTS, the paper's published ones. Ctrl-C keeps what is done so far.",
    )
    inputs.add_inputs(ablate, policy=False)
    options.add_threads(ablate)
    options.add_cluster(ablate)
    kinds = ablate.add_argument_group("specialist sets").add_mutually_exclusive_group()
    kinds.add_argument(
        "--perturb", type=float, metavar="PERCENT", help="move every σ by up to ±PERCENT (the default: 5)"
    )
    kinds.add_argument("--leave-one-out", action="store_true", help="each task without its specialist")
    kinds.add_argument(
        "--replace", nargs="+", metavar=("TASK", "SIGMA"), help="each of these σ for the specialist of one task"
    )
    kinds.add_argument("--candidates", metavar="FILE", help="a table with columns task, sota: several rows per task")
    kinds.add_argument("--sets", metavar="FILE", help="a table of σ: one column per task, one row per set")
    kinds.add_argument("--drop", choices=["tasks", "skills", "modalities"], help="each of them with weight 0")
    kinds.add_argument("--strict", action="store_true", help="a tie with the specialist is no win")
    ablate.add_argument("-n", type=options.positive, metavar="N", help="how many sets to draw (--perturb: 1000)")
    ablate.add_argument("--seed", type=options.whole, default=0, metavar="N", help="of what is drawn (default 0)")
    ablate.add_argument(
        "--level",
        type=int,
        choices=[2, 3, 4, 5],
        default=3,
        help="the board to show (default 3: specialists cannot move Level-2)",
    )
    ablate.add_argument("--confidence", type=options.confidence, default=0.95, help="of intervals (default 95)")
    ablate.add_argument("--no-ranks", action="store_true", help="count no ranks: takes less memory")
    options.add_outputs(ablate)
    options.add_top(ablate, "models, in the table and the plot")
    ablate.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    to_stdout = options.check_outputs(arguments)
    if arguments.plot and arguments.no_ranks:
        arguments.parser.error("--plot shows ranks: leave --no-ranks out")
    if arguments.replace and len(arguments.replace) < 2:
        arguments.parser.error("--replace needs a task and at least one σ")
    given = (arguments.leave_one_out, arguments.replace, arguments.sets, arguments.drop, arguments.strict)
    if arguments.n and any(given):
        arguments.parser.error("-n goes with --perturb and --candidates: nothing else is drawn")
    scorer, results = inputs.read_scorer(arguments)
    sets = _sets(arguments, scorer.benchmark)
    with Progress("scoring") as progress, options.executor(arguments) as executor:
        ablation = scorer.ablate(
            results, sets, threads=arguments.threads, progress=progress.update, executor=executor,
            ranks=not arguments.no_ranks,
        )  # fmt: skip
    options.write_outputs(
        arguments, lambda: ablation.to_dict(arguments.confidence), lambda: ablation.columns(arguments.confidence)
    )
    if arguments.plot:
        from glevel_fast.report.figure import save

        save(
            ablation.plot.ranks(level=arguments.level, confidence=arguments.confidence, top=arguments.top),
            arguments.plot,
        )
    if not to_stdout:
        from glevel_fast.cli import terminal_sets

        terminal_sets.print_ablation(ablation, arguments.level, arguments.confidence, arguments.top)
    show_notes(ablation.notes)
    if not ablation.complete:
        print(f"glevel: interrupted: {ablation.done} of {sets.n} sets are done and in the output", file=sys.stderr)
        return 130
    return 0


def _sets(arguments: argparse.Namespace, benchmark: Benchmark) -> SpecialistSets:
    import glevel_fast as gl

    make = gl.SpecialistSets
    if arguments.leave_one_out:
        return make.leave_one_out(benchmark)
    if arguments.replace:
        return make.replaced(benchmark, arguments.replace[0], [_number(text) for text in arguments.replace[1:]])
    if arguments.candidates:
        from glevel_fast.loading.sets import read_candidates

        table = read_candidates(arguments.candidates)
        return make.candidates(benchmark, table, arguments.n, arguments.seed, keep_others=True)
    if arguments.sets:
        from glevel_fast.loading.sets import read_matrix

        return make.from_matrix(benchmark, read_matrix(arguments.sets, benchmark))
    if arguments.drop:
        column = {"tasks": benchmark.tasks, "skills": benchmark.skill, "modalities": benchmark.modality}[arguments.drop]
        return make.dropped_each(benchmark, **{arguments.drop: list(dict.fromkeys(filter(None, column)))})
    if arguments.strict:
        return make.strict_wins(benchmark)
    percent = 5.0 if arguments.perturb is None else arguments.perturb
    return make.perturbed(benchmark, arguments.n or 1000, percent / 100.0, arguments.seed)


def _number(text: str) -> float:
    from glevel_fast.errors import GLevelError
    from glevel_fast.io.cells import as_number

    value = as_number(text)
    if value is None:
        raise GLevelError(f"σ {text!r} is not a number (or '-' for no specialist)")
    return value
