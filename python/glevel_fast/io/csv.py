"""CSV: UTF-8, comma-separated, one header line."""

from __future__ import annotations

import codecs
import csv
import os
import re
import zlib
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_CELLS, MAX_TASKS, refuse_many
from glevel_fast.io.recognise import refuse_strangers
from glevel_fast.io.table import Table, named_columns, title_alone
from glevel_fast.io.write import FORMULA
from glevel_fast.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BYTES = 128 * 2**20
MAX_UNPACKED = 64 * 2**20
"""Most bytes of a file that is packed with gzip, unpacked."""
SNIFFED = 2**16
"""Bytes at the beginning of a file that show what it is."""
MAX_LINE = 4 * 2**20
"""Most bytes of one line: 100,000 task names and more."""
MAX_LINES = 1_000_000


def read_csv(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file, or a .tsv, either also packed with gzip; every cell stays text, blank lines are skipped.

    Raises
    ------
    GLevelError
        Naming the line, for what is not UTF-8, ragged, not closed, or larger than the limits above; for other
        separators, comments and titles above the header.
    """
    where = os.fsdecode(path)
    separator = "\t" if where.lower().removesuffix(".gz").endswith(".tsv") else ","
    with open_file(path, MAX_BYTES) as file:
        if where.lower().endswith(".gz"):
            file = _unpacked(file, where)
        notes, skipped = _sniff(file.read(SNIFFED), where, separator)
        file.seek(0)
        lines = _lines(file, where)
        for _ in range(skipped):
            next(lines)
        reader = csv.reader(lines, strict=True, delimiter=separator)
        header: list[str] | None = None
        cells: list[str] = []  # record after record: 700,000 small lists would keep the garbage collector busy
        rows: list[int] = []
        start = 1 + skipped  # the line on which the next record starts
        seen = 0  # cells, those of blank lines too
        try:
            for record in reader:
                line, start = start, reader.line_num + 1 + skipped
                seen += len(record)
                if seen > MAX_CELLS:
                    raise GLevelError(
                        f"{path}, line {line}: more than {MAX_CELLS:,} cells; use Parquet for such tables"
                    )
                if not any(record) and not any(map(str.strip, record)):
                    continue
                if header is None:
                    refuse_many(len(record), MAX_TASKS, "columns", f"{path}, line {line}")
                    header, first = record, line
                    continue
                if not rows:
                    _refuse_title(header, first, record, line, where)
                if len(record) != len(header):
                    raise GLevelError(
                        f"{path}, line {line}: {len(record)} cells where the header has {len(header)}"
                        f"{_why_ragged(record, header)}"
                    )
                cells += record
                rows.append(line)
        except csv.Error as error:
            raise GLevelError(f"{path}, line {start}: {_explain(error)}") from None
    if header is None:
        raise GLevelError(f"{path}: is empty")
    header, cells = _disarmed(header), _disarmed(cells)
    columns = [cells[i :: len(header)] for i in range(len(header))]
    return Table(where, named_columns(header, columns, where), rows, "line", notes)


def _unpacked(file: BinaryIO, path: str) -> BinaryIO:
    """A gzip file's content in memory, within the limit."""
    content, packed = BytesIO(), file.read()
    while packed:
        member = zlib.decompressobj(wbits=31)
        try:
            content.write(member.decompress(packed, MAX_UNPACKED + 1 - content.tell()))
        except zlib.error as error:
            raise GLevelError(f"{path}: is not a gzip file that can be unpacked: {error}") from None
        if content.tell() > MAX_UNPACKED:
            raise GLevelError(f"{path}: unpacks to more than {MAX_UNPACKED:,} bytes; use Parquet for such tables")
        if not member.eof:
            raise GLevelError(f"{path}: is a gzip file that was cut short")
        packed = member.unused_data
    content.seek(0)
    return content


def _sniff(head: bytes, path: str, separator: str) -> tuple[tuple[str, ...], int]:
    """Notes, and how many lines to skip; what is no table with this separator is refused."""
    refuse_strangers(path, head)
    lines = [
        (i, line.strip("\r\n"))
        for i, line in enumerate(head.removeprefix(codecs.BOM_UTF8).decode(errors="replace").split("\n"), start=1)
        if line.strip()
    ]
    notes: tuple[str, ...] = ()
    skipped = 0
    if lines and (declared := re.fullmatch(r'"?sep=(.)"?', lines[0][1].strip("\r\n "), re.IGNORECASE)):
        skipped = lines[0][0]
        notes = (f"line {skipped} ({lines[0][1].strip()}) is for Excel, and passed over",)
        if declared[1] != separator:
            raise GLevelError(f"{path}, line {skipped}: {_other_separator(declared[1], separator, lines[1:])}")
        lines = lines[1:]
    if not lines:
        return notes, skipped
    number, first = lines[0]
    own = first.count(separator)
    if first.lstrip().startswith(("#", "//", "%")) and (
        not own or len(lines) < 2 or own != lines[1][1].count(separator)
    ):
        raise GLevelError(f"{path}, line {number}: {shown(first.strip())} is a comment, not the header: remove it")
    if "|" in first and len(lines) > 1 and re.fullmatch(r"[\s|:-]*-[\s|:-]*", lines[1][1]):
        raise GLevelError(f"{path}, line {number}: is a Markdown table: save its cells as CSV")
    bare = re.sub(r'"[^"]*"', "", first)
    other = max(";\t|,".replace(separator, ""), key=bare.count)
    if bare.count(other) > bare.count(separator):
        raise GLevelError(f"{path}, line {number}: {_other_separator(other, separator, lines)}")
    return notes, skipped


def _other_separator(other: str, separator: str, lines: Sequence[tuple[int, str]]) -> str:
    names = {"\t": "tabs", ",": "commas"}
    if other == "\t" and separator == ",":
        return "cells are separated by tabs: name the file .tsv"
    if other == "," and separator == "\t":
        return "cells are separated by commas: name the file .csv"
    commas = any(re.search(rf"(?:^|{re.escape(other)})-?\d+,\d+", line) for _, line in lines)
    decimals = " and decimals are written with ','" if commas else ""
    decimal = ", decimal=','" if commas else ""
    return (
        f"cells are separated by {other!r}{decimals}; separate them by {names[separator]}"
        f"{' and write decimals with a point' if commas else ''}: save it anew as CSV, or with pandas "
        f"read_csv(path, sep={other!r}{decimal}).to_csv(path, index=False)"
    )


def _refuse_title(header: list[str], line: int, record: list[str], next_line: int, path: str) -> None:
    """Raise for a title above the header: one text alone, above a line of several."""
    if title := title_alone(header, record):
        raise GLevelError(
            f"{path}, line {line}: is no header, only the title {shown(title)}; "
            f"the names of the columns seem to stand in line {next_line}: remove what is above"
        )


def _why_ragged(record: list[str], header: list[str]) -> str:
    if any(re.fullmatch(r"\s*-?\d+", a) and re.fullmatch(r"\d+\s*%?", b) for a, b in pairwise(record)) and len(
        record
    ) > len(header):
        return "; are decimals written with a comma? write them with a point"
    return ""


def _disarmed(cells: list[str]) -> list[str]:
    """Without the apostrophe that `write.csv_text` puts before what looks like a formula."""
    return [cell[1:] if cell[:1] == "'" and cell.lstrip(" '")[:1] in FORMULA else cell for cell in cells]


def _lines(file: BinaryIO, path: str) -> Iterator[str]:
    before = 0  # lines of the blocks before this one
    while block := file.readlines(2**18):
        if before + len(block) > MAX_LINES:
            raise GLevelError(f"{path}: has more than {MAX_LINES:,} lines; use Parquet for such tables")
        if before == 0:
            block[0] = block[0].removeprefix(codecs.BOM_UTF8)
        if max(map(len, block)) > MAX_LINE:
            line = next(i for i, raw in enumerate(block, before + 1) if len(raw) > MAX_LINE)
            raise GLevelError(f"{path}, line {line}: is longer than {MAX_LINE:,} bytes")
        if b"\0" in b"".join(block):
            line = next(i for i, raw in enumerate(block, before + 1) if b"\0" in raw)
            raise GLevelError(f"{path}, line {line}: holds a NUL byte, so this is not a CSV file in UTF-8")
        try:
            yield from map(bytes.decode, block)
        except UnicodeDecodeError as error:
            line, bad = before + 1 + block.index(error.object), error.object[error.start]
            raise GLevelError(f"{path}, line {line}: is not UTF-8 (byte 0x{bad:02x}); save it as UTF-8") from None
        before += len(block)


def _explain(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end of data" in message or "field larger" in message:
        return "a quote is opened and never closed"
    if "new-line character" in message:
        return "lines end with a bare carriage return; save it with newlines"
    return message
