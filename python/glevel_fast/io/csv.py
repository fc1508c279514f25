"""CSV: UTF-8, comma-separated, one header line."""

from __future__ import annotations

import codecs
import csv
from typing import TYPE_CHECKING, BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_CELLS, MAX_TASKS, refuse_many
from glevel_fast.io.table import Table, named_columns
from glevel_fast.io.write import FORMULA

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

MAX_BYTES = 128 * 2**20
MAX_LINE = 4 * 2**20
"""Most bytes of one line: 100,000 task names and more."""
MAX_LINES = 1_000_000


def read_csv(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file; every cell stays text, blank lines are skipped.

    Raises
    ------
    GLevelError
        Naming the line, for what is not UTF-8, ragged, not closed, or larger than the limits above.
    """
    with open_file(path, MAX_BYTES) as file:
        reader = csv.reader(_lines(file, path), strict=True)
        header: list[str] | None = None
        cells: list[str] = []  # record after record: 700,000 small lists would keep the garbage collector busy
        rows: list[int] = []
        start = 1  # the line on which the next record starts
        seen = 0  # cells, those of blank lines too
        try:
            for record in reader:
                line, start = start, reader.line_num + 1
                seen += len(record)
                if seen > MAX_CELLS:
                    raise GLevelError(
                        f"{path}, line {line}: more than {MAX_CELLS:,} cells; use Parquet for such tables"
                    )
                if not any(record) and not any(map(str.strip, record)):
                    continue
                if header is None:
                    refuse_many(len(record), MAX_TASKS, "columns", f"{path}, line {line}")
                    header = record
                    continue
                if len(record) != len(header):
                    raise GLevelError(f"{path}, line {line}: {len(record)} cells where the header has {len(header)}")
                cells += record
                rows.append(line)
        except csv.Error as error:
            raise GLevelError(f"{path}, line {start}: {_explain(error)}") from None
    if header is None:
        raise GLevelError(f"{path}: is empty")
    if len(header) == 1 and (other := next((c for c in ";\t|" if c in header[0]), None)):
        raise GLevelError(f"{path}, line 1: cells are separated by {other!r}; separate them by commas")
    header, cells = _disarmed(header), _disarmed(cells)
    columns = [cells[i :: len(header)] for i in range(len(header))]
    return Table(str(path), named_columns(header, columns, str(path)), rows, "line")


def _disarmed(cells: list[str]) -> list[str]:
    """Without the apostrophe that `write.csv_text` puts before what looks like a formula."""
    return [cell[1:] if cell[:1] == "'" and cell.lstrip(" '")[:1] in FORMULA else cell for cell in cells]


def _lines(file: BinaryIO, path: str | os.PathLike[str]) -> Iterator[str]:
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
