"""The page's pictures: inline SVG, each with a title, a description, and a table of the same numbers on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.boards.board import board
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.report import plots
from glevel_fast.report.figure import inline_svg
from glevel_fast.text import clean, points_text

if TYPE_CHECKING:
    from glevel_fast.boards.board import Board
    from glevel_fast.core.scores import Scores

__all__ = ["Picture", "best_side_by_side", "ladders", "pictures"]

WIDE, NARROW = 11.0, 3.6


@dataclass(frozen=True)
class Picture:
    """An SVG element and what is said below it."""

    svg: str
    title: str
    caption: str


def ladders(scores: Scores, combined: Board) -> list[str]:
    """The level ladder, for a wide and a narrow screen; none where no model has a level."""
    if not (combined.model_level > 0).any():
        return []
    about = "Each model is a dot on the highest rung that it reaches, at its score there; the leaderboard lists them."
    return [
        inline_svg(plots.ladder(scores, width=width), name, "The level ladder", about, _tips(combined, combined))
        for name, width in (("ladder-wide", WIDE), ("ladder-narrow", NARROW))
    ]


def pictures(scores: Scores, combined: Board) -> list[Picture]:
    """Synergy map and coverage, where there is something to draw."""
    found = []
    if (scores.supported > 0).any():
        found.append(
            Picture(
                inline_svg(
                    plots.synergy_map(scores), "synergy", "Synergy map",
                    "Models by groups of tasks: points minus the specialist's, and how many tasks are won.",
                ),
                "Where generalists beat specialists",
                "Blue: above the specialists in the mean over the tasks that the model supports; red: below. The "
                "number is how many tasks it wins; hatched is not supported.",
            )
        )  # fmt: skip
    if scores.modalities and (scores.overall[:, 0] > 0).any():
        second = board(scores, "A", 2)
        found.append(
            Picture(
                inline_svg(
                    plots.coverage(scores), "coverage", "Coverage against the mean on supported tasks",
                    "Each model is a dot; the leaderboard has both numbers. Along a curve Level-2 is the same.",
                    _tips(second, combined),
                ),
                "Wide or good: coverage against the mean on supported tasks",
                "Level-2 is coverage times the mean on supported tasks: along a curve it is the same. Point at a dot "
                "for its name.",
            )
        )  # fmt: skip
    return found


def best_side_by_side(scores: Scores, combined: Board) -> str:
    """The best four models, modality by modality; nothing where there is none."""
    if not scores.modalities or not len(combined):
        return ""
    about = "The four best models of the combined board: Level-2 and Level-3 of each modality."
    panels = plots.side_by_side(scores, combined.models[:4])
    return inline_svg(panels[0], "sidebyside", "Side by side", about)


def _tips(drawn: Board, combined: Board) -> dict[str, list[str]]:
    """What the dots of a plot say: those of each level in the order in which they are drawn."""
    tips: dict[str, list[str]] = {}
    by_score = drawn.level is None
    for k in (0, *LEVELS):
        on: list[Any] = [
            i for i, (level, rank) in enumerate(zip(drawn.model_level.tolist(), drawn.rank.tolist(), strict=True))
            if level == k and rank
        ]  # fmt: skip
        if by_score:
            on.sort(key=lambda i: drawn.score[i])
        if on and (k or not by_score):
            tips[f"dots{k}"] = [
                f"{clean(drawn.models[i])}: {points_text(drawn.score[i], bool(drawn.lower_bound[i]))}" for i in on
            ]
    return tips
