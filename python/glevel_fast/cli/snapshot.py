"""`glevel snapshot`, `glevel verify` and `glevel diff`."""

from __future__ import annotations

import argparse
import sys

from glevel_fast.cli.inputs import add_inputs, score_inputs
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import add_plot, check_plot


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    take = commands.add_parser(
        "snapshot",
        help="scores with all that they were made from, in one file",
        description="Write scores with benchmark, results, policy and a hash of each, for `glevel verify` and "
        "`glevel diff`; without RESULTS, of the paper's published results.",
    )
    add_inputs(take)
    take.add_argument("-o", "--output", required=True, metavar="FILE", help="the snapshot, JSON")
    take.add_argument("--date", default="", metavar="YYYY-MM-DD", help="date of the results")
    take.set_defaults(run=_take)

    verify = commands.add_parser(
        "verify",
        help="recompute a snapshot, bit for bit",
        description="Recompute a snapshot's scores and hashes; the exit status is 1 where any bit differs.",
    )
    verify.add_argument("snapshot", metavar="SNAPSHOT")
    verify.set_defaults(run=_verify)

    diff = commands.add_parser(
        "diff",
        help="what moved the ranks between two snapshots",
        description="Each model's rank on two snapshots, and how much of its move is due to tasks, specialists (sota), "
        "policy, data, and models that came or went.",
    )
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--level", type=int, choices=[2, 3, 4, 5], help="default: the combined board")
    diff.add_argument("--scope", default="A", metavar="SCOPE", help="A, B:image, C:image/generation, D:<skill>")
    diff.add_argument("--all", action="store_true", help="also models that keep score and rank")
    diff.add_argument("--json", metavar="FILE", help="write JSON ('-': standard output, and no table)")
    add_plot(diff, "the ranks on both boards")
    diff.set_defaults(run=_diff, parser=diff)


def _take(arguments: argparse.Namespace) -> int:

    from glevel_fast.io import write
    from glevel_fast.trust import snapshot

    scores = score_inputs(arguments)
    write.json(snapshot.take(scores, date=arguments.date), arguments.output)
    if arguments.output != "-":
        print(f"{arguments.output}: {len(scores)} models, {scores.benchmark.n_tasks} tasks, policy {scores.policy}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from glevel_fast.trust import snapshot

    verdict = snapshot.verify(snapshot.load(arguments.snapshot))
    show_notes(verdict.notes)
    if verdict.same:
        print(f"{arguments.snapshot}: {verdict.models} models on {verdict.tasks} tasks, every bit the same")
        return 0
    for difference in verdict.differences[:10]:
        print(f"{arguments.snapshot}: {difference}", file=sys.stderr)
    if len(verdict.differences) > 10:
        print(f"and {len(verdict.differences) - 10} more", file=sys.stderr)
    return 1


def _diff(arguments: argparse.Namespace) -> int:
    check_plot(arguments)
    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.trust import snapshot

    differences = snapshot.diff(
        snapshot.load(arguments.old), snapshot.load(arguments.new), arguments.level, arguments.scope
    )
    if arguments.json:
        write.json([d.to_dict() for d in differences], arguments.json)
    if arguments.plot:
        from glevel_fast.report.figure import save
        from glevel_fast.report.rank_plots import bump

        save(bump(differences), arguments.plot)
    if arguments.json != "-":
        sheet = snapshot.diff_sheet(differences, moved_only=not arguments.all)
        terminal.print_sheet(sheet, keep=("Rank", "Model", "Score", "Move", "Because of"))
    return 0
