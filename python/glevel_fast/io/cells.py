"""How the cells of tables become numbers and text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.text import shown

Column = Sequence[Any] | NDArray[np.float64]

NOT_SUPPORTED = frozenset({"", "nan", "∞", "+∞", "inf", "+inf", "infinity", "+infinity", "-", "/"})
"""Text that says "this model does not support the task" (case-blind, stripped; SPEC.md section 3)."""


def is_missing(value: object) -> bool:
    """None, NaN, and the missing values of pandas."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (
            type(value).__name__ in ("NAType", "NaTType")  # pandas.NA and NaT, without importing pandas
        )
    )


def is_blank(value: object) -> bool:
    """Missing, or text of white space only."""
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def as_text(value: object) -> str | None:
    """A cell as stripped text, "" where it is missing; None where it is neither text nor a number."""
    if isinstance(value, str):
        return value.strip()
    if is_missing(value):
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:.0f}" if value.is_integer() and -1e15 < float(value) < 1e15 else str(value)
    return shown(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else None


def as_number(value: object, missing: frozenset[str] = NOT_SUPPORTED) -> float | None:
    """A cell as a number, NaN where it is missing or a text in `missing`; None where it is something else.

    An infinity that is a number stays; minus infinity, and what is too large for a double, is something else.
    """
    if isinstance(value, str):
        try:
            x = float(value) if value else math.nan
        except ValueError:
            x = math.inf
        # float() takes 1_000 for 1000, rounds 1e400 to infinity, and knows nan and inf
        if math.isfinite(x) and "_" not in value:
            return x
        return math.nan if value.strip().casefold() in missing else None
    if isinstance(value, float):
        return value if value != -math.inf else None
    if is_missing(value):
        return math.nan
    if isinstance(value, (int, np.integer, np.floating, Decimal)) and not isinstance(value, bool):
        try:
            x = float(value)
        except (OverflowError, ValueError):
            return None
        return None if math.isinf(x) and (x < 0 or not isinstance(value, np.floating)) else x
    return None


def as_numbers(column: Column, missing: frozenset[str] = NOT_SUPPORTED) -> tuple[NDArray[np.float64], list[int]]:
    """A column as float64, NaN where missing, and the positions of the cells that are not numbers (or -inf)."""
    if isinstance(column, np.ndarray):
        return column, np.flatnonzero(np.isneginf(column)).tolist()
    if (values := _plain_numbers(column)) is not None:
        return values, []
    parsed = [as_number(value, missing) for value in column]
    bad = [i for i, x in enumerate(parsed) if x is None] if None in parsed else []
    return np.array([math.nan if x is None else x for x in parsed] if bad else parsed, dtype=np.float64), bad


def _plain_numbers(column: Sequence[Any]) -> NDArray[np.float64] | None:
    """What `as_numbers` gives for texts that are finite numbers or empty, in a third of the time; else None."""
    if set(map(type, column)) != {str}:
        return None
    try:
        values = np.array([float(cell or "nan") for cell in column])
    except ValueError:
        return None
    if np.isinf(values).any() or np.count_nonzero(np.isnan(values)) != column.count("") or "_" in "".join(column):
        return None
    return values
