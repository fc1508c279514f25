"""Excel workbooks in the released layout: nine sheets, one task a row, values in the columns after the fourth.

What strangers send is checked before it reaches the reader: the parts of the archive are unpacked within a limit,
every cell's position is looked at, and python-calamine gets a fresh archive of exactly those parts. It lays a sheet
out as one dense block, so two cells far apart would otherwise be enough to use up all memory.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from string import ascii_letters, ascii_uppercase, digits
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.cells import Column, as_text, is_blank
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.io.table import Table, fold_header, named_columns
from glevel_fast.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

MAX_BYTES = 32 * 2**20
MAX_UNPACKED = 64 * 2**20
"""Most bytes of all parts of the archive that hold cells or text."""
MAX_PARTS = 10_000
MAX_TAGS = 2_000_000
"""Most XML tags of all those parts; a number takes four, so this is half a million numbers."""
MAX_TAG = 2**18
"""Most bytes of one XML tag: a million attributes would keep the parser busy for seconds."""
MAX_TEXT = 100_000_000
"""Most characters that shared strings may come to once every cell has its own copy."""

SHEETS: dict[str, tuple[str, str]] = {
    "NLP": ("language", ""),
    "Image-Comprehension": ("image", "comprehension"),
    "Image-Generation": ("image", "generation"),
    "Video-Comprehension": ("video", "comprehension"),
    "Video-Generation": ("video", "generation"),
    "Audio-Comprehension": ("audio", "comprehension"),
    "Audio-Generation": ("audio", "generation"),
    "3D-Comprehension": ("3d", "comprehension"),
    "3D-Generation": ("3d", "generation"),
}
"""The sheets of the released layout and their groups (modality, paradigm)."""

HEADER = ("No", "Task Name", "Task Short Name", "Metrics")
SOTA = "SoTA Performance"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNREAD = ("docprops/", "xl/theme/", "xl/media/", "xl/drawings/", "xl/charts/", "xl/comments", "customxml/")
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet of the released layout.

    Attributes
    ----------
    name : str
        As in `SHEETS`.
    tasks, metrics : sequence of str
        One per row of `table`.
    table : Table
        The columns after the four of the header: "SoTA Performance", or models.
    """

    name: str
    tasks: Sequence[str]
    metrics: Sequence[str]
    table: Table


@dataclass(frozen=True, eq=False)
class Workbook:
    """The sheets of the released layout that a workbook has, in the order of `SHEETS`, and the names of the others."""

    where: str
    sheets: Sequence[Sheet]
    others: Sequence[str]


def read_workbook(path: str | os.PathLike[str]) -> Workbook:
    """Read a workbook in the released layout.

    Raises
    ------
    GLevelError
        For what is no workbook, encrypted, damaged, too large, or has a wrong header.
    """
    wanted = {name.casefold(): name for name in SHEETS}
    names: dict[str, str] = {}  # name in SHEETS -> name in the file
    others = []
    raw: dict[str, list[list[object]]] = {}
    with _opened(path) as book:
        for title in book.sheet_names:
            name = wanted.get(title.strip().casefold())
            if name is None:
                others.append(title)
            elif name in names:
                raise GLevelError(f"{path}: the sheet {shown(name)} is there twice")
            else:
                names[name] = title
        for name in filter(names.__contains__, SHEETS):
            raw[name] = book.get_sheet_by_name(names[name]).to_python(skip_empty_area=False)
    return Workbook(str(path), [_sheet(path, name, raw.pop(name)) for name in list(raw)], others)


