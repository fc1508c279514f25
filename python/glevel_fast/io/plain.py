"""Worksheets of .xlsx files that hold nothing but plain values, as nearly all do: read in one pass of the engine."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from glevel_fast import _core
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.io.xlsx import MAX_TEXT, Package, is_date, is_percent

_SHARED = re.compile(r"<si><t(?: xml:space=\"preserve\")?>([^<]*)</t>(?:<phoneticPr [^<>]*/>)?</si>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_REFERENCE = re.compile("&(?:#([0-9]{1,7});|#x([0-9A-Fa-f]{1,6});|[a-z]+;|)")


def _character(found: re.Match[str]) -> str:
    """What an entity, or a reference to something beyond ASCII, stands for; a zero for any other."""
    decimal, hexadecimal = found.groups()
    if decimal is None and hexadecimal is None:
        return _ENTITIES.get(found[0], "\0")
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    is_character = 0xA0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000 and code not in (0xFFFE, 0xFFFF)
    return chr(code) if is_character else "\0"


class PlainSheets:
    """Rows of a workbook's sheets, where they are plain."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._copies = 0  # cells so far that copy a shared text

    def rows(self, title: str) -> list[list[Any]] | None:
        """A sheet's rows from its first on; None where they have to be looked at cell by cell."""
        if (part := self._package.sheets.get(title)) is None:
            return None
        found = _core.sheet_rows(self._package.parts[part], self._shared, self._odd_styles, MAX_CELLS)
        if found is None:
            return None
        rows, copies = found
        self._copies += copies
        # what comes after may copy each of them
        return rows if self._copies * self._longest <= MAX_TEXT else None

    @cached_property
    def _odd_styles(self) -> bytes:
        """A byte for each style: whether its numbers are percentages or dates."""
        return bytes(is_percent(*form) or is_date(*form) for form in self._package.formats)

    @cached_property
    def _shared(self) -> list[str]:
        """The shared texts; none where they are not plain, so that no cell finds its own."""
        data = self._package.part("xl/sharedstrings.xml")
        if data is None or b"<!" in data or data.find(b"<?", 4) >= 0:  # comments, CDATA, instructions
            return []
        try:
            head, *pieces = _SHARED.split(data.decode())
        except UnicodeDecodeError:
            return []
        texts, gaps = pieces[::2], pieces[1::2]
        rest = "".join([head, *gaps])  # the tags around them all, and whatever is no plain text
        if "<si" in rest or ":si" in rest or re.search(r"_x|[\0-\x08\x0b-\x1f]", "".join(texts)):
            return []
        for i, text in enumerate(texts):
            if "&" in text:
                texts[i] = _REFERENCE.sub(_character, text)
                if "\0" in texts[i]:
                    return []
        return [text.strip() for text in texts]

    @cached_property
    def _longest(self) -> int:
        """Bytes of the longest shared text, in Python."""
        return max((len(text) * (1 if text.isascii() else 4) for text in self._shared), default=0)
