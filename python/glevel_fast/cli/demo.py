"""`glevel demo`: what the paper's board says, in a screenful."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glevel_fast.api import Scores

BEST = 5


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="the paper's board in a screenful: levels, the best of each, and how far it reproduces",
        description="Re-score the paper's published results and show the ladder of levels, the best models of each, "
        "and how many of the printed figures are reproduced.",
    )
    demo.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.cli import terminal
    from glevel_fast.cli.notes import show_notes

    scores = gl.Scorer(gl.published.benchmark()).score(gl.published.results())
    width = min(terminal.terminal_width(), 100)
    print(f"General-Level: {len(scores)} models re-scored on the {scores.benchmark.n_tasks} tasks of General-Bench\n")
    for line in ladder(scores, width):
        print(line)
    found = gl.published.summary(gl.published.compare(scores))
    agree, printed = found.reproduced, found.recomputable
    told = (
        f"Reproduced: {agree:,} of {printed:,} figures that the paper prints ({100 * agree / printed:.1f} %) agree "
        "within rounding with what its own results give. `glevel score` shows every model, and what does not agree."
    )
    print("\n" + textwrap.fill(told, width))
    show_notes(scores.notes)
    return 0


def ladder(scores: Scores, width: int) -> list[str]:
    """The levels from the top: how many models stand on each, and the best of them with their scores there."""
    from glevel_fast.boards.board import board
    from glevel_fast.core.benchmark import LEVELS
    from glevel_fast.text import clean, points_text

    whole = board(scores)
    reached = whole.model_level.tolist()
    most = max(1, max(reached.count(k) for k in LEVELS))
    lines = []
    for k in reversed(LEVELS):
        on = [i for i, level in enumerate(reached) if level == k]
        length = -(-20 * len(on) // most)  # a single model is seen too
        lines.append(f"Level-{k}  {'#' * length:20}  {len(on):>3} {'model' if len(on) == 1 else 'models'}")
        names = [f"{clean(whole.models[i], 40)} {points_text(whole.score[i], bool(whole.lower_bound[i]))}" for i in on]
        if names:
            more = ", ..." if len(names) > BEST else ""
            text = ", ".join(names[:BEST]) + more
            lines += textwrap.wrap(
                text, width, initial_indent=" " * 9, subsequent_indent=" " * 9, break_on_hyphens=False
            )
    return lines
