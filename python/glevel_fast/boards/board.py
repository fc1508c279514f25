"""Leaderboards of Scope-A to Scope-D by level, and combined (docs/spec.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.boards.formats import Formats, plain, points_column
from glevel_fast.boards.scopes import Scope, find_scope
from glevel_fast.core.benchmark import LANGUAGE, PARADIGMS
from glevel_fast.core.checks import checked_date
from glevel_fast.core.results import Results
from glevel_fast.core.scoring import Scorer
from glevel_fast.errors import BenchmarkError
from glevel_fast.io.markup import TextTable
from glevel_fast.io.write import records
from glevel_fast.text import fold_task, shown

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["Board", "board", "scores_by_level", "subset"]

Array = NDArray[np.float64]
COLUMNS = (
    "rank",
    "model",
    "level",
    "modalities",
    "paradigm",
    "score",
    "coverage",
    "on_supported",
    "supported",
    "wins",
    "lower_bound",
    "date",
)
"""The columns of every board, beside those of its parts."""


@dataclass(frozen=True, eq=False, repr=False)
class Board(Formats):
    """A board, best model first; entry i of every column belongs to `models[i]`.

    Attributes
    ----------
    scope : Scope
    level : int or None
        2 to 5; None is the combined board: by level, then by the score at that level.
    models : tuple of str
    rank : int32 (n,)
        Ties share the smaller rank; 0 where the score is 0 or not a number: no rank.
    model_level : int8 (n,)
        The highest level that the model reaches within the scope; 0 where there is none.
    score : float64 (n,)
        S_k of the scope in points; of the combined board, that at `model_level`.
    parts : dict of float64 (n,)
        The modalities that the score is the mean of, by name; of the combined board, each S_k.
    coverage : float64 (n,)
        The share of the scope's tasks that the model supports, weighted as the score weighs them.
    on_supported : float64 (n,)
        The mean over supported tasks: Level-2 of the scope = coverage x on_supported.
    supported, wins : int64 (n,)
        Number of tasks; `n_tasks` is the scope's total.
    modalities, paradigm : tuple of str
        What the model supports within the scope: "image, video", and "C", "G" or "C+G".
    lower_bound : bool (n,)
        Whether the score is a lower bound (docs/spec.md section 8).
    part_bounds : dict of bool (n,)
        The same for each of `parts`.
    rows : int64 (n,)
        Each model's row in the scores.
    date : str
        Of the results, as given; "" where it was not.
    """

    narrow = ("Rank", "Model", "Level", "Score", "Coverage %")

    scope: Scope
    level: int | None
    models: tuple[str, ...]
    rank: NDArray[np.int32]
    model_level: NDArray[np.int8]
    score: Array
    parts: dict[str, Array]
    coverage: Array
    on_supported: Array
    supported: NDArray[np.int64]
    wins: NDArray[np.int64]
    n_tasks: int
    modalities: tuple[str, ...]
    paradigm: tuple[str, ...]
    lower_bound: NDArray[np.bool_]
    part_bounds: dict[str, NDArray[np.bool_]]
    rows: NDArray[np.int64]
    policy: str
    benchmark_sha256: str
    date: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """Such as "Scope B:image, Level-3, 12 models, 317 tasks, policy paper"."""
        level = f"Level-{self.level}" if self.level else "combined"
        when = f", results of {self.date}" if self.date else ""
        return f"Scope {self.scope}, {level}, {len(self)} models, {self.n_tasks} tasks, policy {self.policy}{when}"

    def __len__(self) -> int:
        return len(self.models)

    def columns(self) -> dict[str, list[Any]]:
        """The board by columns, as plain data in full precision; None where there is no rank or score.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return {
            "rank": [rank or None for rank in self.rank.tolist()],
            "model": list(self.models),
            "level": [level or None for level in self.model_level.tolist()],
            "modalities": list(self.modalities),
            "paradigm": list(self.paradigm),
            **{name: plain(part) for name, part in self.parts.items()},
            "score": plain(self.score),
            "coverage": plain(self.coverage),
            "on_supported": plain(self.on_supported),
            "supported": self.supported.tolist(),
            "wins": self.wins.tolist(),
            "lower_bound": self.lower_bound.tolist(),
        } | ({"date": [self.date] * len(self)} if self.date else {})

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what the board is, then `rows`, one object per model.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        return {
            "scope": str(self.scope),
            "level": self.level,
            "policy": self.policy,
            "tasks": self.n_tasks,
            "benchmark": self.benchmark_sha256,
            "date": self.date or None,
            "rows": records(self.columns()),
            "notes": list(self.notes),
        }

    def sheet(self) -> TextTable:
        """As text with two decimals, for people.

        Returns
        -------
        TextTable
        """
        columns: dict[str, list[str]] = {
            "Rank": [str(rank or "-") for rank in self.rank.tolist()],
            "Model": list(self.models),
            "Level": [str(level or "-") for level in self.model_level.tolist()],
            "Modalities": [text or "-" for text in self.modalities],
            "Paradigm": [text or "-" for text in self.paradigm],
            **{name: points_column(part, self.part_bounds[name]) for name, part in self.parts.items()},
            "Score": points_column(self.score, self.lower_bound),
            "Coverage %": points_column(100.0 * self.coverage),
            "On supported": points_column(self.on_supported),
            "Supported": [str(n) for n in self.supported.tolist()],
            "Wins": [str(n) for n in self.wins.tolist()],
        }
        left = ("Model", "Modalities", "Paradigm")
        return TextTable.of(self.title, columns, left, self.notes)


