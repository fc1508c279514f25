"""A benchmark compiled for an engine, under the options of one scorer: made once, kept by the scores it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from glevel_fast import _core
from glevel_fast.core.twin.engine import Engine as Twin
from glevel_fast.text import shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Compiled", "Kernels", "Options", "Reduced", "Scored", "count_threads", "engine_columns"]

Array = NDArray[np.float64]


class Scored(NamedTuple):
    """What the scoring kernel gives; row i of every array is model i.

    Attributes
    ----------
    overall : float64 (n_models, 4)
    modality : float64 (n_models, n_modalities, 3)
    means : float64 (n_models, n_groups, 2)
    supported, wins : int32 (n_models, n_groups)
    level : int8 (n_models,)
    suspect : uint8 (n_models,)
        1 where a value may be outside its metric's domain, or the row in fractions.
    """

    overall: Array
    modality: Array
    means: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]
    level: NDArray[np.int8]
    suspect: NDArray[np.uint8]


class Reduced(NamedTuple):
    """What the reducing kernel gives: means float64 (n_models, n_groups, 2), counts int32 (n_models, n_groups)."""

    means: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]


class Kernels(Protocol):
    """What the engine of `_core` and its NumPy twin have in common; raw values are C-contiguous float64."""

    def score(self, raw: Array, threads: int) -> tuple[Any, ...]:
        """The arrays of `Scored`, in its order."""

    def overall(self, raw: Array, threads: int) -> Array | None:
        """float64 (n_models, 4) alone; None where a row is suspect."""

    def map(self, raw: Array, threads: int) -> Array:
        """float64 (n_models, n_tasks): points, NaN where not supported."""

    def reduce(self, raw: Array, points: Array, threads: int) -> tuple[Any, ...]:
        """The arrays of `Reduced`, in its order."""


@dataclass(frozen=True)
class Options:
    """What a scorer was told; see `Scorer`."""

    policy: Literal["paper", "release"] = "paper"
    zero: Literal["missing", "score"] = "missing"
    invalid: Literal["error", "missing"] = "error"
    fractions: Literal["error", "scale", "keep"] = "error"

    def __post_init__(self) -> None:
        for name, choices in (
            ("policy", ("paper", "release")),
            ("zero", ("missing", "score")),
            ("invalid", ("error", "missing")),
            ("fractions", ("error", "scale", "keep")),
        ):
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}")


def engine_columns(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark as the columns that an engine compiles."""
    return benchmark.mapping | {
        "n_modalities": len(benchmark.modalities),
        "group": benchmark.group_of_task.astype(np.int32),
        "scale": benchmark.scale,
        "sota": benchmark.sota_z,
        "weight": benchmark.weight,
    }


def count_threads(threads: int | None) -> int:
    """`threads`, or by default all cores this process may use.

    Raises
    ------
    ValueError
        Less than 1, or more than any machine has.
    """
    if threads is None:
        return _core.available_threads()
    if not 1 <= threads < 2**31:
        raise ValueError(f"threads={shown(threads)}: 1 or more, below 2^31")
    return threads


@dataclass(frozen=True, eq=False)
class Compiled:
    """A benchmark with a scorer's options and its engines, each made when first asked for; immutable and picklable.

    Attributes
    ----------
    benchmark : Benchmark
    options : Options
    backend : module
        Where the kernels come from: `_core`, or their NumPy twins in `glevel_fast.core.twin`.
    given : Benchmark or None
        As it came, where specialists are fractions or may be: they were scaled, or noted.
    from_fractions : frozenset of (modality, paradigm)
        The groups in which they were scaled.
    """

    benchmark: Benchmark
    options: Options
    backend: Any = _core
    given: Benchmark | None = None
    from_fractions: frozenset[tuple[str, str]] = frozenset()

    def __reduce__(self) -> tuple[Any, ...]:
        return _compile, (self.benchmark, self.options, self.backend.__name__, self.given, self.from_fractions)

    @cached_property
    def engine(self) -> Kernels:
        """The benchmark, compiled."""
        return self.make_engine(engine_columns(self.benchmark))

    @cached_property
    def twin(self) -> Twin:
        """The NumPy twin of `engine`: its masks and steps, cell by cell."""
        return Twin(**engine_columns(self.benchmark), zero_scores=self.options.zero == "score")

    @cached_property
    def by_skill(self) -> Kernels:
        """The benchmark compiled with its skills for groups; what has no skill is in groups after them."""
        return self.make_engine(self.skill_columns)

    @cached_property
    def twin_by_skill(self) -> Twin:
        """The NumPy twin of `by_skill`."""
        return Twin(**self.skill_columns, zero_scores=self.options.zero == "score")

    @cached_property
    def skill_columns(self) -> dict[str, Any]:
        """The columns of `by_skill`; an engine has two groups per modality and one more."""
        n, of_task = len(self.benchmark.skills), self.benchmark.skill_of_task
        group = np.where(of_task < 0, n, of_task).astype(np.int32)
        return engine_columns(self.benchmark) | {"group": group, "n_modalities": n // 2 + 1}

    @cached_property
    def sota_points(self) -> Array:
        """float64 (n_tasks,): the specialists in points; their exact 0 is a score, NaN where there is none."""
        engine = self.backend.Engine(**engine_columns(self.benchmark), zero_scores=True)
        points: Array = engine.map(np.ascontiguousarray(self.benchmark.sota[np.newaxis]), 1)[0]
        return points

    def make_engine(self, columns: Mapping[str, Any]) -> Kernels:
        """An engine for a variant of the benchmark, from its columns (see `engine_columns`)."""
        engine: Kernels = self.backend.Engine(**columns, zero_scores=self.options.zero == "score")
        return engine

    def engine_of(self, tasks: NDArray[np.intp], **columns: Any) -> Kernels:
        """An engine for whole groups of the benchmark, given by their tasks; `columns` are other ones than its own.

        The groups' means and counts are, bit for bit, those that the whole engine gives.
        """
        whole = engine_columns(self.benchmark) | columns
        return self.make_engine({name: c if name == "n_modalities" else c[tasks] for name, c in whole.items()})


def _compile(benchmark: Benchmark, options: Options, backend: str, *given: Any) -> Compiled:
    return Compiled(benchmark, options, import_module(backend), *given)
