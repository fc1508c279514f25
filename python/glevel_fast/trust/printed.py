"""Boards and counts as they are printed: rounded figures, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from glevel_fast.io.markup import TextTable

__all__ = [
    "DIGITS",
    "FULL",
    "SLACK",
    "Corrected",
    "Row",
    "Support",
    "corrected",
    "corrected_sheet",
    "count_digits",
    "half_unit",
    "usual_digits",
]

DIGITS = 2
"""Decimals of a score, as the paper prints it; those of a percentage are `PERCENT_DIGITS`."""

PERCENT_DIGITS = 1

FULL = 10
"""From so many decimals on a figure is in full precision, and not rounded for print."""

SLACK = 1e-9
"""Of sums and differences of doubles that hold decimal figures."""


@dataclass(frozen=True)
class Row:
    """A row of a printed board of Level-`level`; `parts` holds the modalities' scores by name.

    `printed_name` is what stands there, `model` the name under which tables meet; `digits` are the decimals of each
    column ("overall" and the modalities'), two where it does not say.
    """

    table: str
    level: int
    model: str
    printed_name: str
    paradigm: str
    parts: dict[str, float]
    overall: float
    rank: int | None
    digits: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        return sum(self.parts.values()) / len(self.parts) if self.parts else 0.0

    def half_unit(self, name: str) -> float:
        """How far the figure of a column ("overall" or a modality) may be from what it was rounded from."""
        return half_unit(self.digits.get(name, DIGITS))

    @property
    def rounding(self) -> float:
        """How far the overall score may be from the mean of the modalities, all of them rounded."""
        parts = sum(map(self.half_unit, self.parts)) / max(len(self.parts), 1)
        return self.half_unit("overall") + parts + SLACK

    @property
    def in_full(self) -> bool:
        """Whether no figure is rounded."""
        return all(self.digits.get(name, DIGITS) >= FULL for name in ("overall", *self.parts))


@dataclass(frozen=True)
class Support:
    """A model's counts in one group, as printed; `n_tasks` is the group's size (None: not known), `digits` the decimals
    of the columns level2 to level4 (two), supported_pct and wins_pct (one)."""

    table: str
    group: tuple[str, str]
    model: str
    printed_name: str
    supported: int
    supported_pct: float | None
    wins: int
    wins_pct: float | None
    levels: dict[int, float]
    n_tasks: int | None
    digits: Mapping[str, int] = field(default_factory=dict)

    def percent_unit(self, what: str) -> float:
        """Half a unit of the percentage "supported" or "wins"."""
        return half_unit(self.digits.get(f"{what}_pct", PERCENT_DIGITS)) + SLACK


@dataclass(frozen=True)
class Corrected:
    """A printed row beside what follows from its modalities; a rank of None is no rank."""

    row: Row
    overall: float
    rank: int | None

    @property
    def move(self) -> int:
        """Ranks gained (above 0) or lost; 0 where either has no rank."""
        return self.row.rank - self.rank if self.row.rank and self.rank else 0


def corrected(rows: Sequence[Row]) -> tuple[Corrected, ...]:
    """The board of one level with each overall that is not the mean of its modalities replaced by that
    mean, in its order. Figures that fit are kept as printed, and so is the order of equal ones, since they
    may differ in digits that are not printed; where all scores are the same, they share the smaller rank.

    Parameters
    ----------
    rows : sequence of Row
        Of one board.

    Returns
    -------
    tuple of Corrected
        In the corrected order.
    """
    overall = [row.overall if abs(row.overall - row.mean) <= row.rounding else row.mean for row in rows]

    order = sorted(range(len(rows)), key=lambda i: (-overall[i], rows[i].rank or len(rows), i))
    ranks: dict[int, int | None] = {}
    for place, i in enumerate(order, start=1):
        before = order[place - 2] if place > 1 else i
        tied = before != i and overall[before] == overall[i] and rows[before].parts == rows[i].parts
        ranks[i] = (ranks[before] if tied else place) if overall[i] > 0 else None
    return tuple(Corrected(rows[i], overall[i], ranks[i]) for i in order)


def corrected_sheet(rows: Sequence[Row], moved_only: bool = False) -> TextTable:
    """The corrected board beside the printed one, with each move.

    Parameters
    ----------
    rows : sequence of Row
        Of one board.
    moved_only : bool
        Leave out rows that keep score and rank.

    Returns
    -------
    TextTable
    """
    table = corrected(rows)
    kept = [c for c in table if not moved_only or c.move or abs(c.overall - c.row.overall) > c.row.rounding]
    body = [
        [
            str(c.rank or "-"),
            c.row.printed_name,
            f"{c.overall:.2f}",
            str(c.row.rank or "-"),
            f"{c.row.overall:.2f}",
            f"{c.move:+d}" if c.move else "",
        ]
        for c in kept
    ]
    still = len(table) - len(kept)
    notes = [f"{still} rows keep score and rank."] if still else []
    title = f"{rows[0].table}, Level-{rows[0].level}: corrected beside printed" if rows else "no rows"
    return TextTable(
        title, ["Rank", "Model", "Overall", "Printed rank", "Printed overall", "Move"], "rlrrrr", body, tuple(notes)
    )


def count_digits(figure: object) -> int:
    """Decimals of a figure as it is written; of a number, those of its shortest form."""
    text = figure.strip() if isinstance(figure, str) else repr(figure)
    mantissa, _, exponent = text.casefold().partition("e")
    decimals = len(mantissa.partition(".")[2]) if not mantissa.endswith(".0") or isinstance(figure, str) else 0
    return max(decimals - int(exponent or 0), 0)


def usual_digits(decimals: Sequence[int]) -> int:
    """The decimals that nine in ten figures do not exceed; `DIGITS` where there are none."""
    if not decimals:
        return DIGITS
    return sorted(decimals)[max(math.ceil(0.9 * len(decimals)) - 1, 0)]


def half_unit(digits: int) -> float:
    """Half a unit of the last decimal; 0 of a figure in full precision."""
    return 0.5 * 10.0**-digits if digits < FULL else 0.0
