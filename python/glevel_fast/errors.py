"""The errors users meet; all are `ValueError`s."""

from __future__ import annotations

__all__ = [
    "BenchmarkError",
    "EvaluationError",
    "GLevelError",
    "InvalidScoreError",
    "MissingExtraError",
    "ResultsError",
    "UnknownMetricError",
    "UnknownTaskError",
]


class GLevelError(ValueError):
    """Anything that is wrong with what the user gave us."""


class UnknownMetricError(GLevelError):
    """A metric that neither General-Bench nor `register_metric` knows."""


class InvalidScoreError(GLevelError):
    """A value outside its metric's domain, or in the wrong unit."""


class BenchmarkError(GLevelError):
    """A benchmark table that cannot be used."""


class ResultsError(GLevelError):
    """Results that cannot be read, or do not fit the benchmark."""


class EvaluationError(GLevelError):
    """Predictions, annotations or a table of tasks that cannot be evaluated.

    Attributes
    ----------
    by_predictions : bool
        Whether the predictions alone are at fault; the message then tells nothing of the gold.
    """

    by_predictions = False


class UnknownTaskError(ResultsError):
    """Results of tasks that the benchmark does not have."""


class MissingExtraError(GLevelError, ImportError):
    """An optional dependency is absent; the message names the extra that brings it."""


class SubmissionError(GLevelError):
    """A submission that is not taken; `possible_at` is when it may be, in milliseconds of UTC, where that is known."""

    def __init__(self, message: str, possible_at: int | None = None) -> None:
        super().__init__(message)
        self.possible_at = possible_at
