"""glevel_fast: fast, exact scoring of multimodal generalists on General-Level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glevel_fast import audit, published, reference, snapshot
    from glevel_fast._core import build_info
    from glevel_fast.ablation import Ablation, Prepared
    from glevel_fast.benchmark import Benchmark, load_benchmark
    from glevel_fast.boards import Board, board
    from glevel_fast.errors import (
        BenchmarkError,
        GLevelError,
        InvalidScoreError,
        MissingExtraError,
        ResultsError,
        UnknownMetricError,
    )
    from glevel_fast.linter import lint
    from glevel_fast.metrics import Metric, known_metrics, register_metric
    from glevel_fast.policies import policy_diff
    from glevel_fast.receipts import Receipt
    from glevel_fast.results import Results, load_results
    from glevel_fast.scores import Scores
    from glevel_fast.scoring import Scorer
    from glevel_fast.specialists import SpecialistSets
    from glevel_fast.summary import Summary
    from glevel_fast.uncertainty import Bootstrap
    from glevel_fast.what_if import Fragility, WhatIf

__version__ = "0.1.0"


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

# Where each public name lives. They load on first use, so that `import glevel_fast` and
# `glevel --help` stay fast.
_HOME = {
    "Ablation": "ablation",
    "Benchmark": "benchmark",
    "BenchmarkError": "errors",
    "Board": "boards",
    "Bootstrap": "uncertainty",
    "Fragility": "what_if",
    "GLevelError": "errors",
    "InvalidScoreError": "errors",
    "Metric": "metrics",
    "MissingExtraError": "errors",
    "Receipt": "receipts",
    "Prepared": "ablation",
    "Results": "results",
    "ResultsError": "errors",
    "Scorer": "scoring",
    "Scores": "scores",
    "SpecialistSets": "specialists",
    "Summary": "summary",
    "UnknownMetricError": "errors",
    "audit": "",
    "board": "boards",
    "WhatIf": "what_if",
    "build_info": "_core",
    "known_metrics": "metrics",
    "lint": "linter",
    "load_benchmark": "benchmark",
    "load_results": "results",
    "policy_diff": "policies",
    "published": "",
    "reference": "",
    "register_metric": "metrics",
    "snapshot": "",
}

__all__ = [
    "Ablation",
    "Benchmark",
    "BenchmarkError",
    "Board",
    "Bootstrap",
    "Fragility",
    "GLevelError",
    "InvalidScoreError",
    "Metric",
    "MissingExtraError",
    "Prepared",
    "Receipt",
    "Results",
    "ResultsError",
    "Scorer",
    "Scores",
    "SpecialistSets",
    "Summary",
    "UnknownMetricError",
    "WhatIf",
    "audit",
    "board",
    "build_info",
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

    home = _HOME[name]
    value = getattr(import_module(f"glevel_fast.{home}"), name) if home else import_module(f"glevel_fast.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
