"""Specialist sets: what else the Level-1 references of a benchmark might have been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.core.benchmark import Benchmark, find_task
from glevel_fast.core.checks import (
    check_specialists,
    checked_number,
    checked_numbers,
    checked_seed,
    outside_domain,
    refuse_specialist,
)
from glevel_fast.errors import GLevelError
from glevel_fast.machines.identity import identity
from glevel_fast.text import fold_task, nearest, shown
from glevel_fast.uncertainty.recipes import Candidates, Changed, Dropped, Given, Kept, LeftOut, Own, Perturbed, Recipe

__all__ = ["SpecialistSets"]

Array = NDArray[np.float64]
Tasks = NDArray[np.int64]
MOST_CHOICES = 10_000_000
"""Most sets of `SpecialistSets.candidates` when all choices are asked for."""


class SpecialistSets:
    """Many sets of specialists for one benchmark; made by the class methods below.

    Sets are made when they are needed, a few at a time, from a recipe (kind, parameters, seed), and a
    pickle holds no more than that: none of these holds a matrix, but for `from_matrix`. A raw σ is in
    the task's unit, as in `Benchmark.sota`; NaN is "no specialist": nobody can win that task.

    Attributes
    ----------
    benchmark : Benchmark
    recipe : Recipe
        How they are made.
    n : int
        How many sets.
    strict : bool
        Whether a tie with the specialist is no win (> instead of the paper's ≥).
    what : str
        In words.
    """

    def __init__(self, benchmark: Benchmark, recipe: Recipe, strict: bool = False) -> None:
        self.benchmark, self.recipe, self.strict = benchmark, recipe, strict
        self.n, self.what = recipe.n, recipe.what

    def __reduce__(self) -> tuple[Any, ...]:
        return SpecialistSets, (self.benchmark, self.recipe, self.strict)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"SpecialistSets({self.n} sets: {self.what}{', ties lose' if self.strict else ''})"

    @cached_property
    def identity(self) -> str:
        """Hash of kind, parameters and seed: sets of one benchmark are the same where it is the same."""
        return identity(type(self.recipe).__name__, self.recipe.key, self.strict)

    def label(self, i: int) -> str:
        """What set `i` is, in words.

        Parameters
        ----------
        i : int
            A set.

        Returns
        -------
        str
        """
        return self.recipe.label(self.benchmark, i)

    @property
    def sparse(self) -> bool:
        """Whether the sets are kept as changes of the benchmark's own specialists."""
        return hasattr(self.recipe, "changes")

    @property
    def dropped(self) -> tuple[NDArray[np.int64], ...] | None:
        """Per set, the tasks that it drops; None where sets change specialists."""
        return self.recipe.tasks if isinstance(self.recipe, Dropped) else None

    @property
    def subsets(self) -> bool:
        """Whether each set is a subset of the tasks; `kept_tasks` gives them."""
        return isinstance(self.recipe, Kept)

    def kept_tasks(self, first: int, last: int) -> NDArray[np.uint8]:
        """uint8 (n, n_tasks): 1 where a task is in sets [first, last).

        Parameters
        ----------
        first, last : int
            The sets [first, last).

        Returns
        -------
        uint8 (last - first, n_tasks)
        """
        recipe: Any = self.recipe
        kept: NDArray[np.uint8] = recipe.kept(self.benchmark, first, last)
        return kept

    def matrix(self, first: int = 0, last: int | None = None) -> Array:
        """Sets [first, last) as float64 (n, n_tasks) of raw σ. Sets that drop tasks keep their σ here.

        Parameters
        ----------
        first, last : int, optional
            The sets [first, last); default: all.

        Returns
        -------
        float64 (last - first, n_tasks)
            Raw σ.
        """
        last = self.n if last is None else last
        recipe: Any = self.recipe
        if hasattr(recipe, "matrix"):
            given: Array = recipe.matrix(self.benchmark, first, last)
            return given
        matrix = np.tile(self.benchmark.sota, (last - first, 1))
        if self.sparse:
            begin, tasks, values = self.changes(first, last)
            matrix[np.repeat(np.arange(last - first), np.diff(begin)), tasks] = values
        return matrix

    def changes(self, first: int, last: int) -> tuple[Tasks, Tasks, Array]:
        """Sets [first, last) as changes: set i has the σ values[begin[i]:begin[i + 1]] at these tasks.

        Parameters
        ----------
        first, last : int
            The sets [first, last).

        Returns
        -------
        (int64 (n + 1,), int64 (m,), float64 (m,))
            begin, tasks, values.
        """
        recipe: Any = self.recipe
        if not self.sparse:
            raise GLevelError(f"{self!r} are not kept as changes; use matrix()")
        made: tuple[Tasks, Tasks, Array] = recipe.changes(self.benchmark, first, last)
        return made

    def with_strict_wins(self) -> SpecialistSets:
        """The same sets, in which a tie with the specialist is no win.

        Returns
        -------
        SpecialistSets
        """
        return SpecialistSets(self.benchmark, self.recipe, strict=True)

    # ---- Where sets come from

    @classmethod
    def from_matrix(cls, benchmark: Benchmark, sota: ArrayLike) -> SpecialistSets:
        """One set per row of float (n_sets, n_tasks), raw σ in the benchmark's task order.

        Parameters
        ----------
        benchmark : Benchmark
        sota : float (n_sets, n_tasks)
            Raw σ; NaN is no specialist.

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            A wrong shape, no set, or a σ outside its metric's domain.
        """
        matrix = np.require(checked_numbers(sota, "sets"), requirements=["C", "A"])
        if matrix.ndim != 2 or matrix.shape[1] != benchmark.n_tasks:
            raise GLevelError(f"the sets have the shape {matrix.shape}; (n_sets, {benchmark.n_tasks}) is needed")
        _some(len(matrix))
        # Ends of the columns first: most matrices are sound, and this is a third of the work.
        ends = np.stack([np.fmin.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=0)])
        if bad := outside_domain(benchmark, ends):
            task = bad[0][1]
            column = matrix[:, task : task + 1]
            row = outside_domain(benchmark, column, np.array([task]))[0][0]
            refuse_specialist(benchmark, task, float(matrix[row, task]), f"set {row}, ")
        return cls(benchmark, Given(matrix))

    @classmethod
    def from_changes(cls, benchmark: Benchmark, sets: Iterable[Mapping[str, float]]) -> SpecialistSets:
        """One set per mapping {task: raw σ}; the other tasks keep their specialist.

        Parameters
        ----------
        benchmark : Benchmark
        sets : iterable of {task: raw σ}

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            No set, an unknown task, or a σ outside its metric's domain.
        """
        rows = [[(find_task(benchmark, t), checked_number(v, f"task {t!r}")) for t, v in row.items()] for row in sets]
        _some(len(rows))
        if twice := [i for i, row in enumerate(rows) if len({task for task, _ in row}) < len(row)]:
            raise GLevelError(f"set {twice[0]} changes a task twice, under two spellings of its name")
        begin = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        tasks = np.array([task for row in rows for task, _ in row], dtype=np.int64)
        values = np.array([value for row in rows for _, value in row], dtype=np.float64)
        check_specialists(benchmark, tasks, values)

        return cls(benchmark, Changed(begin, tasks, values, "changed tasks"))

    @classmethod
    def perturbed(cls, benchmark: Benchmark, n: int, relative: float = 0.05, seed: int = 0) -> SpecialistSets:
        """Every σ moved by up to ±`relative` of itself, uniformly and independently, `n` times.

        In raw units; a positive move is towards better in the metric's own direction (a higher Acc, a
        lower FID). What leaves the metric's domain is held at its end.

        Parameters
        ----------
        benchmark : Benchmark
        n : int
            How many sets.
        relative : float
            Between 0 and 1.
        seed : int
            0 to 2^64 - 1.

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            n < 1, a negative seed, or `relative` outside (0, 1).
        """
        checked_seed(seed)
        if not 0.0 < relative < 1.0:
            raise GLevelError(f"relative={relative!r}: give a number between 0 and 1, such as 0.05")
        return cls(benchmark, Perturbed(_some(n), float(relative), int(seed)))

    @classmethod
    def candidates(
        cls, benchmark: Benchmark, candidates: Mapping[str, Sequence[float]], n: int | None = None, seed: int = 0,
        *, keep_others: bool = False,
    ) -> SpecialistSets:  # fmt: skip
        """Several candidates for each task's specialist.

        Parameters
        ----------
        candidates : {task: raw σ of its candidates}
        n : int, optional
            Draw one candidate per task, each as likely, `n` times. Without it: all choices, the last
            task's candidate changing first.
        keep_others : bool
            With `n`: whether tasks without candidates keep their specialist; otherwise they are an error.

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            Candidates missing for a task, an unknown task, a σ outside its metric's domain, n < 1, a
            negative seed, or more than 10 million choices.
        """
        if not candidates:
            raise GLevelError("candidates are missing: give {task: [σ, ...]}")
        tasks = np.array([find_task(benchmark, task) for task in candidates], dtype=np.int64)
        if len(set(tasks.tolist())) < len(tasks):
            raise GLevelError("a task has candidates twice, under two spellings of its name")
        lists = [checked_numbers(list(values), f"candidates for task {task!r}") for task, values in candidates.items()]
        for task, values in zip(tasks, lists, strict=True):
            if not len(values):
                raise GLevelError(f"candidates are missing for task {shown(benchmark.tasks[task])}")
            check_specialists(benchmark, np.full(len(values), task), values)
        if n is not None and not keep_others and len(tasks) < benchmark.n_tasks:
            without = sorted(set(range(benchmark.n_tasks)) - set(tasks.tolist()))
            names = ", ".join(shown(benchmark.tasks[t]) for t in without[:5]) + (" ..." if len(without) > 5 else "")
            raise GLevelError(
                f"candidates are missing for {len(without)} tasks: {names}; "
                "keep_others=True leaves them their specialist"
            )
        sizes = np.array([len(values) for values in lists], dtype=np.uint64)
        pool = np.concatenate(lists)
        digits = np.log10(sizes.astype(np.float64)).sum()
        total = prod(sizes.tolist()) if n is None and digits < 100 else 0
        if n is None and (total > MOST_CHOICES or digits >= 100):
            many = f"{total:,}" if total else f"10^{digits:.0f}"
            raise GLevelError(f"{many} choices are more than {MOST_CHOICES:,}: draw some of them, with n=...")
        checked_seed(seed)
        return cls(benchmark, Candidates(tasks, sizes, pool, None if n is None else _some(n), int(seed)))

    @classmethod
    def leave_one_out(cls, benchmark: Benchmark, tasks: Iterable[str] | None = None) -> SpecialistSets:
        """One set per task (by default, every task) in which it has no specialist: nobody can win it.

        Parameters
        ----------
        benchmark : Benchmark
        tasks : iterable of str, optional
            Default: every task.

        Returns
        -------
        SpecialistSets
        """
        chosen = range(benchmark.n_tasks) if tasks is None else [find_task(benchmark, task) for task in tasks]
        where = np.array(chosen, dtype=np.int64)
        _some(len(where))
        return cls(benchmark, LeftOut(where))

    @classmethod
    def replaced(cls, benchmark: Benchmark, task: str, candidates: Sequence[float]) -> SpecialistSets:
        """One set per candidate (raw σ) for the specialist of one task.

        Parameters
        ----------
        benchmark : Benchmark
        task : str
        candidates : sequence of float
            Raw σ.

        Returns
        -------
        SpecialistSets
        """
        values = checked_numbers(list(candidates), f"candidates for task {task!r}")
        if not len(values):
            raise GLevelError(f"candidates are missing for task {shown(task)}")
        where = np.full(len(values), find_task(benchmark, task), dtype=np.int64)
        check_specialists(benchmark, where, values)
        begin = np.arange(len(values) + 1, dtype=np.int64)
        return cls(benchmark, Changed(begin, where, values, f"candidates for {benchmark.tasks[where[0]]}"))

    @classmethod
    def dropped_each(
        cls,
        benchmark: Benchmark,
        *,
        tasks: Iterable[str] = (),
        skills: Iterable[str] = (),
        modalities: Iterable[str] = (),
    ) -> SpecialistSets:
        """One set per name in which these tasks, this skill or this modality have weight 0.

        They leave both the sums and the denominators of their groups. A modality ("language" too) of
        which nothing is left counts as 0, and the mean still runs over all modalities of the benchmark.

        Parameters
        ----------
        benchmark : Benchmark
        tasks, skills, modalities : iterable of str
            Names, one set for each.

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            No name at all, or one that the benchmark does not have.
        """
        chosen: list[tuple[str, Tasks]] = []
        chosen += [(f"task {name}", np.array([find_task(benchmark, name)], np.int64)) for name in tasks]
        for noun, column, names in (("skill", benchmark.skill, skills), ("modality", benchmark.modality, modalities)):
            own = np.array([fold_task(name) for name in column])
            for name in names:
                where = np.flatnonzero((own == fold_task(name)) & (own != ""))
                if not len(where):
                    known = sorted(set(filter(None, column)))
                    hint = nearest(name, known) if known else f" (the benchmark names no {noun})"
                    raise GLevelError(f"unknown {noun} {shown(name)}{hint}")
                chosen.append((f"{noun} {name}", where))
        if not chosen:
            raise GLevelError("nothing to drop: name at least one task, skill or modality of the benchmark")
        return cls(benchmark, Dropped(tuple(where for _, where in chosen), tuple(name for name, _ in chosen)))

    @classmethod
    def kept(cls, benchmark: Benchmark, subsets: ArrayLike | Iterable[Iterable[str]]) -> SpecialistSets:
        """One set per subset of the tasks, as if that were the benchmark: the scores are those of its tasks alone.

        A modality of which nothing is kept is not in the mean over modalities.

        Parameters
        ----------
        subsets : bool (n_sets, n_tasks), or task names for each set

        Returns
        -------
        SpecialistSets

        Raises
        ------
        GLevelError
            A wrong shape, no set, an empty one, or an unknown task.
        """
        if isinstance(subsets, np.ndarray):
            keep = np.ascontiguousarray(subsets != 0, dtype=np.uint8)
        else:
            named = [[find_task(benchmark, task) for task in tasks] for tasks in subsets]  # type: ignore[union-attr]
            keep = np.zeros((len(named), benchmark.n_tasks), np.uint8)
            for row, tasks in zip(keep, named, strict=True):
                row[tasks] = 1
        if keep.ndim != 2 or keep.shape[1] != benchmark.n_tasks:
            raise GLevelError(f"the subsets have the shape {keep.shape}; (n_sets, {benchmark.n_tasks}) is needed")
        _some(len(keep))
        sizes = keep.sum(axis=1, dtype=np.int64)
        if not sizes.all():
            raise GLevelError(f"subset {int(np.argmin(sizes))} has no task")
        return cls(benchmark, Kept(np.packbits(keep, axis=1), sizes))

    @classmethod
    def strict_wins(cls, benchmark: Benchmark) -> SpecialistSets:
        """One set: the benchmark's own specialists, a tie with which is no win.

        Parameters
        ----------
        benchmark : Benchmark

        Returns
        -------
        SpecialistSets
        """
        return cls(benchmark, Own(), strict=True)


def _some(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise GLevelError(f"n={n!r}: at least one set is needed")
    return int(n)
