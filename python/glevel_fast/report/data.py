"""What the page's script shows: every board, and what receipts are made of; numbers in full precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import Board, board
from glevel_fast.boards.scopes import Scope, all_scopes
from glevel_fast.boards.specialists import specialist_board
from glevel_fast.boards.synergy import specialists_in_points
from glevel_fast.core.benchmark import LANGUAGE, LEVELS
from glevel_fast.errors import ResultsError
from glevel_fast.text import clean, shown
from glevel_fast.trust.receipts import NEAREST, receipt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.core.scores import Scores

__all__ = ["COMBINED", "OWN_INTERVAL", "Intervals", "own_intervals", "page_data"]

COMBINED = "0"
"""The key of the combined board beside those of the levels."""
OWN_INTERVAL = "Rank interval at its level"
"""Title on the combined board: of the rank on the board of the level that a model reaches."""

Intervals = Mapping[str, Mapping[str, tuple[int, int]]]


def page_data(scores: Scores, combined: Board, intervals: Intervals) -> dict[str, Any]:
    """Plain data for JSON; models are numbered in the order of the combined board, tasks in that of the benchmark."""
    scopes = all_scopes(scores.benchmark)
    order = combined.rows.tolist()
    shown = {**intervals, "own": own_intervals(combined, intervals)} if COMBINED not in intervals else intervals
    return {
        "models": [clean(name) for name in combined.models],
        "scopes": [_scope(scores, scope, combined.rows) for scope in scopes],
        "intervals": {level: _intervals(scores, order, of_level) for level, of_level in shown.items() if of_level},
        "tasks": _tasks(scores),
        "receipts": [_receipt(scores, scores.models[i], scopes) for i in order],
        "nearest": NEAREST,
        "specialists": _specialists(scores, order) if scores.policy == "paper" else None,
    }


def own_intervals(combined: Board, intervals: Intervals) -> dict[str, tuple[int, int]]:
    """Of each model, the interval of its rank on the board of the level that it reaches."""
    levels = zip(combined.models, combined.model_level.tolist(), strict=True)
    return {m: of[m] for m, k in levels if k in LEVELS and m in (of := intervals.get(str(k), {}))}


def _scope(scores: Scores, scope: Scope, order: NDArray[np.int64]) -> dict[str, Any]:
    """A scope's boards by columns, every column in the order of the models."""
    place = np.argsort(order)
    boards = {COMBINED: board(scores, scope)} | {str(k): board(scores, scope, k) for k in scope.levels}
    combined = boards[COMBINED]

    def column(values: Any, of: Board) -> list[Any]:
        """In the order of the models: entry j belongs to the model at place j."""
        found: list[Any] = [None] * len(of)
        for value, row in zip(values if isinstance(values, tuple) else values.tolist(), of.rows.tolist(), strict=True):
            found[place[row]] = None if value is None or value != value else short(value)
        return found

    def numbered(level: str, of: Board) -> dict[str, Any]:
        found = {
            "score": column(of.score, of),
            "rank": [rank or None for rank in column(of.rank, of)],
            "parts": parts(of),
            "bound": column(of.lower_bound, of),
        }
        if level == COMBINED and len(scope.modalities) > 1:
            found["modalities"] = parts(boards["2"], " S2")
        elif level != COMBINED:  # the parts are the modalities
            found |= {"modalities": found["parts"], "parts": {}}
        return found

    def parts(of: Board, after: str = "") -> dict[str, Any]:
        """Each part's values, and whose are lower bounds."""
        return {
            clean(name) + after: [column(part, of), column(of.part_bounds[name], of)] for name, part in of.parts.items()
        }

    return {
        "name": clean(str(scope), 120),
        "kind": scope.kind,
        "tasks": combined.n_tasks,
        "boards": {level: numbered(level, of) for level, of in boards.items()},
        "level": column(combined.model_level, combined),
        "coverage": column(100.0 * combined.coverage, combined),
        "mean": column(combined.on_supported, combined),
        "supported": column(combined.supported, combined),
        "wins": column(combined.wins, combined),
        "modalities": column(combined.modalities, combined),
        "paradigm": column(combined.paradigm, combined),
        **_shares(scores, scope),
    }


