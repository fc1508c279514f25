"""How often one submitter may submit: at most so many admissions within each of some spans of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from glevel_fast.errors import GLevelError
from glevel_fast.text import shown

__all__ = ["DEFAULT_LIMITS", "Limit", "next_admission", "parse_limit", "parse_span"]

SECOND = 1000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": DAY, "w": 7 * DAY}


@dataclass(frozen=True)
class Limit:
    """At most `most` admissions within any `span` milliseconds; the span is half open.

    Of two admissions exactly one span apart, the second no longer meets the first.
    """

    most: int
    span: int

    def __str__(self) -> str:
        # 24h and 7d, as people say it, not 1d and 1w
        unit = [u for u, length in _UNITS.items() if not self.span % length and (self.span > length or u in "smh")][-1]
        return f"{self.most}/{self.span // _UNITS[unit]}{unit}"


DEFAULT_LIMITS = (Limit(2, DAY), Limit(4, 7 * DAY))
"""The limits of the General-Level leaderboard: twice in 24 hours, four times in seven days."""


def parse_limit(text: str) -> Limit:
    """A limit written such as "2/24h" or "4/7d"; the units are s, m, h, d and w.

    Raises
    ------
    GLevelError
    """
    most, slash, span = text.strip().partition("/")
    if not slash or not re.fullmatch(r"[1-9][0-9]{0,5}", most):
        raise GLevelError(f"the limit {shown(text)} is not written such as 2/24h or 4/7d")
    return Limit(int(most), parse_span(span))


def parse_span(text: str) -> int:
    """Milliseconds of a span written such as "24h" or "7d".

    Raises
    ------
    GLevelError
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", text.strip())
    if not match:
        raise GLevelError(f"the span {shown(text)} is not written such as 24h or 7d (s, m, h, d or w)")
    return int(match[1]) * _UNITS[match[2]]


def next_admission(admitted: Sequence[int], limits: Sequence[Limit] = DEFAULT_LIMITS) -> int:
    """The first millisecond at which one more admission keeps every limit; 0 where it always would.

    With the default limits this is max(t2 + 24 h, t4 + 168 h), where tn is the n-th latest admission.

    Parameters
    ----------
    admitted : sequence of int
        Times of the submitter's admissions that count, in milliseconds, in any order.
    """
    latest = sorted(admitted, reverse=True)
    return max((latest[x.most - 1] + x.span for x in limits if len(latest) >= x.most), default=0)
