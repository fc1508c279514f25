"""Specialist sets: what else the Level-1 references of a benchmark might have been."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast import _core
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
from glevel_fast.text import fold_task, nearest, shown

__all__ = ["SpecialistSets"]

Array = NDArray[np.float64]
Tasks = NDArray[np.int64]
MOST_CHOICES = 10_000_000
"""Most sets of `SpecialistSets.candidates` when all choices are asked for."""


class SpecialistSets:
    """Many sets of specialists for one benchmark; made by the class methods below.

    Sets are made when they are needed, a few at a time: none of these holds a matrix, but for
    `from_matrix`. A raw σ is in the task's unit, as in `Benchmark.sota`; NaN is "no specialist":
    nobody can win that task.

    Attributes
    ----------
    benchmark : Benchmark
    n : int
        How many sets.
    strict : bool
        Whether a tie with the specialist is no win (> instead of the paper's ≥).
    what : str
        In words.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        n: int,
        what: str,
        *,
        matrix: Callable[[int, int], Array] | None = None,
        changes: Callable[[int, int], tuple[Tasks, Tasks, Array]] | None = None,
        dropped: tuple[NDArray[np.intp], ...] | None = None,
        kept: NDArray[np.uint8] | None = None,
        label: Callable[[int], str] | None = None,
        strict: bool = False,
    ) -> None:
        self.benchmark, self.n, self.what, self.strict = benchmark, n, what, strict
        self._matrix, self._changes, self._label = matrix, changes, label
        self.dropped, self.only = dropped, kept

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"SpecialistSets({self.n} sets: {self.what}{', ties lose' if self.strict else ''})"

    def label(self, i: int) -> str:
        """What set `i` is, in words."""
        return self._label(i) if self._label else f"set {i}"

    @property
    def sparse(self) -> bool:
        """Whether the sets are kept as changes of the benchmark's own specialists."""
        return self._changes is not None

    def matrix(self, first: int = 0, last: int | None = None) -> Array:
        """Sets [first, last) as float64 (n, n_tasks) of raw σ. Sets that drop tasks keep their σ here."""
        last = self.n if last is None else last
        if self._matrix is not None:
            return self._matrix(first, last)
        matrix = np.tile(self.benchmark.sota, (last - first, 1))
        if self._changes is not None:
            begin, tasks, values = self._changes(first, last)
            matrix[np.repeat(np.arange(last - first), np.diff(begin)), tasks] = values
        return matrix

    def changes(self, first: int, last: int) -> tuple[Tasks, Tasks, Array]:
        """Sets [first, last) as changes: set i has the σ values[begin[i]:begin[i + 1]] at these tasks.

        Returns begin int64 (n + 1,), tasks int64, values float64.
        """
        if self._changes is None:
            raise GLevelError(f"{self!r} are not kept as changes; use matrix()")
        return self._changes(first, last)

    def with_strict_wins(self) -> SpecialistSets:
        """The same sets, in which a tie with the specialist is no win."""
        return SpecialistSets(
            self.benchmark, self.n, self.what, matrix=self._matrix, changes=self._changes, dropped=self.dropped,
            kept=self.only, label=self._label, strict=True,
        )  # fmt: skip

    # ---- Where sets come from

    @classmethod
    def from_matrix(cls, benchmark: Benchmark, sota: ArrayLike) -> SpecialistSets:
        """One set per row of float (n_sets, n_tasks), raw σ in the benchmark's task order.

        Raises
        ------
        GLevelError
            A wrong shape, no set, or a σ outside its metric's domain.
        """
        matrix = np.ascontiguousarray(checked_numbers(sota, "sets"))
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
        return cls(benchmark, len(matrix), "given", matrix=lambda first, last: matrix[first:last])

    @classmethod
    def from_changes(cls, benchmark: Benchmark, sets: Iterable[Mapping[str, float]]) -> SpecialistSets:
        """One set per mapping {task: raw σ}; the other tasks keep their specialist.

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

        def label(i: int) -> str:
            return ", ".join(f"{benchmark.tasks[task]}: {value:g}" for task, value in rows[i]) or "unchanged"

        return cls._csr(benchmark, begin, tasks, values, "changed tasks", label)

    @classmethod
    def perturbed(cls, benchmark: Benchmark, n: int, relative: float = 0.05, seed: int = 0) -> SpecialistSets:
        """Every σ moved by up to ±`relative` of itself, uniformly and independently, `n` times.

        In raw units; a positive move is towards better in the metric's own direction (a higher Acc, a
        lower FID). What leaves the metric's domain is held at its end.

        Raises
        ------
        GLevelError
            n < 1, a negative seed, or `relative` outside (0, 1).
        """
        _some(n)
        checked_seed(seed)
        if not 0.0 < relative < 1.0:
            raise GLevelError(f"relative={relative!r}: give a number between 0 and 1, such as 0.05")
        metrics, scale, sota = benchmark.metrics, benchmark.scale, benchmark.sota
        towards = np.array([1.0 if m.better == "higher" else -1.0 for m in metrics]) * relative * np.abs(sota)
        low = np.array([m.lowest for m in metrics])
        high = np.array([m.highest for m in metrics])

        def matrix(first: int, last: int) -> Array:
            draws = _core.draws(seed, first, last - first, benchmark.n_tasks)
            move = (draws >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
            with np.errstate(over="ignore"):
                raw = sota + towards * move
                z = raw * scale
            # To the end in the metric's unit, and back into a raw value that is inside.
            outside = (z < low) | (z > high)
            if outside.any():
                raw[outside] = _inside(np.broadcast_to(low, z.shape)[outside], np.broadcast_to(high, z.shape)[outside],
                                       np.broadcast_to(scale, z.shape)[outside], z[outside])  # fmt: skip
            return raw

        return cls(benchmark, n, f"every σ ±{100 * relative:g} %", matrix=matrix)

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
        starts = np.concatenate([[0], np.cumsum(sizes[:-1])]).astype(np.int64)
        pool = np.concatenate(lists)
        digits = np.log10(sizes.astype(np.float64)).sum()
        total = prod(sizes.tolist()) if n is None and digits < 100 else 0
        if n is None and (total > MOST_CHOICES or digits >= 100):
            many = f"{total:,}" if total else f"10^{digits:.0f}"
            raise GLevelError(f"{many} choices are more than {MOST_CHOICES:,}: draw some of them, with n=...")
        checked_seed(seed)
        count = total if n is None else _some(n)
        places = [prod(sizes[i + 1 :].tolist()) for i in range(len(sizes))] if n is None else []

        def changes(first: int, last: int) -> tuple[Tasks, Tasks, Array]:
            if n is None:
                index = np.arange(first, last, dtype=np.int64)[:, np.newaxis]
                choice = index // np.array(places, dtype=np.int64) % sizes.astype(np.int64)
            else:
                draws = _core.draws(seed, first, last - first, len(tasks))
                choice = (((draws >> np.uint64(32)) * sizes) >> np.uint64(32)).astype(np.int64)
            begin = np.arange(last - first + 1, dtype=np.int64) * len(tasks)
            return begin, np.tile(tasks, last - first), pool[starts + choice].reshape(-1)

        what = f"{len(tasks)} tasks with candidates, " + ("all choices" if n is None else "drawn")
        return cls(benchmark, count, what, changes=changes)

    @classmethod
    def leave_one_out(cls, benchmark: Benchmark, tasks: Iterable[str] | None = None) -> SpecialistSets:
        """One set per task (by default, every task) in which it has no specialist: nobody can win it."""
        chosen = range(benchmark.n_tasks) if tasks is None else [find_task(benchmark, task) for task in tasks]
        where = np.array(chosen, dtype=np.int64)
        n = _some(len(where))
        return cls._csr(
            benchmark, np.arange(n + 1, dtype=np.int64), where, np.full(n, np.nan), "one specialist left out",
            lambda i: f"without the specialist of {benchmark.tasks[where[i]]}",
        )  # fmt: skip

    @classmethod
    def replaced(cls, benchmark: Benchmark, task: str, candidates: Sequence[float]) -> SpecialistSets:
        """One set per candidate (raw σ) for the specialist of one task."""
        values = checked_numbers(list(candidates), f"candidates for task {task!r}")
        if not len(values):
            raise GLevelError(f"candidates are missing for task {shown(task)}")
        where = np.full(len(values), find_task(benchmark, task), dtype=np.int64)
        check_specialists(benchmark, where, values)
        return cls._csr(
            benchmark, np.arange(len(values) + 1, dtype=np.int64), where, values,
            f"candidates for {benchmark.tasks[where[0]]}", lambda i: f"{benchmark.tasks[where[0]]}: {values[i]:g}",
        )  # fmt: skip

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

        Raises
        ------
        GLevelError
            No name at all, or one that the benchmark does not have.
        """
        chosen: list[tuple[str, NDArray[np.intp]]] = []
        chosen += [(f"task {name}", np.array([find_task(benchmark, name)])) for name in tasks]
        for noun, column, names in (("skill", benchmark.skill, skills), ("modality", benchmark.modality, modalities)):
            own = np.array([fold_task(name) for name in column])
            for name in names:
                where = np.flatnonzero(own == fold_task(name)) if fold_task(name) else np.array([], np.intp)
                if not len(where):
                    known = sorted(set(filter(None, column)))
                    hint = nearest(name, known) if known else f" (the benchmark names no {noun})"
                    raise GLevelError(f"unknown {noun} {shown(name)}{hint}")
                chosen.append((f"{noun} {name}", where))
        if not chosen:
            raise GLevelError("nothing to drop: name at least one task, skill or modality of the benchmark")
        return cls(
            benchmark, len(chosen), "tasks, skills or modalities dropped",
            dropped=tuple(where for _, where in chosen), label=lambda i: f"without {chosen[i][0]}",
        )  # fmt: skip

    @classmethod
    def kept(cls, benchmark: Benchmark, subsets: ArrayLike | Iterable[Iterable[str]]) -> SpecialistSets:
        """One set per subset of the tasks, as if that were the benchmark: the scores are those of its tasks alone.

        A modality of which nothing is kept is not in the mean over modalities.

        Parameters
        ----------
        subsets : bool (n_sets, n_tasks), or task names for each set

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
        what = f"subsets of {sizes.min()} to {sizes.max()} tasks" if sizes.min() < sizes.max() else (
            f"subsets of {sizes[0]} tasks")  # fmt: skip
        return cls(benchmark, len(keep), what, kept=keep, label=lambda i: f"{sizes[i]} of {benchmark.n_tasks} tasks")

    @classmethod
    def strict_wins(cls, benchmark: Benchmark) -> SpecialistSets:
        """One set: the benchmark's own specialists, a tie with which is no win."""
        return cls(benchmark, 1, "the benchmark's own", label=lambda _: "ties lose", strict=True)

    @classmethod
    def _csr(
        cls, benchmark: Benchmark, begin: Tasks, tasks: Tasks, values: Array, what: str, label: Callable[[int], str]
    ) -> SpecialistSets:  # fmt: skip
        def changes(first: int, last: int) -> tuple[Tasks, Tasks, Array]:
            at = slice(int(begin[first]), int(begin[last]))
            return begin[first : last + 1] - begin[first], tasks[at], values[at]

        return cls(benchmark, len(begin) - 1, what, changes=changes, label=label)


def _inside(low: Array, high: Array, scale: Array, z: Array) -> Array:
    """Raw values whose z is at the nearer end of the domain, and inside it."""
    with np.errstate(over="ignore", under="ignore"):
        raw = np.where(z < low, low, high) / scale
        for _ in range(4):  # dividing and multiplying may each round outwards
            raw = np.where(raw * scale < low, np.nextafter(raw, np.inf), raw)
            raw = np.where(raw * scale > high, np.nextafter(raw, -np.inf), raw)
    return raw


def _some(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise GLevelError(f"n={n!r}: at least one set is needed")
    return int(n)
