"""The C++ engine. Arrays are C-contiguous and of exactly these types and shapes; nothing is copied or converted.

Another type, order or a read-only output is a `TypeError`, another shape a `ValueError`, each with the argument's
name. `threads` is a whole number from 1 to 4096; another is a `GLevelError`, and so is an instruction set that this
machine does not have. n_groups is 2 n_modalities + 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_F = NDArray[np.float64]
_I = NDArray[np.int32]

class Engine:
    """A benchmark compiled for the kernels, which are its methods."""

    def __init__(
        self,
        *,
        n_modalities: int,
        group: NDArray[np.int32],
        kind: NDArray[np.int8],
        constant: _F,
        worst: _F,
        slope: _F,
        low: _F,
        high: _F,
        scale: _F,
        sota: _F,
        weight: _F,
        zero_scores: bool,
        isa: str = ...,
    ) -> None:
        """Columns are (n_tasks,); `Kind` and `TaskTable` in cpp/plan.hpp say what they mean.

        `isa` is one of `build_info()["instruction_sets"]`; by default what GLEVEL_FAST_ISA names, or the best one.
        """

    def score(self, raw: _F, threads: int) -> tuple[_F, _F, _F, _I, _I, NDArray[np.int8], NDArray[np.uint8]]:
        """Scores of raw (n_models, n_tasks).

        Returns overall (n_models, 4), modality (n_models, n_modalities, 3), means (n_models, n_groups, 2), supported
        and wins (n_models, n_groups), level (n_models,), suspect (n_models,): 1 where a value may be outside its
        domain or the row in fractions.
        """

    def overall(self, raw: _F, threads: int) -> _F | None:
        """S2 to S5 (n_models, 4) of raw (n_models, n_tasks); None where a row is suspect."""

    def map(self, raw: _F, threads: int) -> _F:
        """Points (n_models, n_tasks) of raw (n_models, n_tasks); NaN where not supported."""

    def reduce(self, raw: _F, points: _F, threads: int) -> tuple[_F, _I, _I]:
        """From raw and points, both (n_models, n_tasks): means (n_models, n_groups, 2), supported and wins
        (n_models, n_groups)."""

    @property
    def isa(self) -> str:
        """The instruction set of its kernels."""

class Pairs:
    """Results compiled for many specialist sets."""

    def __init__(self, engine: Engine, raw: _F, threads: int) -> None:
        """raw is (n_models, n_tasks)."""

    def ablate(self, sota: _F, strict: bool, out: _F, decided: bool, threads: int) -> NDArray[np.int64]:
        """Scores under sota (n_sets, n_tasks), raw values, go to out (n_sets, n_models, 4).

        With `strict`, a tie does not win. Returns (n_tasks,): with `decided`, how many wins each task decides over
        all sets, else zeros.
        """

    def change(
        self, begin: NDArray[np.int64], tasks: NDArray[np.int64], sota: _F, out: _F, decided: bool, threads: int
    ) -> NDArray[np.int64]:
        """The same for sets in CSR form: set i changes tasks[begin[i]:begin[i + 1]] to these raw values.

        begin is (n_sets + 1,), tasks and sota are (n,). A `ValueError` where `has_tiny`.
        """

    def gains(self, tasks: NDArray[np.int64], sota: _F) -> NDArray[np.int8]:
        """(n_models, n): 1 where a model gains a task's win by this raw value, -1 where it loses it."""

    @property
    def has_tiny(self) -> bool:
        """Whether some task would add so little to a model's mean that only `ablate` can tell."""

class Resampling:
    """Results compiled for resampling their tasks."""

    def __init__(self, pairs: Pairs, unit: _I, unit_group: _I) -> None:
        """unit (n_tasks,): what each task is drawn with; unit_group (n_units,): the group of each, ascending."""

    def scores(self, seed: int, start: int, out: _F, threads: int) -> None:
        """Scores of resamples start, start + 1, … go to out (n, n_models, 4)."""

class Kept:
    """Results compiled for many subsets of the tasks."""

    def __init__(
        self,
        points: _F,
        won: NDArray[np.uint8],
        group: _I,
        weight: _F,
        n_modalities: int,
        threads: int,
        isa: str = "",
    ) -> None:
        """points and won are (n_models, n_tasks): NaN where not supported, not 0 where won; group and weight (n_tasks,)
        are as in `Engine`."""

    def scores(self, keep: NDArray[np.uint8], out: _F, threads: int) -> None:
        """Scores on the tasks where keep (n_sets, n_tasks) is not 0 go to out (n_sets, n_models, 4), as if each set
        were a benchmark of its own."""

def summarise(
    scores: _F, base: NDArray[np.uint32], to: dict[str, NDArray[Any]], exact: int, threads: int
) -> NDArray[np.int32]:
    """Add scores (n_sets, n_models, 4) to the arrays of `to`; returns (n_sets,): how many models have another rank
    on any board than in base (4, n_models).

    to: high, low int64 (n_models, 4); least, most float64 (n_models, 4); levels int64 (n_models, 5); points uint32
    (n_models, 4, 10001); ranks uint32 (n_models, 4, place of the last rank + 1). Ranks below `exact`, a power of two
    above 1, have a place of their own, those beyond are in bands; with exact=0 ranks are not counted, and nothing is
    said to move. cpp/sets/summary.hpp says what the arrays hold.
    """

def stretches(rows: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row (n_rows, width) is not all zeros: the first place, and past the last, (n_rows,) each."""

def pack_counts(rows: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The counts in the stretches [first, last) of rows, in few bits; cpp/sets/packed.hpp says how."""

def add_packed(
    to: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64], packed: NDArray[np.uint8]
) -> None:
    """Add to the rows `to` what `pack_counts` gave of rows with these stretches."""

def add_counts(
    to: NDArray[np.uint32], rows: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64]
) -> None:
    """Add rows to the rows `to`, in these stretches alone."""

def ranks(scores: _F, base: _F | None = None, base_ranks: NDArray[np.uint32] | None = None) -> NDArray[np.uint32]:
    """Ranks (4, n_models) of scores (n_models, 4); ties share the smaller one, 0 where the score is 0.

    base_ranks are those of the scores base: boards that are as there need not be ranked again.
    """

def draws(seed: int, first: int, n_sets: int, n: int) -> NDArray[np.uint64]:
    """Random numbers (n_sets, n) by counter: the first n of sets first, first + 1, …"""

def count_above(scores: _F, threads: int) -> NDArray[np.int64]:
    """From scores (n_models, n_sets), (n_models, n_models): in how many sets model i is above model j."""

def kendall(a: _F, b: _F, threads: int) -> _F:
    """Kendall's tau-b of each row of a (n_sets, n_models) with b (n_models,); NaN where one of them is constant or
    has a NaN."""

def levels(means: _F, n_modalities: int) -> tuple[_F, _F, NDArray[np.int8]]:
    """overall (n_models, 4), modality (n_models, n_modalities, 3) and level (n_models,) from means (n_models,
    2 n_groups): mean and masked mean of each group."""

def sheet_rows(
    xml: bytes, shared: list[str], odd_styles: bytes, most: int
) -> tuple[list[list[float | str | bool]], int] | None:
    """The rows of a worksheet from its first on, "" where a cell is empty, and how many cells copy one of the texts
    `shared`; None where it holds anything but plain values, or more than `most` cells (cpp/cells.hpp says what is
    plain). odd_styles: a byte for each style, not 0 where a number of that style is more than its value."""

def build_info() -> dict[str, Any]:
    """compiler, instruction_sets, instruction_set, threads."""

def available_threads() -> int:
    """CPUs this process may use, at most 4096."""
