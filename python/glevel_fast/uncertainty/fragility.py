"""What a level hangs on: how few lost wins, or how small an improvement of the specialists, cost it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.compiled import Scored, count_threads
from glevel_fast.core.rules import reaches
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.write import records

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.scores import Scores

__all__ = ["Fragility", "fragility"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Fragility(AsFrames):
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
        the model its level: the level holds up to and including this much, as a double, and is lost
        beyond. NaN where it does not rest on wins.
    tasks : tuple of tuple of str
        Where the level rests on a single win (lost_wins of 1): the tasks of which each alone decides.

    A win of 0 points (a MOS of 1 against a specialist's 1) holds no level and is not among them.

    Source: the conditions for Levels 3 to 5 in docs/spec.md section 4.
    """

    models: tuple[str, ...]
    level: NDArray[np.int8]
    lost_wins: NDArray[np.int64]
    relative: Array
    tasks: tuple[tuple[str, ...], ...]

    @property
    def single(self) -> tuple[str, ...]:
        """The models whose level rests on a single win."""
        return tuple(self.models[i] for i in np.flatnonzero(self.lost_wins == 1))

    def columns(self) -> dict[str, Any]:
        """One row per model.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return {
            "model": list(self.models),
            "level": self.level,
            "lost_wins": self.lost_wins,
            "relative": self.relative,
            "single_win_tasks": [", ".join(tasks) for tasks in self.tasks],
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: one object per model; None where no improvement of the specialists costs the level.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        finite = np.where(np.isfinite(self.relative), self.relative, np.nan)
        return {"models": records(self.columns() | {"relative": finite})}

    def __repr__(self) -> str:
        return f"Fragility({len(self.models)} models; a single win holds the level of {len(self.single)})"


def fragility(scores: Scores) -> Fragility:
    """See `Scores.fragility`."""
    if scores.policy != "paper" or scores.raw is None:
        raise GLevelError("fragility needs scores with policy='paper'")
    bench, engine, threads = scores.benchmark, scores.compiled.engine, count_threads(None)
    raw = np.ascontiguousarray(scores.raw)
    if not np.array_equal(Scored._make(engine.score(raw, threads)).overall, scores.overall):
        raise GLevelError("the raw values are no longer those that were scored: score them again")
    points = engine.map(raw, threads)
    z = raw * bench.scale
    with np.errstate(all="ignore"):
        won = (points > 0) & reaches(z, bench.sota_z, bench.higher_is_better) & (bench.weight > 0)
        margin = np.where(z == bench.sota_z, 0.0, np.abs(z - bench.sota_z) / np.abs(bench.sota_z))
    margin[won] = _held(raw, margin, bench, won)
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
        alone = {g for count, _, groups in options if count == 1 for g in groups}
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
        groups = [g for g in range(language) if wins[g]]
        options.append((int(wins[:language].sum()), float(widest[:language].max()), groups))
    return options


def _held(raw: Array, margin: Array, bench: Benchmark, won: NDArray[np.bool_]) -> Array:
    """Margins of won cells up to which the win holds in doubles, whichever way the σ is moved by so much of itself."""
    task = np.nonzero(won)[1]
    own, sota, higher, scale = raw[won], bench.sota[task], bench.higher_is_better[task], bench.scale[task]
    held = margin[won]
    towards = np.where(higher, 1.0, -1.0)
    for _ in range(16):  # each of few operations rounds by half a step
        with np.errstate(all="ignore"):
            moved = (sota + towards * held * np.abs(sota), sota * (1.0 + np.sign(sota) * towards * held))
            lost = ~np.all([reaches(own * scale, s * scale, higher) for s in moved], axis=0)
        lost &= np.isfinite(held) & (held > 0)
        if not lost.any():
            break
        held = np.where(lost, np.nextafter(held, 0.0), held)
    return held
