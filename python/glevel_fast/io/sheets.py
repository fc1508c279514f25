"""The cells of a spreadsheet file, sheet by sheet; odd cells are marked (see `io.cells`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.cells import PERCENT, hundredfold
from glevel_fast.io.files import open_file
from glevel_fast.io.ods import OdsPackage
from glevel_fast.io.plain import PlainSheets
from glevel_fast.io.recognise import refuse_strangers
from glevel_fast.io.xls import XlsBook
from glevel_fast.io.xlsb import XlsbBook
from glevel_fast.io.xlsx import Package, damaged, encrypted

MAX_BYTES = 32 * 2**20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


_Oddities = Mapping[tuple[int, int], object]


class _Book(Protocol):
    titles: list[str]

    def read(self, title: str) -> tuple[list[list[Any]], _Oddities]: ...


class _Xlsx:
    """An .xlsx file: plain sheets are read at once; where one is not, calamine reads what has been checked."""

    def __init__(self, package: Package, calamine: Any) -> None:
        self._package, self._plain, self._calamine = package, PlainSheets(package), calamine
        self.titles = package.titles

    def read(self, title: str) -> tuple[list[list[Any]], _Oddities]:
        if (rows := self._plain.rows(title)) is not None:
            return rows, {}
        return _by_calamine(self._book, title), self._package.oddities(title)

    @cached_property
    def _book(self) -> Any:
        return self._calamine.CalamineWorkbook.from_filelike(self._package.archive)


class _Ods:
    """An .ods file, which calamine reads once it is checked."""

    def __init__(self, package: OdsPackage, calamine: Any) -> None:
        self._package = package
        self._book = calamine.CalamineWorkbook.from_filelike(package.archive)
        self.titles: list[str] = self._book.sheet_names

    def read(self, title: str) -> tuple[list[list[Any]], _Oddities]:
        return _by_calamine(self._book, title), self._package.oddities(title)


def _by_calamine(book: Any, title: str) -> list[list[Any]]:
    rows: list[list[Any]] = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    return rows


class Spreadsheet:
    """An open file.

    Attributes
    ----------
    titles : list of str
        Of all sheets, in the file's order.
    """

    def __init__(self, book: _Book) -> None:
        self._book, self.titles = book, book.titles

    def cells(self, title: str) -> tuple[list[list[Any]], list[str]]:
        """A sheet's rows from its first on, and the names of the cells that were percentages, times 100 now.

        What cannot be trusted is an `Unreadable`.
        """
        rows, oddities = self._book.read(title)
        percents: list[str] = []
        if not oddities and len(set(map(len, rows))) <= 1:
            return rows, percents
        for (i, j), odd in oddities.items():
            while len(rows) <= i:  # calamine ends a sheet with its last value
                rows.append([])
            row = rows[i]
            row += [""] * (j + 1 - len(row))
            if odd is not PERCENT:
                row[j] = odd
            elif type(row[j]) in (int, float):
                row[j] = hundredfold(float(row[j]))
                percents.append(f"{column_letters(j)}{i + 1}")
        width = max(map(len, rows), default=0)
        for row in rows:
            row += [""] * (width - len(row))
        return rows, percents


@contextmanager
def open_spreadsheet(path: str | os.PathLike[str]) -> Iterator[Spreadsheet]:
    """Open an Excel workbook (.xlsx, .xlsm, .xlsb, .xls), or a spreadsheet of LibreOffice (.ods).

    Raises
    ------
    GLevelError
        For what is no workbook, encrypted, damaged or too large; while it is open too.
    """
    calamine = require("python_calamine", "workbooks")
    where = os.fsdecode(path)
    with open_file(path, MAX_BYTES) as file:
        raw = file.read()
    refuse_strangers(where, raw)
    if raw.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise encrypted(where)
        yield Spreadsheet(XlsBook(where, raw))
        return
    if not raw.startswith(b"PK"):
        raise GLevelError(f"{where}: is not a workbook")
    if where.lower().endswith(".xlsb"):
        yield Spreadsheet(XlsbBook(where, raw))
        return
    try:
        if where.lower().endswith(".ods"):
            yield Spreadsheet(_Ods(OdsPackage(where, raw), calamine))
        else:
            yield Spreadsheet(_Xlsx(Package(where, raw), calamine))
    except GLevelError:
        raise
    except calamine.PasswordError:
        raise encrypted(where) from None
    except BaseException as error:
        # a Rust panic arrives as a BaseException whose class cannot be imported
        if isinstance(error, calamine.CalamineError) or type(error).__name__ == "PanicException":
            raise damaged(where, error) from None
        raise


def column_letters(column: int) -> str:
    """0 is "A", 26 is "AA"."""
    letters = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
