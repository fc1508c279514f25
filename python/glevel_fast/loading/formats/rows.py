"""What every format is read into: rows that keep what tells results apart, and what was left out, by reason."""

from __future__ import annotations

import datetime
import math
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.text import shown

AVERAGE = "average"
"""The `group` of a row that is an average (or a sum) of others beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value of one model, and all that tells it from other values of the same name.

    Attributes
    ----------
    model, revision : str
    task, metric : str
        As the tool writes them.
    filter, split, subset : str
        How answers were taken out of the output, or perturbed; the part of the data.
    value, stderr : float
        In `unit`; stderr is NaN where it is not known.
    unit : str
        "fraction", "percent", or "" where the tool does not say.
    better : str
        "higher", "lower", or "" where the tool does not say.
    n : float
        Samples behind the value; NaN where not known.
    shots : str
        Examples in the prompt; "" where not known.
    version : str
        Of the task or its data, as text.
    group : str
        "average" of a row that averages others; else the average that this row goes into, or "".
    limit : str
        The most samples that the run was held to; "" where it ran on all.
    source, date : str
        The file; when it ran, ISO 8601 in UTC, or "".
    """

    model: str
    task: str
    metric: str
    value: float
    revision: str = ""
    filter: str = ""
    split: str = ""
    subset: str = ""
    unit: str = ""
    better: str = ""
    stderr: float = math.nan
    n: float = math.nan
    shots: str = ""
    version: str = ""
    group: str = ""
    limit: str = ""
    source: str = ""
    date: str = ""


@dataclass
class Take:
    """What has been read so far.

    Attributes
    ----------
    rows : list of Row
    left : Counter
        How many values were left out, by reason.
    model : str
        The model's name where a file does not hold it; "" where none was given.
    """

    model: str = ""
    rows: list[Row] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, value: Any, **parts: Any) -> None:
        """A row, or one more that was left out because its value is no finite number."""
        x = number(value)
        if not (parts["task"] and parts["metric"]):
            self.leave("a value without the name of a task or a metric")
        elif x is None:
            self.leave("the value is no number (N/A, empty, NaN, a text)")
        else:
            self.rows.append(Row(value=x, **parts))

    def leave(self, reason: str, n: int = 1) -> None:
        """Count values that are left out."""
        if n:
            self.left[reason] += n


def number(value: Any) -> float | None:
    """A finite number, from text too; else None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def or_nan(value: Any) -> float:
    """A finite number, or NaN."""
    x = number(value)
    return math.nan if x is None else x


def text(value: Any) -> str:
    """Names, versions and limits as text: whole numbers without ".0", nothing for None."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return str(value).strip()


def when(seconds: Any) -> str:
    """Seconds since 1970 as a date in UTC, "" where it is none."""
    x = number(seconds)
    if x is None or not 0 < x < 1e11:
        return ""
    return datetime.datetime.fromtimestamp(int(x), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_utc(date: Any) -> str:
    """An ISO date with an offset as one in UTC; other text as it is."""
    try:
        moment = datetime.datetime.fromisoformat(date)
    except (TypeError, ValueError):
        return text(date)
    if moment.tzinfo is None:
        return text(date)
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table_of(value: Any, path: str, what: str) -> dict[str, Any]:
    """`value` where it is an object with names.

    Raises
    ------
    ResultsError
        Saying which file it was taken for.
    """
    if not isinstance(value, dict):
        raise ResultsError(f"{path}: {what} is {shown(value)}, not an object with names")
    return value


def folders(path: str) -> list[str]:
    """Names of the folders above a file, the nearest first."""
    parts = os.path.dirname(os.path.abspath(path)).split(os.sep)
    return [part for part in reversed(parts) if part]


def dict_at(value: Any, *names: str) -> dict[str, Any]:
    """The object at value[name][name]..., empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
