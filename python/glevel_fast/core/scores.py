"""Scores of models on a benchmark, and how they show themselves."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LANGUAGE, LEVELS, PARADIGMS, Benchmark
from glevel_fast.core.results import Results
from glevel_fast.core.skills import SkillScores, group_coverage, skill_scores
from glevel_fast.core.units import describe_cells
from glevel_fast.errors import ResultsError
from glevel_fast.io.frames import AsFrames
from glevel_fast.text import clean, fold_task, nearest, points_text, shown
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.core.compiled import Compiled

__all__ = ["Scores"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Scores(AsFrames):
    """Scores of models on a benchmark; row i of every array is `models[i]`.

    Attributes
    ----------
    compiled : Compiled
        What they were made with: benchmark, options, engine.
    overall : float64 (n_models, 4)
        S2, S3, S4, S5 in points, the plain mean over the benchmark's modalities.
    modality : float64 (n_models, n_modalities, 3)
        S2, S3, S4 of each of `modalities`.
    means : float64 (n_models, n_groups, 2)
        Mean over all tasks and over won tasks of each of `groups` (C and S_C, G and S_G; S_L last).
    supported, wins : int32 (n_models, n_groups)
        Number of supported and of won tasks per group.
    level : int8 (n_models,)
        The highest k in 5, 4, 3, 2 with S_k > 0; 0 where there is none.
    absent : int64 (n_models,) or None
        How many of the benchmark's tasks the input did not hold at all; None for an array.
    said, looked : tuple of str
        Notes of benchmark and results, and those that scoring made; see `notes`.
    suspect : bool
        Whether some values had to be looked at one by one.
    raw : float64 (n_models, n_tasks), read-only, or None
        What was scored, percentages in percent: a view of the caller's array where that could be
        used as it was. Boards of skills and receipts read it; do not change it under them.
    given : Results, float64 (n_models, n_tasks), or None
        What came in: its values are `raw`, but for percentages given as fractions that were scaled.

    Source: docs/spec.md section 4.
    """

    compiled: Compiled
    overall: Array
    modality: Array
    means: Array
    supported: NDArray[np.int32]
    wins: NDArray[np.int32]
    level: NDArray[np.int8]
    said: tuple[str, ...] = ()
    absent: NDArray[np.int64] | None = None
    names: tuple[str, ...] | None = None
    raw: Array | None = None
    given: Results | Array | None = None
    looked: tuple[str, ...] = ()
    suspect: bool = False

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was inferred, converted or left out; and which single values may be in another unit, or nearly tie."""
        cells: list[str] = []
        if self.raw is not None and self.policy == "paper":
            lone = self.compiled.options.fractions != "keep"
            cells = describe_cells(self.raw, self.benchmark, self.zero, lambda i: self.models[i], lone=lone)
        return (*self.said, *self.looked, *cells)

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark that was scored on."""
        return self.compiled.benchmark

    @property
    def policy(self) -> Literal["paper", "release"]:
        """ "paper" or "release"."""
        return self.compiled.options.policy

    @property
    def zero(self) -> Literal["missing", "score"]:
        """What an exact 0 meant: "missing" or "score"."""
        return self.compiled.options.zero

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names of the models; "model 0", "model 1", ... where an array was scored without names."""
        return self.names if self.names is not None else tuple(f"model {i}" for i in range(len(self.level)))

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the second axis of `modality`."""
        return self.benchmark.modalities

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """(modality, paradigm) of the second axis of `means`, `supported` and `wins`; ("language", "") last."""
        return self.benchmark.groups

    @property
    def language(self) -> Array:
        """float64 (n_models,): S_L, the mean over won language tasks, in points."""
        return self.means[:, -1, 1]

    def __len__(self) -> int:
        return len(self.level)

    def row(self, model: str) -> int:
        """The row of a model; names meet as in `load_results`.

        Parameters
        ----------
        model : str

        Returns
        -------
        int

        Raises
        ------
        ResultsError
            With the nearest names.
        """
        rows = self._rows
        if (i := rows.get(fold_task(model))) is None:
            raise ResultsError(f"no model {shown(model)}{nearest(model, self.models)}")
        return i

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {fold_task(name): i for i, name in enumerate(self.models)}

    @cached_property
    def skills(self) -> SkillScores:
        """Means, coverage and counts per skill; computed on first use."""
        return skill_scores(self.compiled, self.scored_raw(), self.models)

    @cached_property
    def coverage(self) -> Array:
        """float64 (n_models, n_groups): the share, by weight, of each group's tasks that are supported."""
        return group_coverage(self.compiled, self.raw, self.supported)

    @cached_property
    def lower_bound(self) -> NDArray[np.bool_]:
        """bool (n_models, n_modalities + 2): whose scores are lower bounds, by `modalities`, language, and overall.

        Overall is that of S2 to S4; S5 is a lower bound where it or language is (docs/spec.md section 8).
        """
        bounds = np.zeros((len(self), len(self.modalities) + 2), bool)
        if isinstance(self.given, Results) and self.given.unknown is not None:
            group = self.benchmark.group_of_task
            for m in range(len(self.modalities) + 1):  # the group after all modalities is language
                bounds[:, m] = self.given.unknown[:, group // 2 == m].any(axis=1)
            bounds[:, -1] = bounds[:, :-2].any(axis=1)
        return bounds

    def lower_bound_names(self, i: int) -> list[str]:
        """The modalities of model i, language among them, whose scores are lower bounds.

        Parameters
        ----------
        i : int
            A row.

        Returns
        -------
        list of str
        """
        names = (*self.modalities, LANGUAGE)
        return [name for name, bound in zip(names, self.lower_bound[i].tolist(), strict=False) if bound]

    def scored_raw(self) -> Array:
        """`raw`, for what needs it.

        Returns
        -------
        float64 (n_models, n_tasks)

        Raises
        ------
        ResultsError
            Where these scores do not carry it.
        """
        if self.raw is None:
            raise ResultsError("these scores do not carry the raw results that this needs; make them with Scorer.score")
        return self.raw

    def columns(self) -> dict[str, Any]:
        """The scores as a table: one row per model, one column per number.

        Returns
        -------
        dict of list or array (n_models,)
        """
        table: dict[str, Any] = {"model": list(self.models), "level": self.level}
        table |= {f"level{k}": self.overall[:, i] for i, k in enumerate(LEVELS)}
        for m, modality in enumerate(self.modalities):
            table |= {f"{modality}_level{k}": self.modality[:, m, i] for i, k in enumerate(LEVELS[:3])}
        table["language_score"] = self.language
        for what, counts in (("supported", self.supported), ("wins", self.wins)):
            for g, (modality, paradigm) in enumerate(self.groups):
                table["_".join(filter(None, (modality, paradigm, what)))] = counts[:, g]
        some = bool(self.lower_bound.any())
        table["lower_bound"] = [", ".join(self.lower_bound_names(i)) if some else "" for i in range(len(self))]
        return table

    def to_dict(self) -> dict[str, Any]:
        """Plain data as `glevel score --json` prints it; a score that is not a number is None.

        Returns
        -------
        dict
            Plain data for JSON, floats in full precision.
        """
        return {
            "glevel_fast": __version__,
            "policy": self.policy,
            "benchmark": {"tasks": self.benchmark.n_tasks, "sha256": self.benchmark.sha256},
            "models": [self._model(i) for i in range(len(self))],
            "notes": list(self.notes),
        }

    def _model(self, i: int) -> dict[str, Any]:
        def levels(values: Array) -> dict[str, float | None]:
            return {f"level{k}": _number(value) for k, value in zip(LEVELS, values, strict=False)}

        def by_paradigm(counts: NDArray[np.int32], m: int) -> dict[str, int]:
            return {paradigm: int(counts[i, 2 * m + p]) for p, paradigm in enumerate(PARADIGMS)}

        return {
            "model": self.models[i],
            "level": int(self.level[i]) or None,
            "overall": levels(self.overall[i]),
            "modality": {
                modality: levels(self.modality[i, m])
                | {"supported": by_paradigm(self.supported, m), "wins": by_paradigm(self.wins, m)}
                for m, modality in enumerate(self.modalities)
            },
            "language": {
                "supported": int(self.supported[i, -1]),
                "wins": int(self.wins[i, -1]),
                "score": _number(self.language[i]),
            },
            "lower_bound": self.lower_bound_names(i),
        }

    def _summary(self) -> tuple[list[str], list[list[str]]]:
        header = ["model", "level", "S2", "S3", "S4", "S5", *(f"{m} S2" for m in self.modalities), "supported", "wins"]
        bounds = self.lower_bound
        of_s5 = bounds[:, -2] | bounds[:, -1]
        at_level = self.overall[np.arange(len(self)), np.maximum(self.level, 2) - 2]
        order = np.lexsort((-np.nan_to_num(at_level), -self.level.astype(int)))[:20]  # the best first
        rows = [
            [
                self.models[i],
                str(self.level[i] or "-"),
                *map(points_text, self.overall[i], [*[bool(bounds[i, -1])] * 3, bool(of_s5[i])]),
                *map(points_text, self.modality[i, :, 0], bounds[i].tolist()),
                str(self.supported[i].sum()),
                str(self.wins[i].sum()),
            ]
            for i in order.tolist()
        ]
        return header, rows

    def __repr__(self) -> str:
        title = f"Scores of {len(self)} models on {self.benchmark.n_tasks} tasks, policy {self.policy}"
        header, rows = self._summary()
        rows = [[clean(row[0], 40), *row[1:]] for row in rows]
        widths = [max(len(row[c]) for row in [header, *rows]) for c in range(len(header))]
        lines = [
            "  ".join(
                cell.rjust(w) if c else cell.ljust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in [header, *rows]
        ]
        return "\n".join([title, *lines, *self._rest()])

    def _repr_html_(self) -> str:
        header, rows = self._summary()
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        caption = f"{len(self)} models on {self.benchmark.n_tasks} tasks, policy {self.policy}"
        rest = "".join(f"<p>{html.escape(line)}</p>" for line in self._rest())
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"

    def _rest(self) -> list[str]:
        more = [f"... and {len(self) - 20} more models"] if len(self) > 20 else []
        return more + [f"note: {note}" for note in self.notes]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