def board(
    scores: Scores,
    scope: str | Scope = "A",
    level: int | None = None,
    *,
    tasks: Iterable[str] | None = None,
    date: str = "",
) -> Board:
    """A board of one scope and level.

    Parameters
    ----------
    scores : Scores
    scope : str or Scope
        "A"; "A.quick", whose tasks `tasks` must name; "B:image" or a declared combination "B:image+video";
        "C:image/comprehension" or "C:language"; "D:<skill>". Of a benchmark of language alone, "A" is
        "C:language".
    level : int, optional
        2 to 5; Scope-B reaches at most Level-4, Scope-C and Scope-D Level-3. None is the combined board.
    tasks : iterable of str, optional
        A declared subset of the benchmark's tasks (a quick version of Scope-A): the board is of
        these alone, and its notes say so.
    date : str, optional
        Of the results, as YYYY-MM-DD.

    Returns
    -------
    Board

    Raises
    ------
    GLevelError
        A scope, level or task that the benchmark does not have, or what is no date.
    """
    checked_date(date)
    notes: tuple[str, ...] = ()
    if tasks is None and str(scope).strip().casefold().removeprefix("scope-") == "a.quick":
        raise BenchmarkError("scope A.quick is a declared subset of the tasks: say which (tasks=..., --tasks FILE)")
    if tasks is not None:
        n, whole = scores.benchmark.n_tasks, scores.benchmark.sha256
        scores = subset(scores, tasks)
        notes = (f"a declared subset: {scores.benchmark.n_tasks} of the {n} tasks of benchmark {whole[:12]}",)
    benchmark = scores.benchmark
    # Of a subset the scopes are others: a skill may have another column, or no task left.
    at = scope if isinstance(scope, Scope) and tasks is None else find_scope(str(scope), benchmark)
    if level is not None and level not in at.levels:
        raise BenchmarkError(f"a board of scope {at} has no Level-{level}; it reaches at most Level-{at.levels[-1]}")

    by_level = scores_by_level(scores, at)
    language = at.kind == "C" and not at.modalities
    model_level = np.zeros(len(by_level), np.int8) if language else _levels(by_level, at.levels)
    coverage, supported, wins, n_tasks = _counts(scores, at)
    if level is None and language:  # no level: ranked by S_L, then by the mean over all tasks
        parts = {"Mean": by_level[:, 0], "S_L": by_level[:, 1]}
        score = by_level[:, 1]
        order = np.lexsort((-np.nan_to_num(by_level[:, 0]), -np.nan_to_num(score)))
    elif level is None:
        parts = {f"S{k}": by_level[:, i] for i, k in enumerate(at.levels)}
        column = np.searchsorted(at.levels, np.maximum(model_level, 2))
        score = by_level[np.arange(len(by_level)), column]
        order = np.lexsort((-np.nan_to_num(score), -model_level.astype(int)))
    else:
        parts = {} if len(at.modalities) < 2 or level > 4 else {
            m: scores.modality[:, benchmark.modalities.index(m), level - 2] for m in at.modalities
        }  # fmt: skip
        score = by_level[:, level - 2]
        order = np.argsort(-np.nan_to_num(score), kind="stable")
    bounds, part_bounds = _bounds(scores, at, level, parts)
    rank = _ranks(score[order], model_level[order] if level is None else None)
    on_supported = np.divide(by_level[:, 0], coverage, out=np.zeros(len(coverage)), where=coverage > 0)
    modalities, paradigm = _what(scores, at)
    models = scores.models
    rows = order.tolist()
    return Board(
        scope=at,
        level=level,
        models=tuple(models[i] for i in rows),
        rank=rank,
        model_level=model_level[order],
        score=score[order],
        parts={name: part[order] for name, part in parts.items()},
        coverage=coverage[order],
        on_supported=on_supported[order],
        supported=supported[order],
        wins=wins[order],
        n_tasks=n_tasks,
        modalities=tuple(modalities[i] for i in rows),
        paradigm=tuple(paradigm[i] for i in rows),
        lower_bound=bounds[order],
        part_bounds={name: part[order] for name, part in part_bounds.items()},
        rows=order,
        policy=scores.policy,
        benchmark_sha256=benchmark.sha256,
        date=date,
        notes=notes,
    )


