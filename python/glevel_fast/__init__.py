"""glevel_fast: fast, exact scoring of multimodal generalists on General-Level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glevel_fast import published, reference
    from glevel_fast._core import build_info
    from glevel_fast.benchmark import Benchmark, load_benchmark
    from glevel_fast.errors import (
        BenchmarkError,
        GLevelError,
        InvalidScoreError,
        MissingExtraError,
        ResultsError,
        UnknownMetricError,
    )
    from glevel_fast.metrics import Metric, known_metrics, register_metric
    from glevel_fast.results import Results, load_results
    from glevel_fast.scoring import Scorer, Scores

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
    "Benchmark": "benchmark",
    "BenchmarkError": "errors",
    "GLevelError": "errors",
    "InvalidScoreError": "errors",
    "Metric": "metrics",
    "MissingExtraError": "errors",
    "Results": "results",
    "ResultsError": "errors",
    "Scorer": "scoring",
    "Scores": "scoring",
    "UnknownMetricError": "errors",
    "build_info": "_core",
    "known_metrics": "metrics",
    "load_benchmark": "benchmark",
    "load_results": "results",
    "published": "",
    "reference": "",
    "register_metric": "metrics",
}

__all__ = [
    "Benchmark",
    "BenchmarkError",
    "GLevelError",
    "InvalidScoreError",
    "Metric",
    "MissingExtraError",
    "Results",
    "ResultsError",
    "Scorer",
    "Scores",
    "UnknownMetricError",
    "build_info",
    "known_metrics",
    "load_benchmark",
    "load_results",
    "published",
    "reference",
    "register_metric",
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
