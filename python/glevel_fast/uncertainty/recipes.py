"""How specialist sets of each kind are made: from a few parameters, any piece of them alone, wherever it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glevel_fast import _core

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Candidates", "Changed", "Dropped", "Given", "Kept", "LeftOut", "Own", "Perturbed", "Recipe"]

Array = NDArray[np.float64]
Tasks = NDArray[np.int64]
ABREAST = 16
"""Sets that are made at once: few enough to stay in the cache, and below what the allocator asks the system for."""


class Recipe(Protocol):
    """One kind of sets with its parameters; picklable, and what it makes is a function of them and the benchmark.

    A kind has `matrix`, or `changes` (sets kept as changes of the benchmark's own specialists), or neither:
    then its sets drop tasks, or keep some of them.
    """

    @property
    def n(self) -> int:
        """How many sets."""

    @property
    def what(self) -> str:
        """In words."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What the sets are made from. Where set i does not depend on how many there are, their number is not in it."""

    def label(self, benchmark: Benchmark, i: int) -> str:
        """What set `i` is, in words."""


class _Numbered:
    def label(self, benchmark: Benchmark, i: int) -> str:
        return f"set {i}"


@dataclass(frozen=True, eq=False)
class Given(_Numbered):
    """A row of float64 (n_sets, n_tasks) each."""

    sota: Array
    what = "given"

    @property
    def n(self) -> int:
        return len(self.sota)

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.sota,)

    def matrix(self, benchmark: Benchmark, first: int, last: int) -> Array:
        return self.sota[first:last]


@dataclass(frozen=True)
class Own:
    """One set: the benchmark's own."""

    n = 1
    what = "the benchmark's own"
    key = ()

    def matrix(self, benchmark: Benchmark, first: int, last: int) -> Array:
        return np.tile(benchmark.sota, (last - first, 1))

    def label(self, benchmark: Benchmark, i: int) -> str:
        return "ties lose"


@dataclass(frozen=True)
class Perturbed(_Numbered):
    """Every σ moved by up to ±relative of itself."""

    n: int
    relative: float
    seed: int

    @property
    def what(self) -> str:
        return f"every σ ±{100 * self.relative:g} %"

    @property
    def key(self) -> tuple[Any, ...]:
        return self.relative, self.seed

    def matrix(self, benchmark: Benchmark, first: int, last: int) -> Array:
        metrics, scale, sota = benchmark.metrics, benchmark.scale, benchmark.sota
        towards = np.array([1.0 if m.better == "higher" else -1.0 for m in metrics]) * self.relative * np.abs(sota)
        low, high = (np.array([getattr(m, end) for m in metrics]) for end in ("lowest", "highest"))
        made = np.empty((last - first, benchmark.n_tasks))
        for at in range(0, last - first, ABREAST):
            raw = made[at : at + ABREAST]
            draws = _core.draws(self.seed, first + at, len(raw), benchmark.n_tasks)
            draws >>= np.uint64(11)
            np.multiply(draws, 2.0**-52, out=raw)
            with np.errstate(over="ignore"):
                raw -= 1.0
                raw *= towards
                raw += sota
                z = raw * scale
            # To the end in the metric's unit, and back into a raw value that is inside.
            outside = (z < low) | (z > high)
            if outside.any():
                task = np.nonzero(outside)[1]
                raw[outside] = _inside(low[task], high[task], scale[task], z[outside])
        return made


@dataclass(frozen=True, eq=False)
class Candidates(_Numbered):
    """One of several σ for each of some tasks: all choices, the last task's changing first, or `drawn` of them.

    `pool` holds the σ of all these tasks one after the other, `sizes` uint64 how many each has.
    """

    tasks: Tasks
    sizes: NDArray[np.uint64]
    pool: Array
    drawn: int | None
    seed: int

    @property
    def n(self) -> int:
        return prod(self.sizes.tolist()) if self.drawn is None else self.drawn

    @property
    def what(self) -> str:
        return f"{len(self.tasks)} tasks with candidates, " + ("all choices" if self.drawn is None else "drawn")

    @property
    def key(self) -> tuple[Any, ...]:
        return self.tasks, self.sizes, self.pool, self.drawn is None or self.seed

    def changes(self, benchmark: Benchmark, first: int, last: int) -> tuple[Tasks, Tasks, Array]:
        if self.drawn is None:
            places = [prod(self.sizes[i + 1 :].tolist()) for i in range(len(self.sizes))]
            index = np.arange(first, last, dtype=np.int64)[:, np.newaxis]
            choice = index // np.array(places, dtype=np.int64) % self.sizes.astype(np.int64)
        else:
            draws = _core.draws(self.seed, first, last - first, len(self.tasks))
            choice = (((draws >> np.uint64(32)) * self.sizes) >> np.uint64(32)).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(self.sizes[:-1])]).astype(np.int64)
        begin = np.arange(last - first + 1, dtype=np.int64) * len(self.tasks)
        return begin, np.tile(self.tasks, last - first), self.pool[starts + choice].reshape(-1)


