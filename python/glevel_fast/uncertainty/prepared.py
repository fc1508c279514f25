"""Results compiled for being scored many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.compiled import count_threads
from glevel_fast.core.rules import beats, reaches
from glevel_fast.errors import GLevelError
from glevel_fast.loading.results import ResultsLike, as_results
from glevel_fast.machines.identity import identity

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores
    from glevel_fast.core.scoring import Scorer

__all__ = ["Prepared", "prepare"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """Results compiled for being scored many times: for `ablate`, `what_if` and `bootstrap` of one scorer.

    Attributes
    ----------
    scorer : Scorer
    scores : Scores
        Under the benchmark as it is.
    raw : float64 (n_models, n_tasks)
        A copy: fractions scaled where the scorer was told to, values outside their domain as given.
    """

    scorer: Scorer
    scores: Scores
    raw: Array
    pairs: Any
    base_ranks: NDArray[np.uint32]
    _kept: dict[bool, Any] = field(default_factory=dict, init=False)

    @cached_property
    def identity(self) -> str:
        """Hash of what its scores depend on: benchmark, options, kernels, models, raw values."""
        compiled = self.scorer.compiled
        options = tuple(vars(compiled.options).values())
        return identity(compiled.benchmark.sha256, options, compiled.backend.__name__, self.scores.models, self.raw)

    def __reduce__(self) -> tuple[Any, ...]:
        # What was compiled is compiled again on arrival: that is quicker than to send it.
        return _prepared, (self.scorer, self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def points_and_wins(self, strict: bool = False, threads: int = 1) -> tuple[Array, NDArray[np.bool_]]:
        """Points, NaN where not supported, and wins, (n_models, n_tasks) each; with `strict`, a tie is no win.

        Parameters
        ----------
        strict : bool
            Whether a tie is no win.
        threads : int

        Returns
        -------
        (float64 (n_models, n_tasks), bool (n_models, n_tasks))
        """
        bench = self.scorer.benchmark
        points = self.scorer.compiled.engine.map(self.raw, threads)
        won = (beats if strict else reaches)(self.raw * bench.scale, bench.sota_z, bench.higher_is_better)
        return points, won & ~np.isnan(points)

    def kept(self, strict: bool, threads: int) -> Any:
        """The kernel for subsets of the tasks; with `strict`, a tie with the specialist is no win.

        Parameters
        ----------
        strict : bool
            Whether a tie is no win.
        threads : int

        Returns
        -------
        kernel
            `Kept` of the backend.
        """
        if strict not in self._kept:
            bench = self.scorer.benchmark
            points, won = self.points_and_wins(strict, threads)
            self._kept[strict] = self.scorer.backend.Kept(
                points, won.astype(np.uint8), bench.group_of_task.astype(np.int32), bench.weight,
                len(bench.modalities), threads,
            )  # fmt: skip
        return self._kept[strict]

    def __repr__(self) -> str:
        return f"Prepared({len(self)} models x {self.raw.shape[1]} tasks)"


def prepare(
    scorer: Scorer, results: Prepared | ResultsLike, *, models: Sequence[str] | None = None, threads: int | None = None
) -> Prepared:
    """See `Scorer.prepare`."""
    if isinstance(results, Prepared):
        if not _same(results.scorer, scorer) and not _same(results.scorer, scorer.scoring_zeros):
            raise GLevelError("these results were prepared by another scorer: prepare them with this one")
        return results
    if scorer.policy != "paper":
        raise GLevelError("ablations, what-if and resampling need a scorer with policy='paper'")
    scores = scorer.score(as_results(results, scorer.compiled), models=models, threads=threads)
    if scores.compiled is not scorer.compiled:  # zeros of these results are scores
        scorer = scorer.scoring_zeros
    return _prepared(scorer, scores, threads)


def _prepared(scorer: Scorer, scores: Scores, threads: int | None = None) -> Prepared:
    raw = np.array(scores.scored_raw(), dtype=np.float64, order="C")  # fractions are scaled in it already
    pairs = scorer.backend.Pairs(scorer.compiled.engine, raw, count_threads(threads))
    return Prepared(scorer, scores, raw, pairs, scorer.backend.ranks(scores.overall))


def _same(a: Scorer, b: Scorer) -> bool:
    """Whether two scorers give the same scores; a scorer that has travelled is another object."""
    return a is b or (
        a.compiled.options == b.compiled.options and a.backend is b.backend and a.benchmark == b.benchmark
    )
