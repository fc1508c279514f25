"""glevel_fast: fast, exact scoring of multimodal generalists on General-Level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast import published, reference
    from glevel_fast._core import build_info
    from glevel_fast.api import Scorer, Scores
    from glevel_fast.boards.board import Board, board
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.metrics import Metric, known_metrics, register_metric
    from glevel_fast.core.results import Results
    from glevel_fast.core.update import Updated
    from glevel_fast.errors import (
        BenchmarkError,
        EvaluationError,
        GLevelError,
        InvalidScoreError,
        MissingExtraError,
        ResultsError,
        UnknownMetricError,
    )
    from glevel_fast.evaluation.evaluate import Evaluation, evaluate
    from glevel_fast.folders import ScoredFolder
    from glevel_fast.loading.benchmark import load_benchmark
    from glevel_fast.loading.importing import Imported, import_results
    from glevel_fast.loading.results import ResultsLike, load_results
    from glevel_fast.report.export import Export
    from glevel_fast.report.with_plots import Ablation, Bootstrap, Receipt, WhatIf
    from glevel_fast.trust import audit, snapshot
    from glevel_fast.trust.linter import lint
    from glevel_fast.trust.policy_diff import policy_diff
    from glevel_fast.uncertainty.comparison import Comparison
    from glevel_fast.uncertainty.fragility import Fragility
    from glevel_fast.uncertainty.prepared import Prepared
    from glevel_fast.uncertainty.specialists import SpecialistSets
    from glevel_fast.uncertainty.subsets import Subset
    from glevel_fast.uncertainty.summary import Summary


def _refuse_subinterpreters() -> None:
    """NumPy and the engine keep their state per process: loading the engine in a second interpreter may hang."""
    from importlib import import_module

    for module in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = import_module(module)
        except ImportError:
            continue
        if interpreters.get_current() != interpreters.get_main():
            raise ImportError("glevel_fast does not support subinterpreters; use it in the main interpreter")
        return


_refuse_subinterpreters()

# Where each public name lives; a module stands for itself. They load on first use, so that `import glevel_fast` and
# `glevel --help` stay fast.
_HOME = {
    "Ablation": "report.with_plots",
    "Benchmark": "core.benchmark",
    "BenchmarkError": "errors",
    "Board": "boards.board",
    "Bootstrap": "report.with_plots",
    "Comparison": "uncertainty.comparison",
    "Evaluation": "evaluation.evaluate",
    "EvaluationError": "errors",
    "Export": "report.export",
    "Fragility": "uncertainty.fragility",
    "GLevelError": "errors",
    "Imported": "loading.importing",
    "InvalidScoreError": "errors",
    "Metric": "core.metrics",
    "MissingExtraError": "errors",
    "Prepared": "uncertainty.prepared",
    "Receipt": "report.with_plots",
    "Results": "core.results",
    "ResultsError": "errors",
    "ResultsLike": "loading.results",
    "ScoredFolder": "folders",
    "Scorer": "api",
    "Scores": "api",
    "SpecialistSets": "uncertainty.specialists",
    "Subset": "uncertainty.subsets",
    "Summary": "uncertainty.summary",
    "UnknownMetricError": "errors",
    "Updated": "core.update",
    "WhatIf": "report.with_plots",
    "audit": "trust.audit",
    "board": "boards.board",
    "build_info": "_core",
    "evaluate": "evaluation.evaluate",
    "import_results": "loading.importing",
    "known_metrics": "core.metrics",
    "lint": "trust.linter",
    "load_benchmark": "loading.benchmark",
    "load_results": "loading.results",
    "policy_diff": "trust.policy_diff",
    "published": "published",
    "reference": "reference",
    "register_metric": "core.metrics",
    "snapshot": "trust.snapshot",
}

__all__ = [
    "Ablation",
    "Benchmark",
    "BenchmarkError",
    "Board",
    "Bootstrap",
    "Comparison",
    "Evaluation",
    "EvaluationError",
    "Export",
    "Fragility",
    "GLevelError",
    "Imported",
    "InvalidScoreError",
    "Metric",
    "MissingExtraError",
    "Prepared",
    "Receipt",
    "Results",
    "ResultsError",
    "ResultsLike",
    "ScoredFolder",
    "Scorer",
    "Scores",
    "SpecialistSets",
    "Subset",
    "Summary",
    "UnknownMetricError",
    "Updated",
    "WhatIf",
    "__version__",
    "audit",
    "board",
    "build_info",
    "evaluate",
    "import_results",
    "known_metrics",
    "lint",
    "load_benchmark",
    "load_results",
    "policy_diff",
    "published",
    "reference",
    "register_metric",
    "snapshot",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'glevel_fast' has no attribute {name!r}")
    from importlib import import_module

    home = import_module(f"glevel_fast.{_HOME[name]}")
    value = home if home.__name__.rpartition(".")[2] == name and not hasattr(home, name) else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
