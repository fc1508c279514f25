"""What strangers' .ods files are checked for before python-calamine reads them; see `glevel_fast.io.xlsx`."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from xml.parsers import expat

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import PERCENT, Unreadable
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.io.xlsx import MAX_SHEETS, MAX_TAG, MAX_TAGS, NO_RESULT, damaged, unpack
from glevel_fast.text import shown

MAX_ODD = 500_000
"""Most cells that are percentages, errors or formulas without a result."""

_READ = re.compile(r"(?:mimetype|content\.xml|meta-inf/manifest\.xml)$")
_ERROR = re.compile(r"#\S+[!?]|#N/A|Err:\d+")


class OdsPackage:
    """A checked spreadsheet in the OpenDocument format.

    Attributes
    ----------
    archive : bytes file
        For calamine.
    """

    def __init__(self, path: str, raw: bytes) -> None:
        self.path, self.archive = path, io.BytesIO(raw)
        parts = unpack(path, raw, _READ, "content.xml")
        if any(b"encryption-data" in data for name, data in parts.items() if name.lower().startswith("meta-inf")):
            raise GLevelError(f"{path}: is an encrypted workbook; save it without a password")
        data = next(data for name, data in parts.items() if name.lower() == "content.xml")
        if data.count(b"<") > MAX_TAGS:
            raise GLevelError(f"{path}: has more than {MAX_TAGS:,} XML tags; use Parquet for such tables")
        if b"\0" in data:  # expat would switch to UTF-16
            raise damaged(path, "content.xml: not UTF-8")
        self._sheets = _Content(path).read(data)

    def oddities(self, title: str) -> Mapping[tuple[int, int], object]:
        """Cells of a sheet that are more, or less, than their value."""
        if title not in self._sheets:
            raise damaged(self.path, f"the sheet {shown(title)} has no table")
        return self._sheets[title]


class _Content:
    """One pass over the cells of all sheets; runs of equal cells are counted, and not laid out."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sheets: dict[str, dict[tuple[int, int], object]] = {}
        self.title = ""
        self.row = self.column = self.rows = 0  # where the next cell stands, and how often its row does
        self.bottom = self.right = 0  # the filled cells of the sheet reach up to here
        self.cell: dict[str, str] | None = None
        self.text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self.start, self.end
        self.parser.CharacterDataHandler, self.parser.StartDoctypeDeclHandler = self.characters, self.doctype

    def read(self, data: bytes) -> dict[str, dict[tuple[int, int], object]]:
        try:
            for end in range(MAX_TAG, len(data) + MAX_TAG, MAX_TAG):
                self.parser.Parse(data[end - MAX_TAG : end], False)
                if end - self.parser.CurrentByteIndex > 2 * MAX_TAG:
                    raise damaged(self.path, f"content.xml: a tag of more than {MAX_TAG:,} bytes")
            self.parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, GLevelError):
                raise
            raise damaged(self.path, f"content.xml: {error}") from None
        return self.sheets

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        plain = {name.rpartition(":")[2]: value for name, value in attributes.items()} if "table" in tag else {}
        if tag == "table":
            self.title = plain.get("name", "")
            self.sheets.setdefault(self.title, {})
            self.row = self.bottom = self.right = 0
            if len(self.sheets) > MAX_SHEETS:
                raise GLevelError(f"{self.path}: has more than {MAX_SHEETS:,} sheets; give the results alone")
        elif tag == "table-row":
            self.rows, self.column = _count(plain.get("number-rows-repeated")), 0
        elif tag in ("table-cell", "covered-table-cell"):
            # an attribute of two names, such as value-type, is that of the office, and of the error
            self.cell = plain | {name: value for name, value in attributes.items() if name.startswith("calcext:")}
            self.cell |= {
                name.removeprefix("office:"): v for name, v in attributes.items() if name.startswith("office:")
            }
            self.text = []

    def characters(self, data: str) -> None:
        if self.cell is not None:
            self.text.append(data)

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag in ("table-cell", "covered-table-cell") and self.cell is not None:
            columns = _count(self.cell.get("number-columns-repeated"))
            if "value-type" in self.cell or "formula" in self.cell or self.text:
                self.fill(self.cell, "".join(self.text).strip(), columns)
            self.column += columns
            self.cell = None
        elif tag == "table-row":
            self.row += self.rows

    def fill(self, cell: dict[str, str], text: str, columns: int) -> None:
        self.bottom, self.right = max(self.bottom, self.row + self.rows), max(self.right, self.column + columns)
        if self.bottom * self.right > MAX_CELLS:
            raise GLevelError(
                f"{self.path}: sheet {shown(self.title)} reaches to row {self.bottom:,} and column {self.right:,}, "
                f"more than {MAX_CELLS:,} cells; delete what stands outside the table"
            )
        kind, odd = cell.get("value-type", ""), None
        formula = any(name.endswith("formula") for name in cell)
        if cell.get("calcext:value-type") == "error" or (formula and _ERROR.fullmatch(text)):
            odd = Unreadable(text or "#ERROR!")
        elif formula and (not kind or (kind in ("float", "percentage") and not cell.get("value"))):
            odd = Unreadable(NO_RESULT)
        if odd is None and kind != "percentage":
            return
        found = self.sheets[self.title]
        if len(found) + self.rows * columns > MAX_ODD:
            raise GLevelError(f"{self.path}: sheet {shown(self.title)} has more than {MAX_ODD:,} odd cells")
        for i in range(self.row, self.row + self.rows):
            for j in range(self.column, self.column + columns):
                found[i, j] = odd or PERCENT

    def doctype(self, *_: object) -> None:
        raise GLevelError(f"{self.path}: content.xml declares a document type, which no workbook needs")


def _count(repeated: str | None) -> int:
    return max(int(repeated), 1) if repeated else 1
