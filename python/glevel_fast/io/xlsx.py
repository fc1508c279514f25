"""What strangers' .xlsx files are checked for before they are read.

The parts of the archive are unpacked within a limit, every cell's position is looked at, and calamine gets a fresh
archive of exactly those parts: it lays a sheet out as one dense block, so two cells far apart would otherwise be enough
to use up all memory. What a cell's value alone does not say is found on the way: errors, formulas without a result that
can be trusted, percentages, and values that calamine would cut short.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from string import ascii_letters, ascii_uppercase, digits
from xml.parsers import expat

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import PERCENT, Unreadable
from glevel_fast.io.limits import MAX_CELLS
from glevel_fast.text import shown

MAX_UNPACKED = 64 * 2**20
"""Most bytes of all parts of the archive that hold cells or text."""
MAX_PARTS = 2_500
MAX_SHEETS = 1_000
MAX_TAGS = 2_000_000
"""Most XML tags of all those parts; a number takes four, so this is half a million numbers."""
MAX_TAG = 2**18
"""Most bytes of one XML tag: a million attributes would keep the parser busy for seconds."""
MAX_TEXT = 50_000_000
"""Most bytes that shared strings may come to once every cell has its own copy; in Python an emoji makes them four
times as many."""

NO_RESULT = "a formula without a saved result: save the file in a spreadsheet program"
ENCODED = "a value in character references, comments or CDATA: save it anew"

_UNREAD = ("docprops/", "xl/theme/", "xl/media/", "xl/drawings/", "xl/charts/", "xl/comments", "customxml/")
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)

# A tag of a cell as all common programs write it, and what else may begin one.
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")?\s*/?>')
# Each begins with letters of its own: so `re` finds it many times quicker than an alternative.
_OTHER_CELLS = (re.compile(rb"<c[^ \w.-]"), re.compile(rb":c[\s/>]"))
_FORMULAS = (re.compile(rb"<f[\s/>]"), re.compile(rb":f[\s/>]"))
_ENTITY_IN_VALUE = re.compile(rb"[<:]v(?:[\s/][^<>]*)?>[^<]*&")
_DATE_LETTERS = frozenset("ymdhs")
_LITERAL = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)

Oddities = Mapping[tuple[int, int], Unreadable | object]
"""By row and column, from 0: an `Unreadable`, or `PERCENT` where a number's format is a percentage."""


