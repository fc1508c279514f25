"""What a registry holds and hands out, and its clock."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glevel_fast.registry.metadata import Metadata

__all__ = ["Admission", "Evaluated", "Evaluation", "Hashes", "Kept", "Submission", "now", "utc"]


def now() -> int:
    """This machine's clock: whole milliseconds of UTC since 1970."""
    return time.time_ns() // 1_000_000


def utc(at: int) -> str:
    """A time for people: 2026-01-31 12:00:00.000 UTC."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S}.{at % 1000:03d} UTC"


@dataclass(frozen=True)
class Hashes:
    """What an evaluation depends on: values of different ones are not put on one board."""

    benchmark: str
    annotations: str
    definitions: str


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What an evaluation found.

    Attributes
    ----------
    raw : float64 (n_tasks,)
        In the order of the benchmark's tasks; NaN where not supported.
    given : {task: value}
        Those of them that were not computed here.
    samples : {task: (ids, values)}
        Values are None where a sample has none of its own, as with metrics of a whole corpus.
    """

    hashes: Hashes
    raw: NDArray[np.float64]
    version: str
    given: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    samples: Mapping[str, tuple[Sequence[str], Sequence[float | None]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Admission:
    """The right to evaluate a submission until `lease`, in milliseconds of UTC."""

    submission: int
    lease: int


@dataclass(frozen=True)
class Submission:
    """A submission as the registry has it; `email` is for the maintainer alone."""

    id: int
    email: str
    sha256: str
    model: str
    board: str
    metadata: Metadata
    admitted: int
    state: str
    why: str


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An evaluation as the registry has it; see `Evaluated`.

    Attributes
    ----------
    id : int
    submission : int
    at : int
        When it ended, in milliseconds of UTC.
    event : int
        Number of the event that holds its samples.
    """

    id: int
    submission: int
    at: int
    event: int
    hashes: Hashes
    version: str
    given: dict[str, float]
    notes: tuple[str, ...]
    raw: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Kept:
    """A submission with its latest evaluation."""

    submission: Submission
    evaluation: Evaluation
