"""How the cells of tables become numbers and text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.text import shown

Column = Sequence[Any] | NDArray[np.float64]

NOT_SUPPORTED = frozenset({
    "", "nan", "∞", "+∞", "inf", "+inf", "infinity", "+infinity", "-", "/", "—", "–",
    "n/a", "na", "n.a.", "null", "none",
})  # fmt: skip
"""Text that says "this model does not support the task" (case-blind, stripped; docs/spec.md section 3)."""

EXACT = 2.0**53
"""Up to here every whole number is a double."""

PERCENT = object()
"""Marks a number that its workbook shows as a percentage."""

_CURES = (
    (r"#\w+[/!?].*|#NAME\?|Err:\d+", "an error of a spreadsheet: mend its formula"),
    (r".*\d\s*(?:±|\+/-|\+-).*|.*\d\s*\(\s*±?\s*\d[^)]*\)", "give the mean alone"),
    (r"(?:\*+|_+|`|~+|<\w+>).*\d.*(?:\*+|_+|`|~+|</\w+>)", "write it without markup"),
    (r"\d{4}-\d\d-\d\d\b.*", "a date: format the cell as a number, and type it again"),
    (r"a date", "format the cell as a number, and type it again"),
    (r"\\\w+\s*\{.*\d.*\}", "write it without markup"),
    (r"[\u2212\u2013\u2014\ufe63\uff0d]\s*\d.*", "write the minus as '-'"),
    (r"[+-]?\d{1,3}(?:[, ]\d{3})+\.\d*", "write it without separators of thousands"),
    (r"[+-]?\d*,\d+\s*%?", "write decimals with a point"),
    (r"[<>≤≥~≈]=?\s*\d.*|.*\d\s*[*†‡§¹²³^a-z↑↓]+", "write the number alone"),
)


@dataclass(frozen=True)
class Unreadable:
    """A cell that holds no value one could trust; shown as `what`."""

    what: str

    def __repr__(self) -> str:
        return self.what


def cure(value: object) -> str:
    """What to do about a cell that is no number, as " (...)"; "" where nothing better than that is known."""
    text = value.what if isinstance(value, Unreadable) else value
    if type(value).__module__ == "datetime":  # a workbook's
        text = str(value)
    if not isinstance(text, str) or len(text) > 100:
        return ""
    text = text.strip()
    return next((f" ({advice})" for form, advice in _CURES if re.fullmatch(form, text, re.IGNORECASE)), "")


def hundredfold(x: float) -> float:
    """The double nearest to 100 times the shortest decimal of x: 57.0 for 0.57, where 100 * x is 56.99999999999999."""
    return float(Decimal(repr(x)).scaleb(2)) if math.isfinite(x) else x


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
        return f"{value:.0f}" if value.is_integer() and abs(float(value)) <= EXACT else str(value)
    return shown(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else None


def hundredfolds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`hundredfold` of each value."""
    quick = np.abs(values) <= 1
    whole = np.rint(np.where(quick, values, 0.0) * 1e15)  # of up to fifteen digits, which no other decimal shares
    quick &= whole / 1e15 == values
    result: NDArray[np.float64] = whole / 1e13
    result[~quick] = [hundredfold(x) for x in values[~quick].tolist()]
    return result


def as_number(value: object, missing: frozenset[str] = NOT_SUPPORTED, percent: bool = True) -> float | None:
    """A cell as a number, NaN where it is missing or a text in `missing`; None where it is something else.

    "85.3%" is 85.3 where `percent`. An infinity that is a number stays; minus infinity, and what is too large for a
    double, is something else.
    """
    if isinstance(value, str):
        if value in missing:  # quicker than to try whether it is a number
            return math.nan
        written = value.strip()
        try:
            x = float(written.removesuffix("%") if percent else written) if value else math.nan
        except ValueError:
            x = math.inf
        # float() takes 1_000 for 1000, rounds 1e400 to infinity, and knows nan and inf
        if math.isfinite(x) and "_" not in written:
            return x
        return math.nan if written.casefold() in missing else None
    if isinstance(value, float):
        return value if value != -math.inf else None
    if is_missing(value):
        return math.nan
    if isinstance(value, (int, np.integer, np.floating, Decimal)) and not isinstance(value, bool):
        try:
            x = float(str(value) if isinstance(value, np.float32 | np.float16) else value)  # its shortest decimal
        except (OverflowError, ValueError):
            return None
        return None if math.isinf(x) and (x < 0 or not isinstance(value, np.floating)) else x
    return None


def as_numbers(
    column: Column, missing: frozenset[str] = NOT_SUPPORTED, percent: bool = True
) -> tuple[NDArray[np.float64], list[int]]:
    """A column as float64, NaN where missing, and the positions of the cells that are not numbers (or -inf)."""
    if isinstance(column, np.ndarray):
        return column, np.flatnonzero(np.isneginf(column)).tolist()
    if (values := _plain_numbers(column)) is not None:
        return values, []
    parsed = [
        value if type(value) is float and value > -math.inf else as_number(value, missing, percent) for value in column
    ]
    bad = [i for i, x in enumerate(parsed) if x is None] if None in parsed else []
    return np.array([math.nan if x is None else x for x in parsed] if bad else parsed, dtype=np.float64), bad


def widened(values: NDArray[Any]) -> NDArray[np.float64]:
    """float64 of numbers; float32 and float16 by their shortest decimal, so that 78.1 in float32 becomes 78.1.

    Source: docs/spec.md section 3.
    """
    if values.dtype not in (np.float32, np.float16):
        return np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # NaN that signal
        wide = values.astype(np.float64)
    size = np.abs(wide)
    # Powers of two have a shorter way down than up; at the ends powers of ten are not exact.
    left = np.isfinite(wide) & (wide != 0)
    hard = left & ((np.frexp(wide)[0] == np.copysign(0.5, wide)) | (size < 1e-9) | (size > 1e9))
    wide[hard] = [float(str(x)) for x in values[hard]]
    left &= ~hard
    for n in range(1, 10):  # digits
        if not left.any():
            break
        x = wide[left]
        places = n - 1 - np.floor(np.log10(np.abs(x)))
        power = 10.0 ** np.abs(places)
        short = np.where(places >= 0, np.rint(x * power) / power, np.rint(x / power) * power)
        with np.errstate(over="ignore"):
            same = short.astype(values.dtype) == values[left]
        found = np.flatnonzero(left.ravel())[same]
        wide.flat[found] = short[same]
        left.flat[found] = False
    return wide


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
