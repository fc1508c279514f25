"""How many values the columns of a Parquet file unpack to, by the headers of its pages.

A column of lists may hold any number of values in a row, thousands of millions in a few bytes; the footer may say what
it likes, and no page gives more values than its header says. pyarrow does not show these headers, and its view of the
footer ends the process where a damaged one has statistics that do not fit.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

__all__ = ["values_in_pages"]

HEADER = 65_536
"""Most bytes of a page's header."""
PADDING = 100
"""Bytes behind a column chunk in which Arrow looks for its pages too, in files of old writers."""
DEPTH = 12
BOOLS, INTEGERS, DOUBLE, BINARY, LISTS, MAP, STRUCT = (1, 2), (3, 4, 5, 6), 7, 8, (9, 10), 11, 12
"""Kinds of fields in Thrift's compact protocol, in which footer and headers are written."""


def values_in_pages(file: BinaryIO, most: int) -> int:
    """The values in all data pages; the count ends above `most`.

    Raises
    ------
    ValueError
        For what is no Parquet file, or damaged.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    length = int.from_bytes(file.read(4), "little")
    if length > size - 12:
        raise ValueError("its footer is longer than the file")
    file.seek(size - 8 - length)
    try:
        found = 0
        for group in _Compact(file.read(length)).struct().get(4, []):
            for chunk in group.get(1, []):
                about = chunk.get(3, {})
                starts = [about[place] for place in (9, 11) if about.get(place, 0) > 0]  # of data, of a dictionary
                at = min(starts, default=0)
                found += _values(file, at, min(at + about.get(7, 0), size), most - found)
                if found > most:
                    return found
        return found
    except (AttributeError, TypeError):  # a list where a number belongs
        raise ValueError("its description is damaged") from None


def _values(file: BinaryIO, at: int, end: int, most: int) -> int:
    """The values in the data pages of a column chunk from `at` to `end`; the count ends above `most`."""
    found = 0
    while at < end + PADDING and found <= most:
        file.seek(at)
        reader = _Compact(file.read(HEADER))
        try:
            page = reader.struct()
            packed, counted = page.get(3, -1), page.get(5) or page.get(8) or {}
            if packed < 0 or counted.get(1, 0) < 0:
                raise ValueError("a page of less than nothing")
        except (AttributeError, TypeError, ValueError):
            if at >= end:  # no page, then
                break
            raise
        found += counted.get(1, 0)
        at += reader.at + packed
    return found


class _Compact:
    """Structs of Thrift's compact protocol, as dicts by the numbers of their fields."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > DEPTH:
            raise ValueError("structs inside structs without end")
        fields: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.integer()
            fields[number] = (head & 15) == BOOLS[0] if head & 15 in BOOLS else self.value(head & 15, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in INTEGERS:
            return self.byte() if kind == INTEGERS[0] else self.integer()
        if kind in BOOLS:
            return self.byte()
        if kind == DOUBLE:
            return self.skip(8)
        if kind == BINARY:
            return self.skip(self.varint())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in LISTS:
            head = self.byte()
            n = self.size(head >> 4 if head >> 4 < 15 else self.varint())
            return [self.value(head & 15, depth + 1) for _ in range(n)]
        if kind == MAP:
            n = self.size(self.varint())
            kinds = self.byte() if n else 0
            return [(self.value(kinds >> 4, depth + 1), self.value(kinds & 15, depth + 1)) for _ in range(n)]
        raise ValueError(f"a field of the kind {kind}")

    def size(self, n: int) -> int:
        if n > len(self.data) - self.at:  # each takes a byte at least
            raise ValueError("a list longer than what is left")
        return n

    def byte(self) -> int:
        self.skip(1)
        return self.data[self.at - 1]

    def skip(self, n: int) -> None:
        if n > len(self.data) - self.at:
            raise ValueError("it is cut off")
        self.at += n

    def varint(self) -> int:
        found = shift = 0
        while True:
            byte = self.byte()
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def integer(self) -> int:
        zigzag = self.varint()
        return (zigzag >> 1) ^ -(zigzag & 1)