@dataclass(frozen=True, eq=False)
class Changed:
    """Set i has the σ values[begin[i]:begin[i + 1]] at these tasks."""

    begin: Tasks
    tasks: Tasks
    values: Array
    what: str

    @property
    def n(self) -> int:
        return len(self.begin) - 1

    @property
    def key(self) -> tuple[Any, ...]:
        return self.begin, self.tasks, self.values

    def changes(self, benchmark: Benchmark, first: int, last: int) -> tuple[Tasks, Tasks, Array]:
        at = slice(int(self.begin[first]), int(self.begin[last]))
        return self.begin[first : last + 1] - self.begin[first], self.tasks[at], self.values[at]

    def label(self, benchmark: Benchmark, i: int) -> str:
        _, tasks, values = self.changes(benchmark, i, i + 1)
        changed = [f"{benchmark.tasks[t]}: {value:g}" for t, value in zip(tasks, values, strict=True)]
        return ", ".join(changed) or "unchanged"


@dataclass(frozen=True, eq=False)
class LeftOut:
    """One set per task, in which it has no specialist."""

    tasks: Tasks
    what = "one specialist left out"

    @property
    def n(self) -> int:
        return len(self.tasks)

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.tasks,)

    def changes(self, benchmark: Benchmark, first: int, last: int) -> tuple[Tasks, Tasks, Array]:
        return np.arange(last - first + 1, dtype=np.int64), self.tasks[first:last], np.full(last - first, np.nan)

    def label(self, benchmark: Benchmark, i: int) -> str:
        return f"without the specialist of {benchmark.tasks[self.tasks[i]]}"


@dataclass(frozen=True, eq=False)
class Dropped:
    """Sets in which some tasks have weight 0, with the name of what they are."""

    tasks: tuple[Tasks, ...]
    names: tuple[str, ...]
    what = "tasks, skills or modalities dropped"

    @property
    def n(self) -> int:
        return len(self.tasks)

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.tasks,)

    def label(self, benchmark: Benchmark, i: int) -> str:
        return f"without {self.names[i]}"


@dataclass(frozen=True, eq=False)
class Kept:
    """Subsets of the tasks, a bit for each (as `np.packbits` does it), and how many tasks each has."""

    bits: NDArray[np.uint8]
    sizes: Tasks

    @property
    def n(self) -> int:
        return len(self.bits)

    @property
    def what(self) -> str:
        least, most = self.sizes.min(), self.sizes.max()
        return f"subsets of {f'{least} to ' if least < most else ''}{most} tasks"

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.bits,)

    def kept(self, benchmark: Benchmark, first: int, last: int) -> NDArray[np.uint8]:
        return np.unpackbits(self.bits[first:last], axis=1, count=benchmark.n_tasks)

    def label(self, benchmark: Benchmark, i: int) -> str:
        return f"{self.sizes[i]} of {benchmark.n_tasks} tasks"


def _inside(low: Array, high: Array, scale: Array, z: Array) -> Array:
    """Raw values whose z is at the nearer end of the domain, and inside it."""
    with np.errstate(over="ignore", under="ignore"):
        raw = np.where(z < low, low, high) / scale
        for _ in range(4):  # dividing and multiplying may each round outwards
            raw = np.where(raw * scale < low, np.nextafter(raw, np.inf), raw)
            raw = np.where(raw * scale > high, np.nextafter(raw, -np.inf), raw)
    return raw
