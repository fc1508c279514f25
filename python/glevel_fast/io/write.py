"""Output that is there whole or not at all: a temporary file beside the target, synced, then renamed over it."""

from __future__ import annotations

import csv as _csv
import json as _json
import os
import secrets
import stat
import sys
from contextlib import suppress
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.text import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Path = str | os.PathLike[str]
FORMULA = frozenset("=+-@\t\n＝＋－＠")
"""With what a formula begins, in a spreadsheet that opens a CSV."""


def write(path: Path, save: Callable[[BinaryIO], object]) -> None:
    """Let `save` write a file that takes the place of `path` once it is complete.

    Until then the old file stays as it is; a failure, Ctrl-C included, leaves no trace (SIGKILL may
    leave a `.glevel-*.tmp`). A new file gets the usual permissions, a replaced one keeps its own.
    A link is followed; a device or a pipe is written to as it is.

    Raises
    ------
    GLevelError
        Where the file cannot be written: no such folder, a directory, no permission, a full disk.
    """
    try:
        with suppress(FileNotFoundError):
            mode = os.stat(path).st_mode
            if stat.S_ISDIR(mode):
                raise GLevelError(f"{path}: is a directory; name a file in it")
            if not stat.S_ISREG(mode):
                with open(path, "wb") as file:
                    save(file)
                return
        _replace(os.path.realpath(path), save)
    except (OSError, ValueError) as error:
        # ValueError: a NUL byte in the path; what save() itself finds wrong is not ours to rename
        if isinstance(error, OSError) or "null byte" in str(error) or "null character" in str(error):
            raise GLevelError(f"{path}: cannot be written: {reason(error)}") from None
        raise


def records(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One object per row of a table by columns, as plain data for JSON; None for NaN."""
    cells = [column.tolist() if hasattr(column, "tolist") else column for column in columns.values()]
    return [
        {name: None if cell != cell else cell for name, cell in zip(columns, row, strict=True)}
        for row in zip(*cells, strict=True)
    ]


def _replace(target: str, save: Callable[[BinaryIO], object]) -> None:
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".glevel-{secrets.token_hex(8)}.tmp")
    # os.open, not tempfile: a new file shall get the permissions that the umask leaves
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(handle, "wb") as file:
            with suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            save(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Make the names in a folder last, after a rename; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> str:
    """A folder to write into, made where it does not exist.

    Raises
    ------
    GLevelError
        Where it cannot be made.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise GLevelError(f"{os.fspath(path)!r}: cannot be made a folder: {reason(error)}") from None
    return os.fsdecode(path)


def text(path: Path, content: str) -> None:
    """Write text as UTF-8; "-" is standard output."""
    # A file name with bytes that are not UTF-8 reaches notes as lone surrogates: written as JSON escapes them.
    data = content.encode(errors="backslashreplace")
    if path == "-":
        if isinstance(sys.stdout, TextIOWrapper):  # whatever its encoding
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
        else:
            sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    write(path, lambda file: file.write(data))


def json_text(value: Any) -> str:
    """JSON as this package writes it: strict (a NaN is a `ValueError`), indented, full precision."""
    return _json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def json(value: Any, path: Path) -> None:
    """Write plain data as JSON; "-" is standard output."""
    text(path, json_text(value))


def csv_text(columns: Mapping[str, Any]) -> str:
    """Columns (lists or arrays) as CSV with a header; None and NaN are empty, floats in full precision.

    An apostrophe stands before text that a spreadsheet would run as a formula; `read_csv` takes it off again.
    """
    out = StringIO()
    writer = _csv.writer(out, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    cells = [column.tolist() if hasattr(column, "tolist") else column for column in columns.values()]
    writer.writerows(zip(*([_cell(cell) for cell in column] for column in cells), strict=True))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        value = value.replace("\0", "�").replace("\r", "�")  # of these the writer would make another line
        return "'" + value if value.lstrip(" '")[:1] in FORMULA else value
    return None if isinstance(value, float) and value != value else value


def csv(columns: Mapping[str, Any], path: Path) -> None:
    """Write columns as CSV; "-" is standard output."""
    text(path, csv_text(columns))


def parquet(columns: Mapping[str, Any], path: Path) -> None:
    """Write columns as Parquet (needs the extra `parquet`)."""
    pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    write(path, lambda file: pq.write_table(table, file))


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], path: Path) -> None:
    """Write rows of text and numbers as an .xlsx, sheet by sheet (needs the extra `workbooks`).

    Text is text: nothing that begins like a formula becomes one.
    """
    openpyxl = require("openpyxl", "workbooks")
    book = openpyxl.Workbook(write_only=True)
    text_cell = require("openpyxl.cell", "workbooks").WriteOnlyCell
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            cells = []
            for value in row:
                cell = text_cell(sheet, value=value)
                if isinstance(value, str):
                    cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    write(path, book.save)