class Package:
    """A workbook: its parts, within the limits.

    Attributes
    ----------
    titles : list of str
        Of all sheets, in the workbook's order.
    sheets : dict of str to str
        Title of a sheet -> its part.
    """

    def __init__(self, path: str, raw: bytes) -> None:
        self.path = path
        self.parts = _unpacked(path, raw)
        self._lower = {name.lower(): name for name in self.parts}
        self._odd: dict[str, Oddities] = {}
        self.titles, self.sheets = self._listed()

    def part(self, name: str) -> bytes | None:
        """A part by its name in lower case."""
        return self.parts.get(self._lower.get(name, ""))

    @cached_property
    def archive(self) -> io.BytesIO:
        """For calamine: an archive of exactly the parts, every one of which is looked at first."""
        looked = [_Part(self, name) for name in self.parts]
        for part in looked:
            part.check(self.parts[part.name])
            self._odd[part.name] = part.odd
        copies = sum(part.copies for part in looked)
        for part in looked:
            if copies * part.longest > MAX_TEXT and part.is_plain:
                part.parse(self.parts[part.name])
            if copies * part.longest > MAX_TEXT:
                raise GLevelError(
                    f"{self.path}: {copies:,} cells may copy a text of {part.longest:,} bytes; shorten it"
                )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in self.parts.items():
                archive.writestr(name, data)
        packed.seek(0)
        return packed

    def oddities(self, title: str) -> Oddities:
        """Cells of a sheet that are more, or less, than their value; known once there is the archive."""
        if (part := self.sheets.get(title)) is None:
            raise damaged(self.path, f"the sheet {shown(title)} has no part")
        return self._odd[part]

    def say(self, part: str) -> str:
        """A part for messages: the sheet's title, where it is one."""
        return next((f"sheet {shown(title)}" for title, of in self.sheets.items() if of == part), part)

    def _listed(self) -> tuple[list[str], dict[str, str]]:
        targets = {a.get("Id"): a.get("Target", "") for a in self._tags("xl/_rels/workbook.xml.rels", "Relationship")}
        found: dict[str, str] = {}
        sheets = self._tags("xl/workbook.xml", "sheet")
        titles = [attributes.get("name", "") for attributes in sheets]
        letters = sum(map(len, titles))
        if len(sheets) > MAX_SHEETS or letters > 100 * MAX_SHEETS:
            raise GLevelError(
                f"{self.path}: {len(sheets):,} sheets with {letters:,} characters in their titles are more than "
                f"{MAX_SHEETS:,} and {100 * MAX_SHEETS:,}; give the results alone"
            )
        for title, attributes in zip(titles, sheets, strict=True):
            keys = [value for name, value in attributes.items() if name.endswith(":id")]
            target = targets.get(keys[0] if keys else None, "").removeprefix("/")
            target = target if target.startswith("xl/") else f"xl/{target}"
            if (part := self._lower.get(target.lower())) is not None:
                found.setdefault(title, part)
        return titles, found

    @cached_property
    def recalculates(self) -> bool:
        """Whether the workbook asks for all its formulas to be calculated anew: what is saved may be a placeholder."""
        return any(a.get("fullCalcOnLoad") in ("1", "true") for a in self._tags("xl/workbook.xml", "calcPr"))

    @cached_property
    def formats(self) -> list[tuple[int, str]]:
        """The number format of each style, as cells name them: its number, and its code where it is the file's own."""
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            tag = tag.rpartition(":")[2]
            if tag == "numFmt":
                codes[int(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
            elif tag == "cellXfs":
                inside = True
            elif tag == "xf" and inside:
                styles.append(int(attributes.get("numFmtId", "0")))

        def end(tag: str) -> None:
            nonlocal inside
            inside = inside and tag.rpartition(":")[2] != "cellXfs"

        if (part := self._lower.get("xl/styles.xml")) is None:
            return []
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.EndElementHandler = start, end
        self._parse(parser, part)
        return [(number, codes.get(number, "")) for number in styles]

    @cached_property
    def percents(self) -> frozenset[str]:
        """The styles, as cells name them, that show a number as a percentage."""
        return frozenset(str(i) for i, form in enumerate(self.formats) if is_percent(*form))

    def _tags(self, name: str, tag: str) -> list[dict[str, str]]:
        """The attributes of every such tag of a part."""
        found: list[dict[str, str]] = []

        def start(this: str, attributes: dict[str, str]) -> None:
            if this.rpartition(":")[2] == tag:
                found.append(attributes)

        if (part := self._lower.get(name)) is not None:
            parser = expat.ParserCreate("utf-8")
            parser.StartElementHandler = start
            self._parse(parser, part)
        return found

    def _parse(self, parser: expat.XMLParserType, part: str) -> None:
        try:
            parser.Parse(self.parts[part], True)
        except (expat.ExpatError, ValueError) as error:
            raise damaged(self.path, f"{part}: {error}") from None


def is_percent(number: int, code: str) -> bool:
    """Whether a number format, of that number or else of that code, shows a percentage: a % that is no literal text."""
    return "%" in _LITERAL.sub("", code) if code else number in (9, 10)


def is_date(number: int, code: str) -> bool:
    """Whether a number format, of that number or else of that code, shows a date or a time."""
    if not code:
        return 14 <= number <= 22 or 27 <= number <= 36 or 45 <= number <= 47 or 50 <= number <= 58
    return re.search(r"\[(?:h+|m+|s+)\]", code, re.IGNORECASE) is not None or not _DATE_LETTERS.isdisjoint(
        _LITERAL.sub("", code).casefold().replace("general", "")
    )


def damaged(path: str, error: BaseException | str) -> GLevelError:
    """For what cannot be read as a workbook."""
    first = str(error).strip().partition("\n")[0]
    return GLevelError(f"{path}: is not a workbook that can be read (damaged or cut short?): {first[:200]}")


def encrypted(path: str) -> GLevelError:
    """For what only its owner can read."""
    return GLevelError(f"{path}: is an encrypted workbook; save it without a password")


_WORKBOOKS = {
    "xl/workbook.bin": "is a binary workbook: name it .xlsb",
    "xl/workbook.xml": "is an Excel workbook: name it .xlsx",
    "content.xml": "is a spreadsheet of LibreOffice: name it .ods",
}
"""What an archive is that has this part."""


def _instead(names: Collection[str], needed: str) -> str:
    missing = f"is an archive, but not a workbook of its kind (it lacks {needed})"
    return next((what for part, what in _WORKBOOKS.items() if part in names), missing)


def unpack(path: str, raw: bytes, wanted: re.Pattern[str], needed: str) -> dict[str, bytes]:
    """The parts of a packed workbook whose lower-case names match, within the limits.

    Raises
    ------
    GLevelError
        For what is no archive, damaged, encrypted, too large, or has a part twice or not the part `needed`.
    """
    if raw.count(b"PK\x01\x02") > MAX_PARTS:
        raise GLevelError(f"{path}: has more than {MAX_PARTS:,} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = [part for part in archive.infolist() if wanted.match(part.filename.lower())]
            names = {part.filename.lower() for part in parts}
            if needed not in names:
                names = {part.filename.lower() for part in archive.infolist()}
                raise GLevelError(f"{path}: {_instead(names, needed)}")
            if len(names) < len(parts):
                raise damaged(path, "a part is there twice")
            if any(part.flag_bits & 1 for part in parts):
                raise encrypted(path)
            if (size := sum(part.file_size for part in parts)) > MAX_UNPACKED:
                raise GLevelError(f"{path}: unpacks to {size:,} bytes, more than the limit of {MAX_UNPACKED:,}")
            # with a size read() unpacks no more than that, whatever the archive announces, and compares the checksum
            contents = {}
            for part in parts:
                with archive.open(part) as file:
                    contents[part.filename] = file.read(part.file_size)
            return contents
    except GLevelError:
        raise
    except _BROKEN as error:
        raise damaged(path, error) from None


_READ = re.compile(rf"(?!{'|'.join(map(re.escape, _UNREAD))}).*\.(?:xml|rels)$", re.DOTALL)


def _unpacked(path: str, raw: bytes) -> dict[str, bytes]:
    contents = unpack(path, raw, _READ, "xl/workbook.xml")
    if sum(data.count(b"<") for data in contents.values()) > MAX_TAGS:
        raise GLevelError(
            f"{path}: has more than {MAX_TAGS:,} XML tags, about four to a number; use Parquet for such tables"
        )
    return contents


class _Part:
    """One look at a part; any may turn out to be a sheet, or the shared strings.

    Most parts show in their bytes that they hold nothing but plain cells; the others are parsed.
    """

    def __init__(self, package: Package, name: str) -> None:
        self.package, self.path, self.name = package, package.path, name
        self.is_plain = False
        self.places: list[str] = []  # positions of the filled cells
        self.unplaced = 0  # filled cells without a position: each is one further right
        self.row_numbers: list[str] = []
        self.odd: dict[tuple[int, int], object] = {}
        self.copies = 0  # cells that copy a shared string
        self.longest = 0  # bytes of the longest shared string, in Python
        self.cell: dict[str, str] | None = None  # attributes of the cell at hand
        self.at = (-1, -1)  # its row and column, from 0
        self.begins = 0  # where its value begins, in the part's bytes
        self.values = 0  # values of the cell at hand
        self.has_formula = self.in_value = self.in_text = self.encoded = False
        self.value: list[str] = []
        self.text: list[str] = []  # of the shared string at hand

    def check(self, data: bytes) -> None:
        if b"\0" in data:  # expat would switch to UTF-16
            raise damaged(self.path, f"{self.name}: not UTF-8")
        self.is_plain = self._looks_plain(data)
        if not self.is_plain:
            self.parse(data)

    def _looks_plain(self, data: bytes) -> bool:
        """Whether the bytes show that no cell is odd, and that positions and texts are within the limits."""
        if b"<!" in data or data.find(b"<?", 4) >= 0:
            return False
        if any(data.find(b"<", i, i + MAX_TAG) < 0 for i in range(0, len(data) - MAX_TAG, MAX_TAG)):
            return False
        cells = _PLAIN_CELL.findall(data)
        if len(cells) < data.count(b"<c ") or _has(data, _OTHER_CELLS):
            return False
        if not cells:
            if b"<si" in data or b":si" in data:  # at most; where that is too much, it is parsed
                self.longest = max(map(len, data.split(b"</si>"))) * (1 if data.isascii() else 4)
            return True
        if _has(data, _FORMULAS) or (b"&" in data and _ENTITY_IN_VALUE.search(data)):
            return False
        letters, numbers, styles, types = zip(*cells, strict=True)
        if b"e" in types or not self.package.percents.isdisjoint(map(bytes.decode, set(styles))):
            return False
        self.copies = types.count(b"s")
        columns = max(column_number(of.decode()) for of in set(letters))
        return max(map(int, set(numbers))) * columns <= MAX_CELLS

    def parse(self, data: bytes) -> None:
        self.places, self.copies, self.longest, self.data = [], 0, 0, data
        # read as UTF-8 whatever it declares, as calamine does
        parser = self.parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self.characters, self.doctype
        try:
            for end in range(MAX_TAG, len(data) + MAX_TAG, MAX_TAG):
                parser.Parse(data[end - MAX_TAG : end], False)
                # what is begun and not yet ended waits; text does not
                if end - parser.CurrentByteIndex > 2 * MAX_TAG:
                    raise damaged(self.path, f"{self.name}: a tag of more than {MAX_TAG:,} bytes")
            parser.Parse(b"", True)
            rows, columns = self.extent()
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, GLevelError):
                raise
            raise damaged(self.path, f"{self.name}: {error}") from None
        if rows * columns > MAX_CELLS:
            raise GLevelError(
                f"{self.path}: {self.package.say(self.name)} reaches to row {rows:,} and column {columns:,}, more than "
                f"{MAX_CELLS:,} cells; delete what stands outside the table"
            )

    def extent(self) -> tuple[int, int]:
        """The most rows and columns that the filled cells can span."""
        rows = max((int(place.lstrip(ascii_letters)) for place in self.places), default=0)
        columns = max(map(column_number, {place.rstrip(digits) for place in self.places}), default=0)
        if self.unplaced:
            rows = max(rows, *map(int, self.row_numbers), 0) + len(self.row_numbers)
        return rows, columns + self.unplaced

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self.cell, self.value, self.values = attributes, [], 0
            self.has_formula = self.encoded = False
            self.copies += attributes.get("t") == "s"
            row, column = self.at
            if place := attributes.get("r"):
                row = int(place.lstrip(ascii_letters)) - 1
                column = column_number(place.rstrip(digits)) - 2
            self.at = (row, column + 1)
            self.odd.pop(self.at, None)
        elif tag in ("v", "is"):
            if self.cell is None or "r" not in self.cell:
                self.unplaced += 1
            else:
                self.places.append(self.cell["r"])
            if tag == "v":
                self.in_value, self.begins = True, self.parser.CurrentByteIndex
                self.values += 1
        elif tag == "row":
            self.row_numbers.append(attributes.get("r", "0"))
            self.at = (int(attributes["r"]) - 1 if "r" in attributes else self.at[0] + 1, -1)
        elif tag == "f":
            self.has_formula = True
        elif tag == "si":
            self.in_text, self.text = True, []

    def characters(self, data: str) -> None:
        if self.in_text:
            self.text.append(data)
        elif self.in_value:
            self.value.append(data)

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "v":
            self.in_value = False
            inside = self.data[self.begins : self.parser.CurrentByteIndex]
            self.encoded |= b"&" in inside or b"<!" in inside or b"<?" in inside
        elif tag == "c" and self.cell is not None:
            if (odd := self.judge(self.cell)) is not None:
                self.odd[self.at] = odd
            self.cell = None
        elif tag == "si":
            self.in_text = False
            text = "".join(self.text)
            self.longest = max(self.longest, len(text) * (1 if text.isascii() else 4))

    def judge(self, cell: dict[str, str]) -> object | None:
        kind, value = cell.get("t", "n"), "".join(self.value).strip()
        if kind == "e":
            return Unreadable(value or "#ERROR!")
        if kind == "str":  # a formula may well result in an empty text
            return None
        if self.has_formula and (not value or (self.package.recalculates and _is_zero(value))):
            return Unreadable(NO_RESULT)
        if self.encoded or self.values > 1:
            return Unreadable(ENCODED)
        return PERCENT if kind == "n" and value and cell.get("s") in self.package.percents else None

    def doctype(self, *_: object) -> None:
        raise GLevelError(f"{self.path}: {self.name} declares a document type, which no workbook needs")


def _has(data: bytes, patterns: Iterable[re.Pattern[bytes]]) -> bool:
    return any(pattern.search(data) for pattern in patterns)


def _is_zero(value: str) -> bool:
    try:
        return float(value) == 0
    except ValueError:
        return False


def column_number(letters: str) -> int:
    """ "A" is 1, "XFD" is 16,384."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ascii_uppercase.index(letter) + 1
    return number
