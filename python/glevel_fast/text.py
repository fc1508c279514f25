"""What is shown to people, and how their spellings meet: values in messages, listings, names folded and cut."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from glevel_fast.errors import GLevelError

WIDTH = 80

MAX_NAME = 10_000
"""Most characters of a model's or a task's name."""

_MARKS = re.compile(r"[^\w\s\x00-\x7f]+")
"""Runs of symbols beyond ASCII: of a long run of combining marks, normalising takes time that grows with its square."""


def shown(value: object) -> str:
    """A value for a message: its repr, never long and never failing."""
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:77] + "...")
    try:
        short = repr(value.item() if isinstance(value, np.generic) else value)
    except Exception:  # the repr of a stranger's object may raise anything
        short = f"<{type(value).__name__}>"
    return short if len(short) <= 80 else short[:77] + "..."


def listing(items: Sequence[str], most: int = 10) -> str:
    """Up to `most` items in one line, and how many more."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def bullets(items: Iterable[str], total: int, most: int = 10) -> str:
    """Up to `most` items, each on a line of its own, and how many more; `items` is read no further."""
    lines = list(islice(items, most))
    more = [f"and {total - most} more"] if total > most else []
    return "".join(f"\n  - {line}" for line in [*lines, *more])


def reason(error: BaseException) -> str:
    """Why, in a few words, without the path that the message names already."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def clean(text: str, width: int = WIDTH) -> str:
    """Without control characters, line breaks and marks of direction, at most `width` characters."""
    shown = "".join(c if c.isprintable() else "�" for c in text[: 4 * width])
    return shown if len(text) <= width else shown[: width - 1] + "…"


def points_text(value: float, lower_bound: bool = False) -> str:
    """Points as people read them: two decimals, "-" for NaN, and ≥ before a lower bound (docs/spec.md section 8)."""
    return "-" if value != value else f"{'≥' if lower_bound else ''}{value:.2f}"


_DASHES = frozenset("\u2212\u2043\u02d7\u2796")
"""Dashes that Unicode does not call so: minus, hyphen bullet, modifier and heavy minus."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0") | {
    chr(point) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for point in range(first, last + 1)
}
"""Characters without width that are no format characters: fillers, joiners, variation selectors."""


def harmless(text: str) -> str:
    """Of any length and number of lines, without control characters and marks of direction."""
    return "".join(c if c == "\n" or c.isprintable() else "�" for c in text)


def is_unicode(name: str) -> bool:
    """Whether a name can be written at all; JSON and Python let the lone half of a surrogate pair through."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def spelling(name: str) -> str:
    """A name without what people do not see as another spelling: white space is folded, case does not count.

    Raises
    ------
    GLevelError
        For a name of more than `MAX_NAME` characters.
    """
    if len(name) > MAX_NAME:
        raise GLevelError(f"the name {shown(name)} has {len(name):,} characters; at most {MAX_NAME:,} can be read")
    return " ".join(_composed(name, "NFC").split()).casefold()


def fold_task(name: str) -> str:
    """The form under which names of models and tasks meet (docs/spec.md section 3).

    Beyond `spelling`, compatible characters are one (NFKC), zero-width and format characters fall away, and all
    dashes are alike: what looks the same is the same.

    Raises
    ------
    GLevelError
        For a name of more than `MAX_NAME` characters.
    """
    if name.isascii():  # `spelling` gives the same, with more calls
        return " ".join(name.split()).casefold() if len(name) <= MAX_NAME else spelling(name)
    seen = "".join(
        "-" if c in _DASHES or unicodedata.category(c) == "Pd" else c
        for c in _composed(name, "NFKC")
        if c not in _INVISIBLE and unicodedata.category(c) != "Cf"
    )
    return spelling(seen[:MAX_NAME])


def _composed(name: str, form: Literal["NFC", "NFKC"]) -> str:
    if not name.isascii() and max(map(len, _MARKS.findall(name)), default=0) <= 30:
        return unicodedata.normalize(form, name)
    return name


def spelled(name: str) -> str:
    """A name for messages, with the code points of the characters that look like others or like nothing."""
    odd = dict.fromkeys(
        c
        for c in name
        if not c.isascii() and (fold_task(f"a{c}") != f"a{c.casefold()}" or unicodedata.category(c) in ("Zs", "Mn"))
    )
    points = listing([f"U+{ord(c):04X}" for c in odd], 5)
    return f"{shown(name)} ({points})" if points else shown(name)


def fold_label(name: str) -> str:
    """The form under which names meet: case, white space and a trailing bracket do not count."""
    name = " ".join(name.split())
    return (re.sub(r" ?[(（][^()（）]*[)）]$", "", name) or name).casefold()


def nearest(name: str, names: Iterable[str]) -> str:
    """ " (nearest: 'A', 'B')" for an error message, or nothing when nothing is near.

    Long names, and those after the thousandth, are not looked at: comparing takes time.
    """
    by_fold = {fold_label(known): known for known in islice(names, 1000) if len(known) <= 80}
    close = difflib.get_close_matches(fold_label(name[:80]), by_fold, n=3, cutoff=0.5)
    return f" (nearest: {', '.join(repr(by_fold[c]) for c in close)})" if close else ""


def shown_listing(names: Sequence[str], most: int = 10) -> str:
    """Up to `most` names as messages show them, and how many more."""
    return listing([shown(name) for name in names[:most]], most) + (
        f" and {len(names) - most} more" if len(names) > most else ""
    )
