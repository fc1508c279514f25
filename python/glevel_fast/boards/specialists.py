"""The board of Level-1: the specialists, and the best generalist beside each (docs/spec.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.boards.formats import Formats, plain, points_column
from glevel_fast.boards.scopes import Scope, find_scope, tasks_in
from glevel_fast.errors import GLevelError
from glevel_fast.io.markup import TextTable
from glevel_fast.io.write import records

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["SpecialistBoard", "specialist_board"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SpecialistBoard(Formats):
    """Level-1, task by task in the benchmark's order; entry i of every column belongs to `tasks[i]`.

    Attributes
    ----------
    scope : Scope
    tasks, modality, paradigm, skill, metric, specialist : tuple of str
    sota : float64 (n,)
        The specialist's raw score; NaN where there is none.
    points : float64 (n,)
        The same on the 100-point scale.
    best_model : tuple of str
        The generalist with the best raw value, the first of equal ones; "" where none supports the task.
    best : float64 (n,)
        Its raw value, NaN where there is none.
    best_points : float64 (n,)
    margin : float64 (n,)
        How much better than the specialist the best generalist is, in the raw unit; below 0 where it is worse.
    winners, supporters : int64 (n,)
        How many models win the task, and how many support it.
    n_models : int
    """

    narrow = ("Task", "σ", "Best", "Margin", "Wins")

    scope: Scope
    tasks: tuple[str, ...]
    modality: tuple[str, ...]
    paradigm: tuple[str, ...]
    skill: tuple[str, ...]
    metric: tuple[str, ...]
    specialist: tuple[str, ...]
    sota: Array
    points: Array
    best_model: tuple[str, ...]
    best: Array
    best_points: Array
    margin: Array
    winners: NDArray[np.int64]
    supporters: NDArray[np.int64]
    n_models: int
    benchmark_sha256: str
    notes: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """Such as "Level-1, scope A: 699 specialists, 512 of them beaten or met by one of 101 models"."""
        beaten = int(np.count_nonzero(self.winners))
        return (
            f"Level-1, scope {self.scope}: {len(self)} specialists, {beaten} of them met or beaten by one of "
            f"{self.n_models} models"
        )

    def __len__(self) -> int:
        return len(self.tasks)

    def columns(self) -> dict[str, list[Any]]:
        """The board by columns, as plain data in full precision; None where there is no number."""
        return {
            "task": list(self.tasks),
            "modality": list(self.modality),
            "paradigm": list(self.paradigm),
            "skill": list(self.skill),
            "metric": list(self.metric),
            "specialist": list(self.specialist),
            "sota": plain(self.sota),
            "points": plain(self.points),
            "best_model": [name or None for name in self.best_model],
            "best": plain(self.best),
            "best_points": plain(self.best_points),
            "margin": plain(self.margin),
            "winners": self.winners.tolist(),
            "supporters": self.supporters.tolist(),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what the board is, then `rows`, one object per task."""
        return {
            "scope": str(self.scope),
            "level": 1,
            "tasks": len(self),
            "models": self.n_models,
            "benchmark": self.benchmark_sha256,
            "rows": records(self.columns()),
            "notes": list(self.notes),
        }

    def sheet(self) -> TextTable:
        """As text, for people: raw values as given, points with two decimals."""
        columns: dict[str, list[str]] = {
            "Task": list(self.tasks),
            "σ": _numbers(self.sota),
            "Best": _numbers(self.best),
            "Best model": [name or "-" for name in self.best_model],
            "Wins": [str(n) for n in self.winners.tolist()],
            "Specialist": [name or "-" for name in self.specialist],
            "Margin": [text if text[0] == "-" else f"+{text}" for text in _numbers(self.margin)],
            "Metric": list(self.metric),
            "Points": points_column(self.points),
            "Best points": points_column(self.best_points),
            "Supported": [str(n) for n in self.supporters.tolist()],
            "Group": [" ".join(filter(None, group)) for group in zip(self.modality, self.paradigm, strict=True)],
            "Skill": [name or "-" for name in self.skill],
        }
        left = ("Task", "Metric", "Specialist", "Best model", "Group", "Skill")
        return TextTable.of(self.title, columns, left, self.notes)


def specialist_board(scores: Scores, scope: str | Scope = "A") -> SpecialistBoard:
    """The board of Level-1 of a scope.

    Parameters
    ----------
    scores : Scores
        Of the policy "paper", with their raw results.
    scope : str or Scope
        As of `board`: its tasks are listed.

    Raises
    ------
    BenchmarkError
        A scope that the benchmark does not have.
    GLevelError
        Scores of the release's policy, whose points are not those of section 2.
    """
    if scores.policy != "paper":
        raise GLevelError("the board of Level-1 is of the policy 'paper' only")
    benchmark = scores.benchmark
    at = scope if isinstance(scope, Scope) else find_scope(scope, benchmark)
    chosen = tasks_in(at, benchmark)
    raw = np.array(scores.scored_raw()[:, chosen])
    if scores.zero == "missing":
        raw[raw == 0] = np.nan
    higher = benchmark.higher_is_better[chosen]
    sota = benchmark.sota[chosen]
    better = np.where(higher, raw, -raw)
    there = ~np.isnan(better)
    supporters = np.count_nonzero(there, axis=0)
    with np.errstate(invalid="ignore"):
        winners = np.count_nonzero(there & (better >= np.where(higher, sota, -sota)), axis=0)
    line = np.full((1, benchmark.n_tasks), np.nan)
    row = np.zeros(len(chosen), dtype=np.intp)
    if len(raw):
        row = np.argmax(np.where(there, better, -np.inf), axis=0)
        line[0, chosen] = raw[row, np.arange(len(chosen))]
    best = line[0, chosen]

    def pick(column: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column[i] for i in chosen.tolist())

    return SpecialistBoard(
        scope=at,
        tasks=pick(benchmark.tasks),
        modality=pick(benchmark.modality),
        paradigm=pick(benchmark.paradigm),
        skill=pick(benchmark.skill),
        metric=tuple(benchmark.metrics[i].name for i in chosen.tolist()),
        specialist=pick(benchmark.specialist),
        sota=sota,
        points=scores.compiled.sota_points[chosen],
        best_model=tuple(scores.models[i] if n else "" for i, n in zip(row.tolist(), supporters.tolist(), strict=True)),
        best=best,
        best_points=scores.compiled.engine.map(line, 1)[0, chosen],
        margin=np.where(higher, best - sota, sota - best),
        winners=winners,
        supporters=supporters,
        n_models=len(scores),
        benchmark_sha256=benchmark.sha256,
    )


def _numbers(values: Array) -> list[str]:
    return ["-" if v != v else f"{v:.6g}" for v in values.tolist()]
