"""`glevel submit`: a participant's archive, built and checked before it is sent."""

from __future__ import annotations

import argparse

from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.registries import add_leaderboards


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    submit = commands.add_parser(
        "submit",
        help="build and check the archive of a submission",
        description="Build [Model Name]-[Leaderboard ID].zip from predictions and metadata, and check it as the "
        "leaderboard does. Nothing is sent. Of each record only id and prediction go in.",
    )
    submit.add_argument("predictions", metavar="PREDICTIONS", help="a folder or .zip, as `glevel evaluate` reads it")
    submit.add_argument("--model", required=True, metavar="NAME", help="as on the board, and in metadata.json")
    submit.add_argument(
        "--board", required=True, metavar="ID", help="A, A.quick, B.image+video, C.image.generation, D.<skill>"
    )
    submit.add_argument(
        "--metadata", required=True, metavar="FILE", help="JSON: model, parameters, description, email, [report, date]"
    )
    submit.add_argument("-o", "--output", default=".", metavar="FOLDER", help="for the archive (default: here)")
    submit.add_argument("-b", "--benchmark", metavar="FILE", help="default: the paper's")
    submit.add_argument("--tasks", metavar="FILE", help="tasks.csv: check that predictions are where it says")
    submit.add_argument(
        "--inputs", metavar="DIR", help="the closed set's inputs: only what they ask for goes in (with --tasks)"
    )
    add_leaderboards(submit)
    submit.set_defaults(run=run, parser=submit)


def run(arguments: argparse.Namespace) -> int:
    if arguments.inputs and not arguments.tasks:
        arguments.parser.error("--inputs needs --tasks, which says where a task's ids are")

    from dataclasses import asdict

    import glevel_fast as gl
    from glevel_fast.registry.ids import find_leaderboard, known_leaderboards, read_leaderboards
    from glevel_fast.registry.submission import build

    bench = gl.load_benchmark(arguments.benchmark) if arguments.benchmark else gl.published.benchmark()
    boards = known_leaderboards(bench, read_leaderboards(arguments.boards) if arguments.boards else None)
    rows = None
    if arguments.tasks:
        from glevel_fast.evaluation.table import load_tasks

        rows = [asdict(row) for row in load_tasks(arguments.tasks, bench)[0]]
    built = build(
        arguments.predictions,
        model=arguments.model,
        leaderboard=find_leaderboard(arguments.board, boards),
        metadata=arguments.metadata,
        output=arguments.output,
        leaderboards=boards,
        benchmark=bench,
        rows=rows,
        inputs=arguments.inputs,
    )
    print(f"{built.path}: {built.files} files of predictions, {built.media} media; ready to send")
    show_notes(built.notes)
    return 0
