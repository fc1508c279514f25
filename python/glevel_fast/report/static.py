"""What stands on the page without its script: a receipt of each model, the specialists, and what moved.

Everything is text of finished tables, with the digits of the command line; a receipt's waterfall is a window onto its
row of the picture that holds them all, so that it costs a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.boards.specialists import specialist_board
from glevel_fast.report import plots, rank_plots
from glevel_fast.report.figure import inline_svg
from glevel_fast.text import clean, points_text
from glevel_fast.trust import snapshot
from glevel_fast.trust.receipts import Receipt, receipt

if TYPE_CHECKING:
    from glevel_fast.boards.board import Board
    from glevel_fast.core.scores import Scores
    from glevel_fast.io.markup import TextTable

__all__ = ["Cells", "OneReceipt", "moved", "receipts", "specialists"]

SHOWN = 10
"""Tasks of a receipt that are listed one by one; the script lists all, and so does `glevel explain`."""
NAME = "made"


@dataclass(frozen=True)
class Cells:
    """A table for the template: `names` is the column that names the row."""

    header: list[tuple[str, bool]]
    rows: list[list[str]]
    notes: list[str]
    names: int = 0

    @classmethod
    def of(cls, sheet: TextTable, columns: Sequence[str] | None = None, names: int = 0) -> Cells:
        """Some columns of a table, cleaned."""
        part = sheet.part(columns)
        header = [(name, align == "l") for name, align in zip(part.header, part.align, strict=True)]
        rows = [[clean(cell) for cell in row] for row in part.rows]
        return cls(header, rows, [clean(note, 400) for note in part.notes], names)


@dataclass(frozen=True)
class OneReceipt:
    """A model's score at the level that it reaches, as a sum."""

    model: str
    score: str
    window: str
    bar: str
    tasks: Cells
    lacking: Cells


def receipts(scores: Scores, combined: Board) -> tuple[str, list[OneReceipt]]:
    """The picture of all waterfalls, and the receipt of each model, in the order of the combined board."""
    found = [receipt(scores, model) for model in combined.models]
    drawn = [r for r in found if r.score > 0]
    bounds = {m for m, bound in zip(combined.models, combined.lower_bound.tolist(), strict=True) if bound}
    picture, windows = _waterfalls(drawn, bounds) if drawn else ("", [])
    window = {r.model: (place, box) for place, (r, box) in enumerate(zip(drawn, windows, strict=True))}
    return picture, [_one(r, r.model in bounds, *window.get(r.model, (0, ""))) for r in found]


def _waterfalls(drawn: Sequence[Receipt], bounds: set[str]) -> tuple[str, list[str]]:
    """The picture, and the part of it that each row takes up."""
    ax = plots.waterfalls(drawn, lower_bounds=bounds)
    about = "A line for each model: what every group of tasks adds to its score. The receipts have the numbers."
    picture = inline_svg(ax, NAME, "What each score is made of", about)
    width, height = (72.0 * size for size in ax.figure.get_size_inches())
    place = ax.get_position()
    top, row = (1 - place.y1) * height, place.height * height / (len(drawn) + 0.2)
    left, wide = place.x0 * width, place.width * width
    return picture, [f"{left:.1f} {top + row * (i + 0.2):.1f} {wide:.1f} {0.8 * row:.1f}" for i in range(len(drawn))]


def _one(r: Receipt, bound: bool, place: int, window: str) -> OneReceipt:
    columns = ("Task", "Group", "Raw", "Specialist's", "Points", "Win", "Contribution")
    return OneReceipt(
        clean(r.model),
        f"Level-{r.level}, {points_text(r.score, bound)}",
        window,
        f"{NAME}-row{place}",
        Cells.of(r.sheet(SHOWN), columns),
        Cells.of(r.lacking_sheet()),
    )


def specialists(scores: Scores) -> tuple[str, Cells] | None:
    """The board of Level-1, and its title; none where the policy has no such board."""
    if scores.policy != "paper":
        return None
    found = specialist_board(scores)
    columns = ("Task", "Specialist", "σ", "Points", "Best model", "Best", "Best points", "Margin", "Wins", "Supported")
    return clean(found.title, 400), Cells.of(found.sheet(), columns)


def moved(scores: Scores, since: Mapping[str, Any], date: str) -> tuple[str, str, Cells]:
    """The ranks of an earlier board and of this one: a title, the bump chart and the table behind it.

    Parameters
    ----------
    scores : Scores
    since : what `glevel_fast.snapshot.load` returns
    date : str
        Of the scores.
    """
    found = snapshot.diff(since, snapshot.take(scores, date=date))
    about = "Ranks on the combined board then, at the left, and now, at the right; the table below has the numbers."
    when = clean(str(since.get("date") or "")) or "the earlier board"
    picture = inline_svg(rank_plots.bump(found), "moved", f"What moved since {when}", about)
    return f"What moved since {when}", picture, Cells.of(snapshot.diff_sheet(found), names=1)
