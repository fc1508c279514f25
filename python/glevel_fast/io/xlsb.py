"""Binary workbooks (.xlsb), read record by record; other readers hide their errors and percentages.

Source: [MS-XLSB], "Excel (.xlsb) Binary File Format": records in 2.4, formats of cells in 2.5.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from posixpath import join, normpath
from struct import Struct
from struct import error as struct_error
from typing import Any
from xml.parsers import expat

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import PERCENT, Unreadable
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.io.xlsx import MAX_SHEETS, MAX_TEXT, NO_RESULT, damaged, is_date, is_percent, unpack
from glevel_fast.text import shown

MAX_RECORDS = 1_000_000
"""Most records of all parts that are read: rows, cells, and what their formulas bring along."""
MAX_FILLED = 500_000
"""Most cells with anything in them of all sheets that are read."""
MAX_ROW, MAX_COLUMN = 2**20, 2**14

MAX_RELATIONS = 2**20
"""Most bytes of the list of a workbook's parts."""

_WORKBOOK, _RELATIONS = "xl/workbook.bin", "xl/_rels/workbook.bin.rels"
_READ = re.compile(r"xl/(?!theme/|media/|drawings/|charts/|comments).*\.(?:bin|rels)$", re.DOTALL)

# Kinds of records
_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED_TEXT = range(8)
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_NEXT = {12: _BLANK, 13: _RK, 14: _ERROR, 15: _BOOL, 16: _REAL, 17: _TEXT, 18: _SHARED_TEXT}
"""Cells that stand beside the one before, and name no column."""
_RICH_TEXT, _SHARED_ITEM, _FORMAT, _STYLE = 62, 19, 44, 47
_BEGIN_CELLS, _END_CELLS, _SHEET, _CALCULATION = 145, 146, 156, 157
_BEGIN_STYLES, _END_STYLES = 617, 618

_U16, _U32, _I32, _F64, _CELL = Struct("<H"), Struct("<I"), Struct("<i"), Struct("<d"), Struct("<2I")
_NONE = 0xFFFFFFFF  # the length of a text that is not there
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA!",
}  # fmt: skip
_BROKEN = (struct_error, IndexError, UnicodeDecodeError, expat.ExpatError)


