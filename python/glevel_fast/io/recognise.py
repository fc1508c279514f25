"""What a file is instead of what its name says: each stranger gets its own sentence and cure."""

from __future__ import annotations

import codecs
import os
import re

from glevel_fast.errors import GLevelError

_LFS = b"version https://git-lfs.github.com/spec/"
_MARKUP = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_MAGIC = (
    (b"PAR1", (".parquet",), "a Parquet file: name it .parquet"),
    (b"\x1f\x8b", (".gz",), "packed with gzip: name it .csv.gz, or unpack it"),
    (
        b"ARROW1",
        (".arrow",),
        "an Arrow (Feather) file: name it .arrow, or write Parquet, with pandas to_parquet(index=False)",
    ),
    (b"\x89HDF", (), "an HDF5 file: write Parquet, with pandas to_parquet(index=False)"),
    (b"\x93NUMPY", (), "a NumPy array: load it with numpy.load, and score the array"),
    (b"%PDF", (), "a PDF: give the table itself, as .csv or .xlsx"),
    (b"BZh", (), "packed with bzip2: unpack it"),
    (b"\xfd7zXZ", (), "packed with xz: unpack it"),
    (b"\x28\xb5\x2f\xfd", (), "packed with zstd: unpack it"),
    (b"7z\xbc\xaf", (), "a 7z archive: unpack it"),
    (b"PK", (".xlsx", ".xlsm", ".xlsb", ".ods"), "a workbook or another zip archive: name it .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", (".xls", ".xlsx", ".xlsm", ".xlsb"), "an old Excel workbook: name it .xls"),
    (b"SQLite format 3", (), "a SQLite database: export the table as .csv"),
    (b"\x80\x04", (), "a pickle, which is not read: write Parquet or CSV"),
    (b"\x80\x05", (), "a pickle, which is not read: write Parquet or CSV"),
)


def refuse_locks(path: str) -> None:
    """Raise `GLevelError` for the files that programs keep beside a table while it is open."""
    name = os.path.basename(path)
    if name.startswith("~$"):
        raise GLevelError(f"{path}: is the lock file of a workbook that is open in Excel: close it there")
    if name.startswith(".~lock."):
        raise GLevelError(f"{path}: is the lock file of a table that is open in LibreOffice: close it there")


def refuse_strangers(path: str, head: bytes) -> None:
    """Raise `GLevelError` for what the first bytes of a file show to be something else.

    `head` is the file's beginning, a kilobyte or more.
    """
    lower = os.path.basename(path).lower()
    if head.startswith(_LFS):
        raise GLevelError(f"{path}: is a Git LFS pointer, not the file: git lfs pull")
    if not head:
        raise GLevelError(f"{path}: is empty")
    if not head.strip(b"\0"):
        raise GLevelError(f"{path}: holds nothing but zeros: the download or the copy broke off")
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)) and not head.startswith(b"PK"):
        html = re.search(rb"<(?:!doctype\s+html|html|head|body|table)", head[:4096], re.IGNORECASE)
        if html:
            raise GLevelError(
                f"{path}: is a web page (HTML), not the file: download it by its raw link, or save the table"
            )
        raise GLevelError(f"{path}: is XML, not a table: save it as .xlsx or .csv")
    for magic, suffixes, what in _MAGIC:
        if head.startswith(magic) and not lower.endswith(suffixes):
            raise GLevelError(f"{path}: is {what}")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise GLevelError(f"{path}: is text in UTF-16; save it as UTF-8")
