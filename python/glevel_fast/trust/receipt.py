"""A receipt: one model's score as a sum over tasks, and how it shows itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.errors import ResultsError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.markup import TextTable
from glevel_fast.io.write import records

if TYPE_CHECKING:
    from glevel_fast.boards.scopes import Scope

__all__ = ["Lacking", "Receipt", "compare"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lacking:
    """A supported task that the model does not win: `gap` points below the specialist; reaching its
    raw score `sota` would add `gain` points to the score."""

    task: str
    raw: float
    sota: float
    gap: float
    gain: float


@dataclass(frozen=True, eq=False, repr=False)
class Receipt(AsFrames):
    """A score as a sum over the tasks of its scope; entry i of every column belongs to `tasks[i]`.

    Attributes
    ----------
    model : str
    scope : Scope
    level : int
    score : float
        In points; what `Scores` and boards show.
    tasks, groups, metrics, specialists : tuple of str
        `groups` such as "image comprehension".
    raw, scale, points, sota, weight : float64 (n,)
        Raw value, its factor to the metric's unit, its mapped value (NaN: not supported), the
        specialist's raw value, and the weight in the group.
    supported, won : bool (n,)
    steps : int64 (n,)
        Whole steps that the task adds to its group's sum; at Level-3 and above 0 where it is not won.
    contribution : float64 (n,)
        In points of the score.
    rounding : float
        The score minus the sum of contributions.
    lacking : tuple of Lacking
        The nearest wins it lacks (smallest gap), the largest gain first.
    """

    model: str
    scope: Scope
    level: int
    score: float
    policy: str
    tasks: tuple[str, ...]
    groups: tuple[str, ...]
    metrics: tuple[str, ...]
    specialists: tuple[str, ...]
    raw: Array
    scale: Array
    points: Array
    sota: Array
    weight: Array
    supported: NDArray[np.bool_]
    won: NDArray[np.bool_]
    steps: NDArray[np.int64]
    contribution: Array
    rounding: float
    lacking: tuple[Lacking, ...]

    @property
    def by_group(self) -> dict[str, float]:
        """What each group contributes, in points of the score; they add up to it but for `rounding`."""
        parts: dict[str, list[float]] = {}
        for group, value in zip(self.groups, self.contribution.tolist(), strict=True):
            parts.setdefault(group, []).append(value)
        return {group: math.fsum(values) for group, values in parts.items()}

    def columns(self) -> dict[str, Any]:
        """One row per task of the scope, as plain data; NaN where a model or a specialist has no value.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return {
            "task": list(self.tasks),
            "group": list(self.groups),
            "metric": list(self.metrics),
            "specialist": list(self.specialists),
            **{name: getattr(self, name).tolist() for name in ("raw", "scale", "points", "sota", "weight")},
            **{name: getattr(self, name).tolist() for name in ("supported", "won", "steps", "contribution")},
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, all tasks of the scope; None where a model or a specialist has no value.

        Returns
        -------
        dict
            One entry per task under "tasks".
        """
        return {
            "model": self.model,
            "scope": str(self.scope),
            "level": self.level,
            "policy": self.policy,
            "score": _plain(self.score),
            "rounding": self.rounding,
            "groups": self.by_group,
            "tasks": records(self.columns()),
            "lacking": [{name: _plain(v) for name, v in vars(item).items()} for item in self.lacking],
        }

    def sheet(self, most: int | None = None) -> TextTable:
        """The supported tasks, the largest contribution first; `most` of them, and the rest as one line.

        Parameters
        ----------
        most : int, optional
            Tasks that are listed one by one; default: all.

        Returns
        -------
        TextTable
        """
        order = np.argsort(-self.contribution, kind="stable")
        order = order[self.supported[order]]
        top, rest = order[:most], order[most:] if most is not None else order[:0]
        rows = [
            [
                self.tasks[i],
                self.groups[i],
                self.metrics[i],
                _number(self.raw[i], self.sota[i]),
                f"{self.scale[i]:g}",
                _number(self.points[i]),
                _number(self.sota[i], self.raw[i]),
                self.specialists[i] or "-",
                "yes" if self.won[i] else "no",
                f"{self.weight[i]:g}",
                f"{self.contribution[i]:.4f}",
            ]
            for i in top.tolist()
        ]
        if rest.size:
            rows.append([f"{rest.size} more", *[""] * 9, f"{math.fsum(self.contribution[rest].tolist()):.4f}"])
        rows.append(["sum", *[""] * 9, f"{math.fsum(self.contribution.tolist()):.4f}"])
        header = [
            "Task",
            "Group",
            "Metric",
            "Raw",
            "Scale",
            "Points",
            "Specialist's",
            "Specialist",
            "Win",
            "Weight",
            "Contribution",
        ]
        parts = ", ".join(f"{group} {value:.4f}" for group, value in self.by_group.items() if value)
        notes = (
            f"{int(self.supported.sum())} of {len(self.tasks)} tasks supported, {int(self.won.sum())} won. "
            f"By group: {parts or 'nothing'}.",
            f"The sum differs from the score by {self.rounding:.1e} (rounding of the contributions); "
            + ("the steps behind them add up to it to the last bit." if self.policy == "paper" else "plain doubles."),
        )
        return TextTable(f"{self._title} = {self.score!r}", header, "lllrrrrllrr", rows, notes)

    def lacking_sheet(self) -> TextTable:
        """The nearest wins it lacks.

        Returns
        -------
        TextTable
        """
        rows = [
            [item.task, _number(item.raw, item.sota), _number(item.sota, item.raw), _gap(item.gap), f"{item.gain:.4f}"]
            for item in self.lacking
        ]
        header = ["Task", "Raw", "Specialist's", "Points below", "Gain"]
        return TextTable(
            f"The nearest wins that {self.model} lacks, by gain at Level-{self.level}", header, "lrrrr", rows
        )

    @property
    def _title(self) -> str:
        where = "" if self.scope.kind == "A" else f" in scope {self.scope}"
        return f"Level-{self.level} of {self.model}{where}"

    def __repr__(self) -> str:
        return f"{self.sheet(20).text()}\n\n{self.lacking_sheet().text()}"

    def _repr_html_(self) -> str:
        return self.sheet().html() + self.lacking_sheet().html()


def compare(one: Receipt, other: Receipt, most: int | None = None) -> TextTable:
    """Two receipts of the same scope and level side by side, the largest difference first.

    The differences add up to the difference of the scores; beyond `most` tasks they are one line.

    Parameters
    ----------
    one, other : Receipt
    most : int, optional
        Tasks that are listed one by one; default: all.

    Returns
    -------
    TextTable

    Raises
    ------
    ResultsError
        Where they are not of the same tasks and level.
    """
    if (one.tasks, one.level) != (other.tasks, other.level):
        raise ResultsError("two receipts can be compared where they are of the same tasks and level")
    difference = one.contribution - other.contribution
    order = [i for i in np.argsort(-np.abs(difference), kind="stable").tolist() if difference[i]]
    rows = [
        [
            one.tasks[i],
            *(_number(r.raw[i], one.sota[i], *(x.raw[i] for x in (one, other))) for r in (one, other)),
            _number(one.sota[i], one.raw[i], other.raw[i]),
            *("yes" if r.won[i] else "no" for r in (one, other)),
            *(f"{r.contribution[i]:.4f}" for r in (one, other)),
            f"{difference[i]:+.4f}",
        ]
        for i in order[:most]
    ]
    if most is not None and len(order) > most:
        rest = [math.fsum(r.contribution[order[most:]].tolist()) for r in (one, other)]
        more = f"{len(order) - most} more"
        rows.append([more, *[""] * 5, *(f"{part:.4f}" for part in rest), f"{rest[0] - rest[1]:+.4f}"])
    total = [math.fsum(r.contribution.tolist()) for r in (one, other)]
    rows.append(["sum", *[""] * 5, *(f"{t:.4f}" for t in total), f"{total[0] - total[1]:+.4f}"])
    header = ["Task", "Raw 1", "Raw 2", "Specialist's", "Win 1", "Win 2", "Contribution 1", "Contribution 2", "1 - 2"]
    title = f"{one._title} = {one.score:.4f} (1) and {other.model} = {other.score:.4f} (2)"
    return TextTable(title, header, "lrrrllrrr", rows, ("Tasks in which the two do not differ are left out.",))


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def _number(value: float, *beside: float) -> str:
    """Six digits, or all where that would hide a difference from what stands beside it."""
    if np.isnan(value):
        return "-"
    short = f"{value:.6g}"
    return repr(float(value)) if any(x != value and f"{x:.6g}" == short for x in beside) else short


def _gap(points: float) -> str:
    return f"{points:.2f}" if points >= 0.005 or points == 0 else f"{points:.1e}"
