"""`glevel board`."""

from __future__ import annotations

import argparse
import os
import re
from itertools import count
from typing import TYPE_CHECKING

from glevel_fast.cli.inputs import add_inputs, score_inputs
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import add_top

if TYPE_CHECKING:
    from glevel_fast.api import Scores
    from glevel_fast.boards.formats import Formats

FORMATS = ("markdown", "latex", "csv", "json", "html")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    board = commands.add_parser(
        "board",
        help="a leaderboard of Scope-A to Scope-D",
        description="Print a leaderboard; without RESULTS, of the paper's published results as recomputed.",
    )
    add_inputs(board)
    board.add_argument(
        "--scope",
        default="A",
        metavar="SCOPE",
        help="A, A.quick (with --tasks), B:image, B:image+video, C:image/comprehension or D:<skill> (default: A)",
    )
    board.add_argument(
        "--level", type=int, choices=[1, 2, 3, 4, 5], help="1: the specialists (default: combined, by level)"
    )
    board.add_argument("--tasks", metavar="FILE", help="a declared subset: a table with a column 'task'")
    board.add_argument("--date", default="", metavar="YYYY-MM-DD", help="date of the results")
    board.add_argument("--all", action="store_true", help="the boards of all scopes as .csv and .md into the folder -o")
    board.add_argument("-o", "--output", metavar="FOLDER", help="for --all")
    board.add_argument("--scopes", action="store_true", help="list the scopes of the benchmark")
    for kind in FORMATS:
        board.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind} ('-': standard output, and no table)")
    add_top(board, "rows, in the table shown and in markdown, latex and html")
    board.add_argument(
        "--columns",
        metavar="TITLES",
        help="of tables, by title: Rank,Model,Score (default: all; latex: those that fit one column)",
    )
    board.add_argument("--bold", action="store_true", help="latex: the largest number of each column is bold")
    board.add_argument("--label", default="", metavar="KEY", help="latex: for \\ref")
    board.add_argument("--caption", default="", metavar="TEXT", help="latex: in place of the title")
    board.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    to_stdout = [kind for kind in FORMATS if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.all != bool(arguments.output):
        arguments.parser.error("--all and -o FOLDER go together")
    if arguments.all and (arguments.tasks or arguments.level == 1 or any(getattr(arguments, kind) for kind in FORMATS)):
        arguments.parser.error("--all writes .csv and .md of each scope: without --tasks, --level 1 and other outputs")

    import glevel_fast as gl
    from glevel_fast.boards.scopes import all_scopes
    from glevel_fast.boards.specialists import specialist_board
    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.text import clean

    scores = score_inputs(arguments)
    if arguments.scopes:
        for scope in all_scopes(scores.benchmark):
            print(clean(str(scope), 200))
        return 0
    if arguments.all:
        return _all(scores, arguments)
    tasks = None
    if arguments.tasks:
        from glevel_fast.loading.sets import read_column

        tasks = list(read_column(arguments.tasks, "task", "task"))
    board: Formats
    keep: tuple[str, ...]
    if arguments.level == 1:
        if tasks is not None or arguments.date:
            arguments.parser.error("--level 1 lists the benchmark's own tasks: without --tasks and --date")
        board = specialist_board(scores, arguments.scope)
        keep = ("Task", "σ", "Best", "Wins")
    else:
        board = gl.board(scores, arguments.scope, arguments.level, tasks=tasks, date=arguments.date)
        keep = ("Rank", "Model", "Level", "Score", "Coverage %")
    columns = [title.strip() for title in arguments.columns.split(",")] if arguments.columns else None
    for kind, path in ((kind, getattr(arguments, kind)) for kind in FORMATS if getattr(arguments, kind)):
        if kind == "latex":
            content = board.to_latex(
                columns, arguments.top, bold=arguments.bold, label=arguments.label, caption=arguments.caption
            )
        elif kind in ("markdown", "html"):
            content = getattr(board, f"to_{kind}")(columns, arguments.top)
        else:
            content = getattr(board, f"to_{kind}")()
        write.text(path, content)
    if not to_stdout:
        sheet = board.sheet().part(columns)
        terminal.print_sheet(sheet, keep=tuple(columns or keep), most=arguments.top)
    show_notes(scores.notes)
    return 0


def _all(scores: Scores, arguments: argparse.Namespace) -> int:
    """The board of every scope that has the level asked for, each in files named after it."""
    import glevel_fast as gl
    from glevel_fast.boards.scopes import all_scopes
    from glevel_fast.io import write

    folder = write.make_folder(arguments.output)
    taken: set[str] = set()
    for scope in all_scopes(scores.benchmark):
        if arguments.level and arguments.level not in scope.levels:
            continue
        board = gl.board(scores, scope, arguments.level, date=arguments.date)
        plain = re.sub(r"[^a-z0-9]+", "-", str(scope).lower()).strip("-")[:80] or "scope"
        name = next(name for i in count(1) if (name := plain if i == 1 else f"{plain}-{i}") not in taken)
        taken.add(name)
        for kind, content in (("csv", board.to_csv()), ("md", board.to_markdown(top=arguments.top))):
            write.text(os.path.join(folder, f"{name}.{kind}"), content)
    print(f"{arguments.output}: {len(taken)} boards, each as .csv and .md")
    show_notes(scores.notes)
    return 0