def _shares(scores: Scores, scope: Scope) -> dict[str, Any]:
    """What one point of a task, times its weight, is worth at Level-2 and 3 of a scope: one factor per group.

    These levels are means of means, so it depends on no model; see `glevel_fast.trust.receipts`.
    """
    benchmark = scores.benchmark
    weights = task_weights(scores)
    if scope.kind == "D":
        return {"skill": scope.skill, "unit": 1.0 / (weights[benchmark.skill_of_task == scope.skill].sum() or 1.0)}
    total = np.bincount(benchmark.group_of_task, weights, len(scores.groups))
    mine = {scope.group} if scope.kind == "C" else {g for g in scores.groups if g[0] in scope.modalities}
    if scope.kind == "A":
        mine |= {g for g in scores.groups if g[0] == LANGUAGE}
    inside = [g for g, group in enumerate(scores.groups) if group in mine]
    share = 1.0 if scope.kind == "C" else 0.5 / max(len(scope.modalities), 1)
    unit = [
        share / total[g] if g in inside and total[g] and (scope.kind == "C" or group[0] != LANGUAGE) else 0.0
        for g, group in enumerate(scores.groups)
    ]
    return {"groups": inside, "unit": unit, "modalityName": clean(scope.name) if scope.kind == "B" else ""}


def task_weights(scores: Scores) -> NDArray[np.float64]:
    """float64 (n_tasks,): by what a task's points are multiplied; the released scorer knows no weights."""
    return scores.benchmark.weight if scores.policy == "paper" else np.ones(scores.benchmark.n_tasks)


def _intervals(scores: Scores, order: list[int], given: Mapping[str, tuple[int, int]]) -> list[list[int] | None]:
    rows = {}
    for model, (low, high) in given.items():
        if not 1 <= low <= high:
            raise ResultsError(f"the rank interval of {shown(model)}, {low} to {high}, is not one: 1 <= low <= high")
        rows[scores.row(model)] = [int(low), int(high)]
    return [rows.get(i) for i in order]


def _tasks(scores: Scores) -> dict[str, Any]:
    benchmark = scores.benchmark
    return {
        "name": [clean(task) for task in benchmark.tasks],
        "groups": [clean(" ".join(filter(None, g))) for g in scores.groups],
        "group": benchmark.group_of_task.tolist(),
        "skill": benchmark.skill_of_task.tolist(),
        "metric": [clean(metric, 40) for metric in benchmark.metric],
        "sota": [short(x) for x in benchmark.sota.tolist()],
        "sotaPoints": [short(x) for x in specialists_in_points(scores).tolist()],
        "scale": benchmark.scale.tolist(),
        "weight": benchmark.weight.tolist(),
        "share": task_weights(scores).tolist(),
    }


def _specialists(scores: Scores, order: list[int]) -> dict[str, Any]:
    """The board of Level-1, task by task; a model by its number."""
    found = specialist_board(scores)
    number = {scores.models[i]: n for n, i in enumerate(order)}
    return {
        "specialist": [clean(name) for name in found.specialist],
        "skill": [clean(name) for name in found.skill],
        "model": [number.get(name) if name else None for name in found.best_model],
        **{name: list(map(short, getattr(found, name).tolist())) for name in ("best", "best_points", "margin")},
        "winners": found.winners.tolist(),
        "supporters": found.supporters.tolist(),
    }


def _receipt(scores: Scores, model: str, scopes: tuple[Scope, ...]) -> dict[str, Any]:
    """Rows of supported tasks: task, raw, points (None where they are the raw value), won; and, since at Level-4
    and 5 a task's share hangs on all others, what each row adds there, by "scope level"."""
    row = scores.row(model)
    whole = receipt(scores, model, 2)
    place = {task: j for j, task in enumerate(scores.benchmark.tasks)}
    supported = np.flatnonzero(whole.supported).tolist()
    rows = [
        [
            place[whole.tasks[i]],
            short(whole.raw[i]),
            None if whole.points[i] == whole.raw[i] else short(whole.points[i]),
            int(whole.won[i]),
        ]
        for i in supported
    ]
    at = {task: n for n, (task, *_) in enumerate(rows)}
    high = {}
    for s, scope in enumerate(scopes):
        for level in scope.levels[2:]:
            if level == 5 and scores.policy == "release":
                continue
            m = scores.modalities.index(scope.name) if scope.kind == "B" else None
            reached = scores.overall[row, level - 2] if m is None else scores.modality[row, m, level - 2]
            if not bool(reached > 0):
                continue
            found = receipt(scores, model, level, scope)
            adds: list[Any] = [0] * len(rows)
            for i in np.flatnonzero(found.supported & (found.contribution != 0)).tolist():
                adds[at[place[found.tasks[i]]]] = _as_shown(float(found.contribution[i]))
            high[f"{s} {level}"] = {
                "adds": adds,
                "lacking": [[place[x.task], *map(short, (x.raw, x.gap, x.gain))] for x in found.lacking],
            }
    return {"rows": rows, "high": high}


def _as_shown(value: float) -> Any:
    """Twelve decimals, unless the four that are shown would not be the same: a third of the page are such numbers."""
    near = round(value, 12)
    return short(near if f"{near:.4f}" == f"{value:.4f}" else value)


def short(value: Any) -> Any:
    """A number as JSON takes it, whole ones without a point; None where it is not finite."""
    if not isinstance(value, float | np.floating):
        return value
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
