"""What if a task had another specialist, and what a level hangs on; neither scores everything anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.ablation import Prepared, prepare
from glevel_fast.errors import GLevelError
from glevel_fast.specialists import _check, number, task_index
from glevel_fast.summary import LEVELS

if TYPE_CHECKING:
    from glevel_fast.scores import Scores
    from glevel_fast.scoring import Scorer

__all__ = ["Fragility", "WhatIf", "fragility", "what_if"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """What changes when some tasks get other specialists.

    Attributes
    ----------
    changes : {task: raw σ}
    overall : float64 (n_models, 4)
        S2 to S5 with these specialists: bit for bit what scoring with them gives.
    """

    prepared: Prepared
    changes: dict[str, float]
    tasks: NDArray[np.int64]
    values: Array
    overall: Array

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of all arrays."""
        return self.prepared.scores.models

    @property
    def delta(self) -> Array:
        """float64 (n_models, 4): ΔS2 to ΔS5 (ΔS2 is 0: no specialist enters it)."""
        return self.overall - self.prepared.scores.overall

    @property
    def level(self) -> NDArray[np.int8]:
        """int8 (n_models,): levels with these specialists."""
        level: NDArray[np.int8] = np.where(self.overall > 0, np.array(LEVELS, np.int8), np.int8(0)).max(axis=1)
        return level

    @cached_property
    def ranks(self) -> NDArray[np.uint32]:
        """uint32 (4, n_models): ranks with these specialists on the boards of Level-2 to 5, 0 for none."""
        ranks: NDArray[np.uint32] = self.prepared.scorer.backend.ranks(self.overall)
        return ranks

    @cached_property
    def wins(self) -> NDArray[np.int8]:
        """int8 (n_models, n_changed): 1 where a model gains the win of a changed task, -1 where it loses it."""
        scorer = self.prepared.scorer
        bench, raw = scorer.benchmark, self.prepared.raw[:, self.tasks]
        metrics = [bench.metrics[t] for t in self.tasks]
        higher = np.array([m.better == "higher" for m in metrics])
        with np.errstate(over="ignore", invalid="ignore"):
            z = raw * bench.scale[self.tasks]
            supported = (z >= [m.lowest for m in metrics]) & (z <= [m.highest for m in metrics])
            supported &= (raw != 0) | (scorer.zero == "score")
            new = self.values * bench.scale[self.tasks]

            def won(sota: Array) -> NDArray[np.int8]:
                return (supported & np.where(higher, z >= sota, z <= sota)).astype(np.int8)

            return won(new) - won(bench.sota_z[self.tasks])

    def columns(self) -> dict[str, Any]:
        """One row per model whose score, level, rank or win changes."""
        scores, base = self.prepared.scores, self.prepared.base_ranks
        moved = (self.delta != 0).any(axis=1) | (self.ranks != base).any(axis=0) | (self.wins != 0).any(axis=1)
        rows = np.flatnonzero(moved).tolist()
        names = [self.prepared.scorer.benchmark.tasks[t] for t in self.tasks]

        def of(i: int, sign: int) -> str:
            return ", ".join(name for name, win in zip(names, self.wins[i], strict=True) if win == sign)

        table: dict[str, Any] = {"model": [self.models[i] for i in rows]}
        table |= {"gains": [of(i, 1) for i in rows], "loses": [of(i, -1) for i in rows]}
        table |= {"level": scores.level[rows], "level_after": self.level[rows]}
        for i, k in enumerate(LEVELS):
            table |= {f"level{k}": scores.overall[rows, i], f"level{k}_after": self.overall[rows, i]}
            table |= {f"level{k}_delta": self.delta[rows, i]}
            table |= {
                f"level{k}_rank": base[i, rows].astype(int),
                f"level{k}_rank_after": self.ranks[i, rows].astype(int),
            }
        return table

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `glevel what-if --json` writes it: the models that change, by how much."""
        from glevel_fast import __version__

        columns = {name: c.tolist() if hasattr(c, "tolist") else c for name, c in self.columns().items()}
        none = {
            name
            for name in columns
            if name.startswith("level") and ("rank" in name or name in ("level", "level_after"))
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return {
            "glevel_fast": __version__,
            "changes": {task: None if value != value else value for task, value in self.changes.items()},
            "models": [{k: v or None if k in none else v for k, v in row.items()} for row in rows],
            "unchanged": len(self.models) - len(rows),
            "notes": list(self.prepared.scores.notes),
        }

    def __repr__(self) -> str:
        gained, lost = np.count_nonzero(self.wins > 0), np.count_nonzero(self.wins < 0)
        moved = f"{gained} wins gained, {lost} lost over {len(self.models)} models"
        return f"WhatIf({len(self.changes)} tasks changed: {moved})"


def what_if(scorer: Scorer, results: Any, changes: Mapping[str, float], *, threads: int | None = None) -> WhatIf:
    """See `Scorer.what_if`."""
    if not changes:
        raise GLevelError("no change: give {task: σ}, NaN for no specialist")
    prepared = prepare(scorer, results, threads=threads)
    benchmark = scorer.benchmark
    tasks = np.array([task_index(benchmark, task) for task in changes], dtype=np.int64)
    if len(tasks) > 1 and len(set(tasks.tolist())) < len(tasks):
        raise GLevelError("a task is changed twice, under two spellings of its name")
    values = np.array([number(value, f"task {task!r}") for task, value in changes.items()])
    _check(benchmark, tasks, values)
    overall = np.empty((1, len(prepared), 4))
    if prepared.pairs.has_tiny:
        matrix = benchmark.sota.copy()
        matrix[tasks] = values
        prepared.pairs.ablate(matrix[np.newaxis], False, overall, False, 1)
    else:
        prepared.pairs.change(np.array([0, len(tasks)], np.int64), tasks, values, overall, False, 1)
    return WhatIf(prepared, dict(changes), tasks, values, overall[0])


@dataclass(frozen=True, eq=False, repr=False)
class Fragility:
    """How little it takes for each model to lose the level it has.

    Attributes
    ----------
    models : tuple of str
    level : int8 (n_models,)
    lost_wins : int64 (n_models,)
        The fewest wins whose loss costs the model its level: all of S_L, or in each modality all of
        the weaker paradigm, for Level-5 and 4; all there are for Level-3; -1 for Level-2 and none,
        which do not rest on wins.
    relative : float64 (n_models,)
        By how much all specialists would have to improve, each relative to its own raw σ, to cost
        the model its level: the level holds up to and including this much, and is lost beyond. NaN
        where it does not rest on wins.
    tasks : tuple of tuple of str
        Where a Level-4 or Level-5 rests on a single win: the tasks of which each alone decides.

    Source: the conditions for Levels 3 to 5 in SPEC.md section 4.
    """

    models: tuple[str, ...]
    level: NDArray[np.int8]
    lost_wins: NDArray[np.int64]
    relative: Array
    tasks: tuple[tuple[str, ...], ...]

    @property
    def single(self) -> tuple[str, ...]:
        """The models whose Level-4 or Level-5 rests on a single win."""
        return tuple(self.models[i] for i in np.flatnonzero((self.level >= 4) & (self.lost_wins == 1)))

    def columns(self) -> dict[str, Any]:
        """One row per model."""
        return {
            "model": list(self.models),
            "level": self.level,
            "lost_wins": self.lost_wins,
            "relative": self.relative,
            "single_win_tasks": [", ".join(tasks) for tasks in self.tasks],
        }

    def __repr__(self) -> str:
        return f"Fragility({len(self.models)} models; a single win holds the level of {len(self.single)})"


def fragility(scores: Scores) -> Fragility:
    """See `Scores.fragility`."""
    if scores.policy != "paper" or scores.raw is None:
        raise GLevelError("fragility needs scores with policy='paper'")
    from glevel_fast.scoring import Scorer

    bench = scores.benchmark
    scorer = Scorer(bench, zero=scores.zero, invalid="missing", fractions="keep")
    if not np.array_equal(scorer.score(scores.raw).overall, scores.overall):
        raise GLevelError("the raw values are no longer those that were scored: score them again")
    points = scorer.map(scores.raw)
    z = np.asarray(scores.raw) * bench.scale
    higher = np.array([m.better == "higher" for m in bench.metrics])
    with np.errstate(all="ignore"):
        won = (points > 0) & np.where(higher, z >= bench.sota_z, z <= bench.sota_z) & (bench.weight > 0)
        margin = np.where(z == bench.sota_z, 0.0, np.abs(z - bench.sota_z) / np.abs(bench.sota_z))
    n_groups = len(bench.groups)
    wins = np.stack([won[:, bench.group_of_task == g].sum(axis=1) for g in range(n_groups)], axis=1)
    widest = np.full((len(scores), n_groups), -np.inf)
    for g in range(n_groups):
        own = bench.group_of_task == g
        widest[:, g] = np.where(won[:, own], margin[:, own], -np.inf).max(axis=1, initial=-np.inf)
    lost, relative, tasks = [], [], []
    for i, level in enumerate(scores.level):
        options = _ways_to_lose(int(level), wins[i], widest[i])
        fewest = min((count for count, _, _ in options), default=-1)
        lost.append(fewest)
        relative.append(min((width for _, width, _ in options), default=np.nan))
        alone = {g for count, _, groups in options if count == 1 for g in groups} if level >= 4 else set()
        tasks.append(tuple(bench.tasks[t] for t in np.flatnonzero(won[i]) if bench.group_of_task[t] in alone))
    return Fragility(scores.models, scores.level, np.array(lost, np.int64), np.array(relative), tuple(tasks))


def _ways_to_lose(level: int, wins: NDArray[Any], widest: Array) -> list[tuple[int, float, list[int]]]:
    """(wins to lose, improvement of all specialists, groups in which to lose one win if that is all)."""
    language = len(wins) - 1
    modalities = [(2 * m, 2 * m + 1) for m in range(language // 2)]
    both = [(c, g) for c, g in modalities if wins[c] and wins[g]]
    options: list[tuple[int, float, list[int]]] = []
    if level == 5:
        options.append((int(wins[language]), float(widest[language]), [language]))
    if level >= 4:
        count = sum(int(min(wins[c], wins[g])) for c, g in both)
        groups = [x for c, g in both for x in (c, g) if wins[x] == 1]
        options.append((count, max(float(min(widest[c], widest[g])) for c, g in both), groups))
    if level == 3:
        options.append((int(wins[:language].sum()), float(widest[:language].max()), []))
    return options
