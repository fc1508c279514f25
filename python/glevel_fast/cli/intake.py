"""`glevel intake` and `glevel rescore`: submissions into a registry, and all of them by new rules."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.registries import add_leaderboards, add_processes, add_registry

if TYPE_CHECKING:
    from glevel_fast.registry.intake import Taken


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    intake = commands.add_parser(
        "intake",
        help="check, admit, evaluate and rank submitted archives",
        description="Take archives named [Model Name]-[Leaderboard ID].zip into a registry. The exit status is 1 where "
        "one is not scored.",
    )
    intake.add_argument("archives", nargs="*", metavar="FILE.zip")
    add_registry(intake)
    intake.add_argument("--retry", action="store_true", help="evaluate again what failed for reasons of ours")
    intake.add_argument("--values", metavar="FILE", help="of tasks not computed here: task, value, [model] (FID, ...)")
    add_processes(intake)
    intake.set_defaults(run=_intake, parser=intake)

    rescore = commands.add_parser(
        "rescore",
        help="all submissions by another benchmark or other tasks: who moved, and why",
        description="Put a registry's board on another benchmark, table of tasks or annotations, all at once. Archives "
        "are evaluated again where values depend on the change.",
    )
    add_registry(rescore)
    rescore.add_argument("-b", "--benchmark", metavar="FILE")
    rescore.add_argument("--tasks", metavar="FILE")
    rescore.add_argument("--annotations", metavar="DIR", help="default: where they are, as they are now")
    add_leaderboards(rescore)
    add_processes(rescore)
    rescore.add_argument("--all", action="store_true", help="list also models that keep score and rank")
    rescore.add_argument("--json", metavar="FILE", help="write the moves ('-': standard output, and no tables)")
    rescore.set_defaults(run=_rescore)


def _intake(arguments: argparse.Namespace) -> int:
    if not arguments.archives and not arguments.retry:
        arguments.parser.error("FILE.zip is missing (or --retry)")

    from glevel_fast.cli.progress import Progress
    from glevel_fast.evaluation.processes import cores
    from glevel_fast.registry.intake import Intake
    from glevel_fast.registry.store import Store

    scored = True
    with Store(arguments.registry, write=True) as store, Progress("evaluating") as progress:
        taker = Intake(
            store,
            values=arguments.values,
            processes=arguments.processes or cores(),
            progress=progress.update,
        )
        for taken in taker.retry() if arguments.retry else ():
            scored &= _say(taken)
        for taken in taker.take(arguments.archives):
            scored &= _say(taken)
    return 0 if scored else 1


def _say(taken: Taken) -> bool:
    name = taken.file
    number = f"number {taken.submission}, " if taken.submission else ""
    if taken.state != "scored":
        state = "not admitted" if taken.submission is None else taken.state
        print(f"{name}: {number}{state}: {taken.why.removeprefix(f'{name}: ')}", file=sys.stderr)
        return False
    place, ranking = taken.place, taken.ranking
    assert place is not None
    assert ranking is not None
    mine = next(past for past in place.history if past.submission.id == taken.submission)
    level = f"Level-{mine.level}" if mine.level else "no level"
    best = place.submission.id == taken.submission
    rank = (
        f"rank {place.rank or '-'} of {len(ranking.places)}" if best else f"number {place.submission.id} stays its best"
    )
    print(f"{name}: {number}{ranking.leaderboard.id}: {level}, {mine.total:.2f} points, {rank}")
    show_notes(taken.notes)
    return True


def _rescore(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.cli import terminal
    from glevel_fast.cli.progress import Progress
    from glevel_fast.evaluation.processes import cores
    from glevel_fast.io import write
    from glevel_fast.registry.ids import read_leaderboards
    from glevel_fast.registry.rescore import rescore
    from glevel_fast.registry.store import Store
    from glevel_fast.trust.snapshot import diff_sheet

    bench = gl.load_benchmark(arguments.benchmark) if arguments.benchmark else None
    with Store(arguments.registry, write=True) as store, Progress("evaluating") as progress:
        done = rescore(
            store,
            benchmark=bench,
            tasks=arguments.tasks,
            annotations=arguments.annotations,
            leaderboards=read_leaderboards(arguments.boards) if arguments.boards else None,
            processes=arguments.processes or cores(),
            progress=progress.update,
        )
    if arguments.json:
        boards = {name: [d.to_dict() for d in differences] for name, differences in done.boards.items()}
        write.json({"boards": boards, "left_out": done.left}, arguments.json)
    if arguments.json != "-":
        print(f"{done.evaluated} submissions evaluated again, {done.kept_values} kept their values")
        for name, differences in done.boards.items():
            print(f"\n{name}")
            sheet = diff_sheet(differences, moved_only=not arguments.all)
            terminal.print_sheet(sheet, keep=("Rank", "Model", "Score", "Move", "Because of"))
    show_notes(done.notes)
    for number, why in done.left.items():
        print(f"number {number} is off the board, it cannot be evaluated: {why}", file=sys.stderr)
    return 1 if done.left else 0
