"""What if a task had another specialist: wins, scores, levels and ranks, without scoring everything anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS, find_task
from glevel_fast.core.checks import check_specialists, checked_number
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.write import records
from glevel_fast.uncertainty.prepared import Prepared, prepare
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.core.scoring import Scorer
    from glevel_fast.loading.results import ResultsLike

__all__ = ["WhatIf", "what_if"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf(AsFrames):
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
        prepared = self.prepared
        ranks: NDArray[np.uint32] = prepared.scorer.backend.ranks(
            self.overall, prepared.scores.overall, prepared.base_ranks
        )
        return ranks

    @cached_property
    def wins(self) -> NDArray[np.int8]:
        """int8 (n_models, n_changed): 1 where a model gains the win of a changed task, -1 where it loses it."""
        wins: NDArray[np.int8] = self.prepared.pairs.gains(self.tasks, self.values)
        return wins

    def columns(self) -> dict[str, Any]:
        """One row per model whose score, level, rank or win changes.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
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
        """Plain data, as `glevel what-if --json` writes it: the models that change, by how much.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        columns = self.columns()
        none = {
            name
            for name in columns
            if name.startswith("level") and ("rank" in name or name in ("level", "level_after"))
        }
        rows = records(columns)
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


def what_if(
    scorer: Scorer, results: Prepared | ResultsLike, changes: Mapping[str, float], *, threads: int | None = None
) -> WhatIf:
    """See `Scorer.what_if`."""
    if not changes:
        raise GLevelError("no change: give {task: σ}, NaN for no specialist")
    prepared = prepare(scorer, results, threads=threads)
    benchmark = scorer.benchmark
    tasks = np.array([find_task(benchmark, task) for task in changes], dtype=np.int64)
    if len(tasks) > 1 and len(set(tasks.tolist())) < len(tasks):
        raise GLevelError("a task is changed twice, under two spellings of its name")
    values = np.array([checked_number(value, f"task {task!r}") for task, value in changes.items()])
    check_specialists(benchmark, tasks, values)
    overall = np.empty((1, len(prepared), 4))
    if prepared.pairs.has_tiny:
        matrix = benchmark.sota.copy()
        matrix[tasks] = values
        prepared.pairs.ablate(matrix[np.newaxis], False, overall, False, 1)
    else:
        prepared.pairs.change(np.array([0, len(tasks)], np.int64), tasks, values, overall, False, 1)
    return WhatIf(prepared, dict(changes), tasks, values, overall[0])
