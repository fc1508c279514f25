"""Scores in the formats of other projects: every_eval_ever, the model-index of model cards, and plain tables.

What leaves is S2 to S5 and the level, their intervals with how far they cover, and the hash of the benchmark that
they are of.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.core.checks import checked_date
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.uncertainty import limits
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores
    from glevel_fast.uncertainty.bootstrap import Bootstrap

__all__ = ["Export"]

METHOD = "spread of the tasks within each group, as of glevel stability"
Array = NDArray[np.float64]
LEVEL_NAMES = ["none", "Level-2", "Level-3", "Level-4", "Level-5"]
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of web addresses, RFC 4122


@dataclass(frozen=True, eq=False, repr=False)
class Export(AsFrames):
    """Scores, and their intervals where there are any, on their way out.

    Attributes
    ----------
    scores : Scores
    boot : Bootstrap, optional
        Of the same scores.
    confidence : float
        Of the intervals.
    date : str
        Of the results, YYYY-MM-DD; "" where it is not known.
    """

    scores: Scores
    boot: Bootstrap | None = None
    confidence: float = 0.95
    date: str = ""

    def __post_init__(self) -> None:
        if self.boot is not None and self.boot.models != self.scores.models:
            raise GLevelError("the intervals are of other models than the scores")
        checked_date(self.date)

    def __repr__(self) -> str:
        return f"Export({len(self.scores)} models)"

    def columns(self) -> dict[str, Any]:
        """One row per model: level, S2 to S5 with the ends of their intervals, S_L, the benchmark's hash, the date.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        scores = self.scores
        level = [level or None for level in scores.level.tolist()]
        table: dict[str, Any] = {"model": list(scores.models), "level": level}
        low, high = (None, None) if self.boot is None else self.boot.intervals(self.confidence)
        for i, k in enumerate(LEVELS):
            table[f"level{k}"] = scores.overall[:, i]
            if self.boot is not None and low is not None and high is not None:
                table |= {f"level{k}_low": low[:, i], f"level{k}_high": high[:, i]}
                table |= {f"level{k}_coverage": self.boot.coverage[:, i].tolist()}
        n = len(scores)
        return table | {
            "language_score": scores.language,
            "lower_bound": [", ".join(scores.lower_bound_names(i)) for i in range(n)],
            "policy": [scores.policy] * n,
            "benchmark_sha256": [scores.benchmark.sha256] * n,
            "date": [self.date] * n,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `glevel export json` writes it.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        columns = {name: _plain(column) for name, column in self.columns().items()}
        shared = ("policy", "benchmark_sha256", "date")
        rows = zip(*(column for name, column in columns.items() if name not in shared), strict=True)
        names = [name for name in columns if name not in shared]
        return {
            "glevel_fast": __version__,
            "policy": self.scores.policy,
            "benchmark": {"tasks": self.scores.benchmark.n_tasks, "sha256": self.scores.benchmark.sha256},
            "date": self.date or None,
            "intervals": self._intervals(),
            "models": [dict(zip(names, row, strict=True)) for row in rows],
            "notes": list(self.scores.notes),
        }

    def _intervals(self) -> dict[str, Any] | None:
        if self.boot is None:
            return None
        return {
            "method": METHOD,
            "confidence": self.confidence,
            "unit": self.boot.unit,
            "covers": self.boot.covers,
            "coverage": limits.COVERAGE,
        }

    def to_eee(
        self, organization: str = "unknown", relationship: str = "other", retrieved: int = 0
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """For each model, the path of its file in a store of every_eval_ever 0.3, and what is in it.

        Parameters
        ----------
        organization : str
            Who gives the results.
        relationship : {"first_party", "third_party", "collaborative", "other"}
            Of that organisation to the models.
        retrieved : int
            When, in seconds since 1970.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        sha = self.scores.benchmark.sha256
        for i, model in enumerate(self.scores.models):
            developer, _, name = model.rpartition("/")
            about: dict[str, Any] = {"name": name, "id": model}
            about |= {"developer": developer} if developer else {}
            unknown = {"deployment_type": "unknown", "model_availability": "unknown"}
            content = {
                "schema_version": "0.3.0",
                "evaluation_id": f"general-level/{model}/{retrieved}",
                **({"evaluation_timestamp": self.date} if self.date else {}),
                "retrieved_timestamp": str(retrieved),
                "source_metadata": {
                    "source_name": "General-Level",
                    "source_type": "documentation",
                    "source_organization_name": organization,
                    "evaluator_relationship": relationship,
                    "additional_details": {"benchmark_sha256": sha, "policy": self.scores.policy},
                },
                "eval_library": {"name": "glevel_fast", "version": __version__},
                "model_info": about | {"additional_details": unknown},
                "evaluation_results": list(self._eee_results(i)),
            }
            parts = ["general-level", _slug(developer) or "unknown", _slug(name)]
            yield "/".join([*parts, f"{uuid.uuid5(_NAMESPACE, f'{sha} {self.scores.policy} {model}')}.json"]), content

    def _eee_results(self, i: int) -> Iterator[dict[str, Any]]:
        bench = self.scores.benchmark
        details = {"tasks": str(bench.n_tasks), "sha256": bench.sha256, "modalities": ", ".join(bench.modalities)}
        data = {"dataset_name": "General-Level benchmark", "source_type": "other", "additional_details": details}
        bounds = ", ".join(self.scores.lower_bound_names(i))
        for (name, value), interval in zip(self._named(i), self._of_model(i), strict=True):
            of: dict[str, Any] = {"score": value}
            if interval is not None and self.boot is not None:
                ends: dict[str, Any] = {"lower": interval[0], "upper": interval[1], "confidence_level": self.confidence}
                ends["method"] = METHOD
                of["uncertainty"] = {"confidence_interval": ends}
                of["details"] = {"coverage": interval[2]}
            if bounds:
                of["details"] = of.get("details", {}) | {"lower_bound": bounds}
            yield {
                "evaluation_result_id": f"general-level.{name.lower()}",
                "evaluation_name": f"general-level.{name.lower()}",
                "source_data": data,
                "metric_config": {
                    "evaluation_description": f"{name} of General-Level (ICML 2025), in points",
                    "metric_id": f"general_level_{name.lower()}",
                    "metric_name": name,
                    "metric_unit": "points",
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 100.0,
                },
                "score_details": of,
            }
        level = int(self.scores.level[i])
        yield {
            "evaluation_result_id": "general-level.level",
            "evaluation_name": "general-level.level",
            "source_data": data,
            "metric_config": {
                "evaluation_description": "The highest level of General-Level whose score is above 0",
                "metric_id": "general_level_level",
                "metric_name": "Level",
                "lower_is_better": False,
                "score_type": "levels",
                "level_names": LEVEL_NAMES,
                "has_unknown_level": False,
            },
            "score_details": {"score": max(level - 1, 0)},
        }

    def to_model_index(self) -> dict[str, Any]:
        """The `model-index` of a model card, with one entry per model.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        bench = self.scores.benchmark
        dataset = {
            "name": "General-Level benchmark",
            "type": "general-level",
            "revision": bench.sha256,
            "args": {"tasks": bench.n_tasks, "policy": self.scores.policy},
        }
        index = []
        for i, model in enumerate(self.scores.models):
            metrics: list[dict[str, Any]] = []
            for (name, value), interval in zip(self._named(i), self._of_model(i), strict=True):
                metric: dict[str, Any] = {"type": name.lower(), "name": name, "value": value}
                if interval is not None:
                    metric["args"] = {
                        "low": interval[0],
                        "high": interval[1],
                        "confidence": self.confidence,
                        "coverage": interval[2],
                    }
                metrics.append(metric)
            metrics.append({"type": "level", "name": "Level", "value": int(self.scores.level[i]) or None})
            result = {"task": {"type": "any-to-any", "name": "General-Level"}, "dataset": dataset, "metrics": metrics}
            index.append({"name": model, "results": [result]})
        return {"model-index": index}

    def _named(self, i: int) -> list[tuple[str, float]]:
        """The scores of a model that are numbers: S2 to S5, or S_L of a benchmark of language."""
        if not self.scores.modalities:
            return [("S_L", float(self.scores.language[i]))]
        values = self.scores.overall[i].tolist()
        return [(f"S{k}", value) for k, value in zip(LEVELS, values, strict=True) if value == value]

    def _of_model(self, i: int) -> list[tuple[float, float, str] | None]:
        """The intervals of `_named`: both ends, and the class of coverage."""
        names = [name for name, _ in self._named(i)]
        if self.boot is None or not self.scores.modalities:
            return [None] * len(names)
        low, high = self._ends
        boards = [int(name[1]) - 2 for name in names]
        return [(float(low[i, k]), float(high[i, k]), str(self.boot.coverage[i, k])) for k in boards]

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        assert self.boot is not None
        return self.boot.intervals(self.confidence)


def _plain(column: Any) -> list[Any]:
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [None if isinstance(value, float) and value != value else value for value in values]


def _slug(name: str) -> str:
    """A name as part of a path, wherever: letters, digits and . _ - alone, and no dot in front."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")[:100].rstrip("-")