class XlsbBook:
    """An open .xlsb file.

    Attributes
    ----------
    titles : list of str
        Of the sheets that have cells.
    """

    def __init__(self, path: str, raw: bytes) -> None:
        self.path = path
        self._parts = {name.lower(): data for name, data in unpack(path, raw, _READ, _WORKBOOK).items()}
        self._records_left, self._cells_left, self._text_left = MAX_RECORDS, MAX_FILLED, MAX_TEXT
        self._recalculates = False
        self._part_of: dict[str, str] = {}
        with self._reading("its list of sheets"):
            for kind, body in self._records(_WORKBOOK):
                if kind == _CALCULATION:
                    self._recalculates = bool(_U16.unpack_from(body, 24)[0] & 1)
                elif kind == _SHEET:
                    self._add_sheet(body)
        self.titles = list(self._part_of)

    def _add_sheet(self, body: bytes) -> None:
        relation, after = _text(body, 8)
        title, _ = _text(body, after)
        kind, part = self._relations.get(relation, ("worksheet", ""))
        if kind != "worksheet":  # but a chart, a dialogue, or macros
            return
        if title in self._part_of:
            raise damaged(self.path, f"the sheet {shown(title)} is there twice")
        if len(self._part_of) == MAX_SHEETS:
            raise GLevelError(f"{self.path}: has more than {MAX_SHEETS:,} sheets; give the results alone")
        self._part_of[title] = part

    def read(self, title: str) -> tuple[list[list[Any]], dict[tuple[int, int], object]]:
        """A sheet's rows from its first on, and which cells are more, or less, than their value."""
        found: dict[tuple[int, int], Any] = {}
        odd: dict[tuple[int, int], object] = {}
        with self._reading(f"sheet {shown(title)}"):
            for row, column, value, judged in self._cells(self._part_of[title]):
                found[row, column] = value
                if judged is None:
                    odd.pop((row, column), None)
                else:
                    odd[row, column] = judged
        return self._laid_out(title, found), odd

    def _cells(self, part: str) -> Iterator[tuple[int, int, Any, object]]:
        """(row, column, value, what is odd about it) of each filled cell."""
        row = column = -1
        records = self._records(part)
        if not any(kind == _BEGIN_CELLS for kind, _ in records):
            raise IndexError("it has no cells")
        for kind, body in records:
            if kind == _END_CELLS:
                return
            if kind == _ROW:
                row, column = _U32.unpack_from(body)[0], -1
                continue
            if kind in _NEXT:
                kind, column, style, rest = _NEXT[kind], column + 1, _U32.unpack_from(body)[0], body[_U32.size :]
            elif kind <= _FORMULA_ERROR or kind == _RICH_TEXT:
                (column, style), rest = _CELL.unpack_from(body), body[_CELL.size :]
            else:
                continue
            if not (0 <= row < MAX_ROW and column < MAX_COLUMN):
                raise IndexError(f"a cell in row {row + 1}, column {column + 1}")
            if kind != _BLANK:
                yield row, column, *self._value(kind, rest, style & 0xFFFFFF)
        raise IndexError("its cells do not end")

    def _laid_out(self, title: str, found: dict[tuple[int, int], Any]) -> list[list[Any]]:
        rows, columns = (1 + max((at[axis] for at in found), default=-1) for axis in (0, 1))
        if rows * columns > MAX_CELLS:
            raise GLevelError(
                f"{self.path}: sheet {shown(title)} reaches to row {rows:,} and column {columns:,}, more than "
                f"{MAX_CELLS:,} cells; delete what stands outside the table"
            )
        cells: list[list[Any]] = [[""] * columns for _ in range(rows)]
        for (row, column), value in found.items():
            cells[row][column] = value
        return cells

    def _value(self, kind: int, body: bytes, style: int) -> tuple[Any, object]:
        """A cell's value, and what is odd about it."""
        self._cells_left -= 1
        if self._cells_left < 0:
            raise GLevelError(f"{self.path}: has more than {MAX_FILLED:,} filled cells; use Parquet for such tables")
        if kind in (_ERROR, _FORMULA_ERROR):
            return "", Unreadable(_ERRORS.get(body[0], "#ERROR!"))
        if kind in (_BOOL, _FORMULA_BOOL):
            return bool(body[0]), None
        if kind in (_TEXT, _SHARED_TEXT, _FORMULA_TEXT, _RICH_TEXT):
            if kind == _SHARED_TEXT:
                text = self._shared_texts[_U32.unpack_from(body)[0]]
            else:
                text = _text(body, 1 if kind == _RICH_TEXT else 0)[0]
            self._text_left -= len(text) * (1 if text.isascii() else 4)
            if self._text_left < 0:
                raise GLevelError(
                    f"{self.path}: the texts of its cells come to more than {MAX_TEXT:,} bytes; shorten them"
                )
            return text, None
        number = _compressed(body) if kind == _RK else _F64.unpack_from(body)[0]
        if kind == _FORMULA_REAL and number == 0:
            always = _U16.unpack_from(body, _F64.size)[0] & 2
            if always or self._recalculates:
                return "", Unreadable(NO_RESULT)
        if not math.isfinite(number):
            return "", Unreadable("a number that is not finite")
        if style in self._dates:
            return "", Unreadable("a date")
        return number, PERCENT if style in self._percents else None

    @cached_property
    def _shared_texts(self) -> list[str]:
        part = self._related("sharedStrings")
        return [_text(body, 1)[0] for kind, body in self._records(part) if kind == _SHARED_ITEM] if part else []

    @cached_property
    def _styles(self) -> list[tuple[int, str]]:
        """The number format of each style of cells: its number, and its code where the file has its own."""
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside = False
        part = self._related("styles")
        for kind, body in self._records(part) if part else ():
            if kind == _FORMAT:
                codes[_U16.unpack_from(body)[0]] = _text(body, 2)[0]
            elif kind in (_BEGIN_STYLES, _END_STYLES):
                inside = kind == _BEGIN_STYLES
            elif kind == _STYLE and inside:
                styles.append(_U16.unpack_from(body, 2)[0])
        return [(number, codes.get(number, "")) for number in styles]

    @cached_property
    def _percents(self) -> frozenset[int]:
        return frozenset(i for i, form in enumerate(self._styles) if is_percent(*form))

    @cached_property
    def _dates(self) -> frozenset[int]:
        return frozenset(i for i, form in enumerate(self._styles) if is_date(*form))

    @cached_property
    def _relations(self) -> dict[str, tuple[str, str]]:
        """Identity of a relation of the workbook -> the last word of its type, and the part it leads to."""
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag.rpartition(":")[2] == "Relationship":
                target = attributes.get("Target", "").lower()
                part = target.removeprefix("/") if target.startswith("/") else normpath(join("xl", target))
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], part)

        def doctype(*_: object) -> None:
            raise damaged(self.path, f"{_RELATIONS} declares a document type")

        data = self._parts.get(_RELATIONS, b"")
        if len(data) > MAX_RELATIONS:
            raise GLevelError(f"{self.path}: {_RELATIONS} has more than {MAX_RELATIONS:,} bytes")
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, doctype
        parser.Parse(data, True)
        return found

    def _related(self, kind: str) -> str:
        """The part of that kind, "" where there is none."""
        return next((part for of, part in self._relations.values() if of == kind), "")

    def _records(self, part: str) -> Iterator[tuple[int, bytes]]:
        """(kind, body) of each record of a part: both its numbers are of seven bits a byte, the lowest first."""
        if (data := self._parts.get(part)) is None:
            raise IndexError(f"{part} is missing")
        at = 0
        while at < len(data):
            kind = data[at]
            at += 1
            if kind & 0x80:
                kind = kind & 0x7F | (data[at] & 0x7F) << 7
                at += 1
            size = 0
            for shift in (0, 7, 14, 21):
                byte = data[at]
                at += 1
                size |= (byte & 0x7F) << shift
                if not byte & 0x80:
                    break
            if at + size > len(data):
                raise IndexError(f"{part}: a record reaches beyond the end")
            self._records_left -= 1
            if self._records_left < 0:
                raise GLevelError(f"{self.path}: has more than {MAX_RECORDS:,} records; use Parquet for such tables")
            yield kind, data[at : at + size]
            at += size

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise damaged(self.path, f"{what}: {error}") from None


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A text that begins with its length, and where it ends."""
    length = _U32.unpack_from(body, at)[0]
    begin = at + _U32.size
    if length == _NONE:
        return "", begin
    if (end := begin + 2 * length) > len(body):
        raise IndexError("a text reaches beyond its record")
    return body[begin:end].decode("utf-16-le"), end


def _compressed(body: bytes) -> float:
    """A number of 30 bits, a double's highest or an integer; the other two say which, and whether in hundredths."""
    bits = _U32.unpack_from(body)[0]
    number: float = _I32.unpack_from(body)[0] >> 2 if bits & 2 else _F64.unpack(bytes(4) + _U32.pack(bits & ~3))[0]
    return number / 100 if bits & 1 else float(number)
