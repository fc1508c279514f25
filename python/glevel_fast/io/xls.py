"""Workbooks of the old .xls kind, by xlrd, which tells errors and percentages from other cells."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.cells import PERCENT, Unreadable
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.io.xlsx import MAX_SHEETS, NO_RESULT, damaged, is_percent
from glevel_fast.text import shown

_RECORD, _FORMULA_HEAD = Struct("<2H"), Struct("<3HQ")
_FORMULA, _END, _SHEET = 0x0006, 0x000A, 0x0085
_NOTHING = 3  # of the kinds of results that are no number
_TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR = 1, 2, 3, 4, 5  # kinds of cells in BIFF files


class XlsBook:
    """An open .xls file: its values, and what is odd about them.

    Attributes
    ----------
    titles : list of str
    """

    def __init__(self, path: str, raw: bytes) -> None:
        xlrd = require("xlrd", "workbooks")
        self.path = path
        self._error_texts: dict[int, str] = xlrd.error_text_from_code
        try:
            self._book = xlrd.open_workbook(
                file_contents=raw, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
            )
        except Exception as error:  # of a damaged file: whatever its reading came across
            if "encrypted" in str(error).lower() or "password" in str(error).lower():
                raise GLevelError(f"{path}: is an encrypted workbook; save it without a password") from None
            raise damaged(path, error) from None
        self._stream = _stream(xlrd, raw)
        self._starts = [
            int.from_bytes(self._stream[at : at + 4], "little")
            for kind, at, length in _records(self._stream, 0)
            if kind == _SHEET and length >= 6 and self._stream[at + 5] == 0
        ]
        if len(self._starts) != self._book.nsheets:
            raise damaged(path, "the list of sheets")
        if self._book.nsheets > MAX_SHEETS:
            raise GLevelError(f"{path}: has more than {MAX_SHEETS:,} sheets")
        self.titles: list[str] = self._book.sheet_names()

    def read(self, title: str) -> tuple[list[list[Any]], Mapping[tuple[int, int], object]]:
        """A sheet's rows from its first on, and which cells are more, or less, than their value."""
        sheet = self._book.sheet_by_name(title)
        if sum(map(sheet.row_len, range(sheet.nrows))) > MAX_CELLS:
            raise GLevelError(f"{self.path}: the sheet {shown(title)} has more than {MAX_CELLS:,} cells")
        rows = [
            [_value(kind, value) for kind, value in zip(sheet.row_types(i), sheet.row_values(i), strict=True)]
            for i in range(sheet.nrows)
        ]
        return rows, self._oddities(title, sheet)

    def _oddities(self, title: str, sheet: Any) -> Mapping[tuple[int, int], object]:
        """Percentages, errors, dates, formulas at 0."""
        found: dict[tuple[int, int], object] = {}
        for cell in self._formulas_without_result(self.titles.index(title)):
            found[cell] = Unreadable(NO_RESULT)
        for i in range(sheet.nrows):
            for j, kind in enumerate(sheet.row_types(i)):
                if kind == _ERROR:
                    found[i, j] = Unreadable(self._error_texts.get(sheet.cell_value(i, j), "#ERROR!"))
                elif kind == _DATE:
                    found[i, j] = Unreadable("a date")
                elif kind == _NUMBER and (i, j) not in found and self._is_percent(sheet.cell_xf_index(i, j)):
                    found[i, j] = PERCENT
        return found

    def _formulas_without_result(self, sheet: int) -> Iterator[tuple[int, int]]:
        """Where formulas stand whose saved result is 0 or nothing: what does not calculate leaves that."""
        for kind, at, length in _records(self._stream, self._starts[sheet]):
            if kind == _END:
                return
            if kind == _FORMULA and length >= _FORMULA_HEAD.size:
                row, column, _, result = _FORMULA_HEAD.unpack_from(self._stream, at)
                if result == 0 or (result >> 48 == 0xFFFF and result & 0xFF == _NOTHING):
                    yield row, column

    def _is_percent(self, style: int) -> bool:
        formats: Any = self._book.format_map
        form = formats.get(self._book.xf_list[style].format_key) if style < len(self._book.xf_list) else None
        return form is not None and is_percent(0, form.format_str)


def _stream(xlrd: Any, raw: bytes) -> bytes:
    """The records of a workbook, from within its compound file."""
    document = xlrd.compdoc.CompDoc(raw, logfile=io.StringIO())
    for name in ("Workbook", "Book"):
        whole, start, length = document.locate_named_stream(name)
        if whole:
            return bytes(whole[start : start + length])
    return b""


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(kind, where its data begins, their length) of each record."""
    while at + _RECORD.size <= len(stream):
        kind, length = _RECORD.unpack_from(stream, at)
        at += _RECORD.size
        if at + length > len(stream):
            return
        yield kind, at, length
        at += length


def _value(kind: int, value: Any) -> Any:
    if kind == _BOOLEAN:
        return bool(value)
    return value if kind in (_TEXT, _NUMBER) else ""