def read_first_sheet(path: str | os.PathLike[str]) -> Table:
    """The first sheet of any workbook as a table: its first filled row is the header.

    Raises
    ------
    GLevelError
        As `read_workbook`; and for a sheet without a header.
    """
    with _opened(path) as book:
        cells = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    filled = [i for i, row in enumerate(cells) if not all(map(is_blank, row))]
    if not filled:
        raise GLevelError(f"{path}: its first sheet is empty")
    header, body = cells[filled[0]], filled[1:]
    columns: list[Column] = [[cells[i][j] for i in body] for j in range(len(header))]
    return Table(str(path), named_columns(header, columns, str(path)), [i + 1 for i in body])


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The workbook as python-calamine reads it, its parts checked; what it raises becomes a `GLevelError`."""
    calamine = require("python_calamine", "workbooks")
    archive = _checked_archive(path)
    try:
        with calamine.CalamineWorkbook.from_filelike(archive) as book:
            yield book
    except GLevelError:
        raise
    except calamine.PasswordError:
        raise _encrypted(path) from None
    except BaseException as error:
        # a Rust panic arrives as a BaseException whose class cannot be imported
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise _damaged(path, error) from None
        raise


def _sheet(path: str | os.PathLike[str], name: str, cells: list[list[object]]) -> Sheet:
    where = f"{path}, sheet {name!r}"
    filled = [i for i, row in enumerate(cells) if not all(map(is_blank, row))]
    if not filled:
        raise GLevelError(f"{where}: is empty; its first row must be {', '.join(HEADER)} and the model's name")
    table = Table(
        where,
        named_columns(cells[filled[0]], list(zip(*(cells[i] for i in filled), strict=True)), where),
        [i + 1 for i in filled],
    )
    known = {title: table.find(title) for title in HEADER}
    if missing := [title for title, column in known.items() if column is None]:
        raise GLevelError(
            f"{where}, row {table.rows[0]}: the header lacks {', '.join(map(repr, missing))}; "
            f"it reads {', '.join(map(shown, table.columns))}"
        )
    folded = {fold_header(title) for title in HEADER}
    values: dict[str, Column] = {
        title: column[1:] for title, column in table.columns.items() if fold_header(title) not in folded
    }
    tasks = [as_text(cell) for cell in table.columns[known["Task Name"] or ""][1:]]
    metrics = [as_text(cell) for cell in table.columns[known["Metrics"] or ""][1:]]
    keep = []
    for i, task in enumerate(tasks):
        at = f"{where}, row {table.rows[i + 1]}"
        if task:
            keep.append(i)
        elif task is None:
            raise GLevelError(f"{at}: the task name is {shown(table.columns[known['Task Name'] or ''][i + 1])}")
        elif metrics[i] or not all(is_blank(column[i]) for column in values.values()):
            raise GLevelError(f"{at}: has no task name")
    body: dict[str, Column] = {title: [column[i] for i in keep] for title, column in values.items()}
    return Sheet(
        name,
        [tasks[i] or "" for i in keep],
        [metrics[i] or "" for i in keep],
        Table(where, body, [table.rows[i + 1] for i in keep]),
    )


def _damaged(path: str | os.PathLike[str], error: BaseException | str) -> GLevelError:
    first = str(error).strip().partition("\n")[0]
    return GLevelError(f"{path}: is not a workbook that can be read (damaged or cut short?): {first[:200]}")


def _encrypted(path: str | os.PathLike[str]) -> GLevelError:
    return GLevelError(f"{path}: is an encrypted workbook; save it without a password")


def _checked_archive(path: str | os.PathLike[str]) -> io.BytesIO:
    """The parts of the workbook that hold cells, texts and names, unpacked, checked, in a fresh archive."""
    with open_file(path, MAX_BYTES) as file:
        raw = file.read()
    if raw.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise _encrypted(path)
        raise GLevelError(f"{path}: is a workbook of the old .xls kind; save it as .xlsx")
    if not raw.startswith(b"PK"):
        raise GLevelError(f"{path}: is not a workbook (.xlsx)")
    if raw.count(b"PK\x01\x02") > MAX_PARTS:
        raise GLevelError(f"{path}: has more than {MAX_PARTS:,} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = [part for part in archive.infolist() if _is_read(part.filename)]
            names = {part.filename.lower() for part in parts}
            if "xl/workbook.xml" not in names:
                raise GLevelError(f"{path}: is an archive, but not a workbook (.xlsx)")
            if len(names) < len(parts):
                raise _damaged(path, "a part is there twice")
            if any(part.flag_bits & 1 for part in parts):
                raise _encrypted(path)
            if (size := sum(part.file_size for part in parts)) > MAX_UNPACKED:
                raise GLevelError(f"{path}: unpacks to {size:,} bytes, more than the limit of {MAX_UNPACKED:,}")
            contents = {part.filename: _unpack(archive, part) for part in parts}
    except GLevelError:
        raise
    except _BROKEN as error:
        raise _damaged(path, error) from None
    if sum(data.count(b"<") for data in contents.values()) > MAX_TAGS:
        raise GLevelError(
            f"{path}: has more than {MAX_TAGS:,} XML tags, about four to a number; use Parquet for such tables"
        )
    copies = longest = 0
    for name, data in contents.items():
        part = _Part(path, name)
        part.check(data)
        copies += part.copies
        longest = max(longest, part.longest)
    if copies * longest > MAX_TEXT:
        raise GLevelError(f"{path}: holds a text of {longest:,} characters; shorten it")
    fresh = io.BytesIO()
    with zipfile.ZipFile(fresh, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    fresh.seek(0)
    return fresh


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    # with a size read() unpacks no more than that, whatever the archive announces, and compares the checksum
    with archive.open(part) as file:
        return file.read(part.file_size)


def _is_read(name: str) -> bool:
    name = name.lower()
    return name.endswith((".xml", ".rels")) and not name.startswith(_UNREAD)


class _Part:
    """One pass over the elements of a part; any part may turn out to be a sheet, or the shared strings."""

    def __init__(self, path: str | os.PathLike[str], name: str) -> None:
        self.path, self.name = path, name
        self.cell: str | None = None  # position of the cell at hand
        self.places: list[str] = []  # positions of the filled cells
        self.unplaced = 0  # filled cells without a position: each is one further right
        self.row_numbers: list[str] = []
        self.formula: str | None = None  # position of a formula whose result is still to come
        self.copies = 0  # cells that copy a shared string
        self.text_result = self.in_value = self.in_text = False
        self.length = self.longest = 0  # characters of the shared string at hand, and of the longest
        # read as UTF-8 whatever it declares, as calamine does
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self.start
        self.parser.StartDoctypeDeclHandler = self.doctype

    def check(self, data: bytes) -> None:
        if b"\0" in data:  # expat would switch to UTF-16
            raise _damaged(self.path, f"{self.name}: not UTF-8")
        try:
            for end in range(MAX_TAG, len(data) + MAX_TAG, MAX_TAG):
                self.parser.Parse(data[end - MAX_TAG : end], False)
                # what is begun and not yet ended waits; text does not
                if end - self.parser.CurrentByteIndex > 2 * MAX_TAG:
                    raise _damaged(self.path, f"{self.name}: a tag of more than {MAX_TAG:,} bytes")
            self.parser.Parse(b"", True)
            if self.formula is not None:
                self.refuse_formula()
            rows, columns = self.extent()
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, GLevelError):
                raise
            raise _damaged(self.path, f"{self.name}: {error}") from None
        if rows * columns > MAX_CELLS:
            raise GLevelError(
                f"{self.path}: {self.name} reaches to row {rows:,} and column {columns:,}, more than "
                f"{MAX_CELLS:,} cells; delete what stands outside the table"
            )

    def extent(self) -> tuple[int, int]:
        """The most rows and columns that the filled cells can span."""
        rows = max((int(place.lstrip(ascii_letters)) for place in self.places), default=0)
        columns = max(map(_column_number, {place.rstrip(digits) for place in self.places}), default=0)
        if self.unplaced:
            rows = max(rows, *map(int, self.row_numbers), 0) + len(self.row_numbers)
        return rows, columns + self.unplaced

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            if self.formula is not None:
                self.refuse_formula()
            self.cell = attributes.get("r")
            self.copies += attributes.get("t") == "s"
            self.text_result = attributes.get("t") == "str"
        elif tag in ("v", "is"):
            if self.cell is None:
                self.unplaced += 1
            else:
                self.places.append(self.cell)
        elif tag == "row":
            self.row_numbers.append(attributes.get("r", "0"))
        elif tag == "f" and not self.text_result:  # a formula may well result in an empty text
            self.formula = self.cell or "?"
            self.parser.CharacterDataHandler = self.characters
        elif tag == "si":
            self.in_text = True
            self.parser.CharacterDataHandler = self.characters
            self.parser.EndElementHandler = self.end
        self.in_value = tag == "v"

    def characters(self, data: str) -> None:
        if self.in_text:
            self.length += len(data)
            self.longest = max(self.longest, self.length)
        elif self.in_value and data.strip():
            self.formula = None

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "si":
            self.in_text, self.length = False, 0

    def refuse_formula(self) -> None:
        raise GLevelError(
            f"{self.path}: cell {self.formula} ({self.name}) is a formula without a saved result; "
            "open and save the file in a spreadsheet program"
        )

    def doctype(self, *_: object) -> None:
        raise GLevelError(f"{self.path}: {self.name} declares a document type, which no workbook needs")


def _column_number(letters: str) -> int:
    """ "A" is 1, "XFD" is 16,384."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ascii_uppercase.index(letter) + 1
    return number