def subset(scores: Scores, tasks: Iterable[str]) -> Scores:
    """The same models scored on some of the tasks only, in the benchmark's order.

    Raises
    ------
    BenchmarkError
        A task that the benchmark does not have, or none at all.
    """
    benchmark = scores.benchmark
    wanted = set()
    for task in tasks:
        if (i := benchmark.names.get(fold_task(task))) is None:
            raise BenchmarkError(f"the subset's task {shown(task)} is not in the benchmark")
        wanted.add(i)
    if not wanted:
        raise BenchmarkError("the subset has no tasks")
    keep = sorted(wanted)
    part = benchmark.changed(remove=set(range(benchmark.n_tasks)) - wanted)
    policy: Any = scores.policy
    scorer = Scorer(part, policy, zero=scores.zero, invalid="missing", fractions="keep")
    raw = np.ascontiguousarray(scores.scored_raw()[:, keep])
    if not isinstance(scores.given, Results) or scores.given.unknown is None:
        return scorer.score(raw, models=scores.models)
    unknown = scores.given.unknown[:, keep]
    return scorer.score(replace(Results.from_array(scores.models, raw, part), unknown=unknown))


def _bounds(
    scores: Scores, scope: Scope, level: int | None, parts: dict[str, Array]
) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """Whose score in the scope is a lower bound, and whose parts are."""
    bounds, names = scores.lower_bound, [*scores.modalities, LANGUAGE]
    if scope.kind in "CD":
        benchmark = scores.benchmark
        of_task, own = (
            (benchmark.skill_of_task, scope.skill)
            if scope.kind == "D"
            else (benchmark.group_of_task, scores.groups.index(scope.group))
        )
        unknown = scores.given.unknown if isinstance(scores.given, Results) else None
        whole = np.zeros(len(scores), bool)
        if unknown is not None:
            unknown[:, of_task == own].any(axis=1, out=whole)
    else:
        whole = np.any(bounds[:, [names.index(m) for m in scope.modalities]], axis=1)
    with_language: NDArray[np.bool_] = whole | bounds[:, -2]
    if level is None:
        of_parts = {name: with_language if name == "S5" else whole for name in parts}
        return np.where(scores.level == 5, with_language, whole) if scope.kind == "A" else whole, of_parts
    return with_language if level == 5 else whole, {name: bounds[:, names.index(name)] for name in parts}


def scores_by_level(scores: Scores, scope: Scope) -> Array:
    """float64 (n_models, len(scope.levels))."""
    if scope.kind == "A":
        return scores.overall
    if scope.kind == "D":
        return scores.skills.means[:, scope.skill]
    if scope.kind == "C":
        return scores.means[:, scores.groups.index(scope.group)]
    index = [scores.modalities.index(m) for m in scope.modalities]
    by_level: Array = scores.modality[:, index].sum(axis=1) / len(index)
    return by_level


def _levels(by_level: Array, levels: Sequence[int]) -> NDArray[np.int8]:
    level = np.zeros(len(by_level), dtype=np.int8)
    for i, k in enumerate(levels):
        level[by_level[:, i] > 0] = k
    return level


def _group_indices(scores: Scores, scope: Scope) -> list[int]:
    if scope.kind in "CD":
        return [scores.groups.index(scope.group)]
    return [g for g, (modality, _) in enumerate(scores.groups) if modality in scope.modalities]


def _counts(scores: Scores, scope: Scope) -> tuple[Array, NDArray[Any], NDArray[Any], int]:
    """Coverage, supported, wins and the number of tasks; language counts in Scope-A but does not cover."""
    if scope.kind == "D":
        skills, j = scores.skills, scope.skill
        return skills.coverage[:, j], skills.supported[:, j], skills.wins[:, j], int(skills.n_tasks[j])
    groups = _group_indices(scores, scope)
    # An average over modalities and paradigms, as of the scores: a paradigm without tasks counts as 0.
    coverage = scores.coverage[:, groups].mean(axis=1) if groups else np.zeros(len(scores))
    if scope.kind == "A":
        groups = [*groups, len(scores.groups) - 1]
    sizes = np.bincount(scores.benchmark.group_of_task, minlength=len(scores.groups))
    return (
        coverage,
        scores.supported[:, groups].sum(axis=1),
        scores.wins[:, groups].sum(axis=1),
        int(sizes[groups].sum()),
    )


def _ranks(score: Array, level: NDArray[np.int8] | None) -> NDArray[np.int32]:
    """Ranks of scores in descending order (within levels in descending order)."""
    n = len(score)
    if n == 0:
        return np.zeros(0, dtype=np.int32)
    new = np.ones(n, dtype=bool)
    new[1:] = score[1:] != score[:-1]
    if level is not None:
        new[1:] |= level[1:] != level[:-1]
    rank = np.maximum.accumulate(np.where(new, np.arange(1, n + 1), 0))
    return np.where(score > 0, rank, 0).astype(np.int32)


def _what(scores: Scores, scope: Scope) -> tuple[list[str], list[str]]:
    """What each model supports within the scope: modalities, and paradigm."""
    groups = _group_indices(scores, scope)
    if scope.kind == "A":
        groups = [*groups, len(scores.groups) - 1]
    has = scores.skills.supported[:, [scope.skill]] > 0 if scope.kind == "D" else scores.supported[:, groups] > 0
    codes = has @ (1 << np.arange(len(groups)))
    distinct, which = np.unique(codes, return_inverse=True)
    modalities, paradigms = [], []
    for code in distinct.tolist():
        there = [scores.groups[g] for i, g in enumerate(groups) if code >> i & 1]
        modalities.append(", ".join(dict.fromkeys(modality for modality, _ in there)))
        paradigms.append("+".join(p[0].upper() for p in PARADIGMS if any(p == paradigm for _, paradigm in there)))
    return [modalities[i] for i in which.tolist()], [paradigms[i] for i in which.tolist()]
