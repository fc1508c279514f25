"""Zip archives from strangers, read in memory: nothing is extracted, and one archive has one meaning.

Two readers may see two archives in one file: a name in the directory and another before the data, bytes that belong
to two entries, a second end record in the comment. What could be read in two ways is refused, and so is every name
that is more than a path below the archive's root. The standard library's reader is lenient there, and makes an object
of every entry before anybody can count them.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from struct import Struct
from typing import BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.io.files import open_file
from glevel_fast.text import bullets, shown

MAX_ARCHIVE = 2 * 2**30
"""Most bytes of an archive."""
MAX_ENTRIES = 100_000
MAX_DIRECTORY = 16 * 2**20
"""Most bytes of the directory of an archive's entries."""
MAX_FILE = 64 * 2**20
"""Most bytes of one file in an archive, unpacked."""
MAX_TOTAL = 4 * 2**30
"""Most bytes of all files of an archive, unpacked."""
MAX_GROWTH = 200
"""How many times its own size an archive may unpack to, `MAX_FILE` beside."""
MAX_NAME = 1_000
"""Most characters of a path in an archive."""
MAX_DEPTH = 20
"""Most folders around a file in an archive."""

_END = Struct("<4s4H2LH")
_LOCATOR = Struct("<4sLQL")
_END64 = Struct("<4sQ2H2L4Q")
_ENTRY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s5H3L2H")
_CHUNK = 2**20
_IN_EXTRA = 0xFFFFFFFF  # a field of 32 bits says: see the 64 bits in the extra field
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_PATCHED = 1 << 5
_DESCRIPTOR = 1 << 3
_STORED, _DEFLATED = 0, 8
# What turns a name around on a screen; Unicode Standard Annex 9.
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    offset: int  # of the data
    packed: int
    size: int
    crc: int
    method: int


class Archive:
    """The files of a zip archive; made by `open_archive`.

    Safe to read from many threads. Close it, or use it in a `with` statement.

    Attributes
    ----------
    where : str
        For messages: the archive's path, or "archive".
    passed_over : int
        Number of files that a Mac's file manager adds (`__MACOSX/`, `._*`, `.DS_Store`).
    """

    def __init__(self, where: str, file: BinaryIO, entries: dict[str, _Entry], passed_over: int) -> None:
        self.where, self.passed_over = where, passed_over
        self._file, self._entries, self._lock = file, entries, threading.Lock()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def names(self) -> tuple[str, ...]:
        """The paths of all files, in the archive's order, with "/" between folders."""
        return tuple(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        """Bytes of a file, unpacked."""
        return self._entry(name).size

    @property
    def top(self) -> str:
        """The one folder that holds every file, "" where there is none."""
        tops = {name.partition("/")[0] if "/" in name else "" for name in self._entries}
        return tops.pop() if len(tops) == 1 else ""

    def find(self, path: str, folder: str = "") -> str:
        """The file that a path means which stands in a file of `folder`: below this folder, or else below the root.

        Raises
        ------
        GLevelError
            For what is no path inside the archive, and where it has no such file.
        """
        path = path.removeprefix("./")
        if fault := _fault(path):
            raise GLevelError(f"{self.where}: the path {shown(path)} {fault}; name a file in the archive")
        for name in dict.fromkeys([f"{folder}/{path}" if folder else path, path]):
            if name in self._entries:
                return name
        raise GLevelError(f"{self.where}: has no file {shown(path)}" + (f" in {shown(folder)}" if folder else ""))

    def read(self, name: str, most: int = MAX_FILE) -> bytes:
        """The bytes of one file.

        Raises
        ------
        GLevelError
            For more than `most` bytes, a name that is not there, damaged data, or data that unpacks to
            another size than the directory says.
        """
        entry = self._entry(name)
        if entry.size > most:
            raise GLevelError(f"{self._at(name)}: {entry.size:,} bytes are more than the limit of {most:,}")
        parts: list[bytes] = []
        have, crc, ended = 0, 0, entry.method == _STORED
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        for chunk in self._chunks(entry):
            try:
                # one byte more than there may be, to see that there are more
                part = chunk if entry.method == _STORED else unpack.decompress(chunk, entry.size - have + 1)
            except zlib.error:
                raise GLevelError(f"{self._at(name)}: the data are damaged; pack the archive again") from None
            have, crc = have + len(part), zlib.crc32(part, crc)
            parts.append(part)
            if have > entry.size or unpack.unconsumed_tail or unpack.unused_data:
                break
        else:
            ended |= unpack.eof
        if not ended or have != entry.size or crc != entry.crc:
            raise GLevelError(
                f"{self._at(name)}: the data do not fit their size of {entry.size:,} bytes or their checksum; "
                "pack the archive again"
            )
        return b"".join(parts)

    def _chunks(self, entry: _Entry) -> Iterator[bytes]:
        for start in range(0, entry.packed, _CHUNK):
            with self._lock:
                self._file.seek(entry.offset + start)
                chunk = self._file.read(min(_CHUNK, entry.packed - start))
            yield chunk

    def sha256(self) -> str:
        """The hash of the whole archive, in hexadecimal."""
        with self._lock:
            self._file.seek(0)
            return hashlib.file_digest(self._file, "sha256").hexdigest()  # type: ignore[arg-type]

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise GLevelError(f"{self.where}: has no file {shown(name)}") from None

    def _at(self, name: str) -> str:
        return f"{self.where}: {shown(name)}"


def open_archive(source: str | os.PathLike[str] | bytes) -> Archive:
    """Open a zip archive and check all of its directory; no file of it is unpacked yet.

    Parameters
    ----------
    source : path or bytes

    Raises
    ------
    GLevelError
        For what is no zip archive, is larger than the limits of this module, is encrypted or packed with anything
        but deflate, can be read in two ways, or holds a name that is more than a path to a file below the root.
    """
    file: BinaryIO
    with ExitStack() as undo:
        if isinstance(source, bytes):
            where, file = "archive", BytesIO(source)
        else:
            where = os.fsdecode(source)
            with open_file(source, MAX_ARCHIVE) as checked:
                file = undo.enter_context(os.fdopen(os.dup(checked.fileno()), "rb"))
        try:
            entries, passed_over = _read_directory(file, where)
        except OSError as error:
            raise GLevelError(f"{where}: cannot be read: {error.strerror or error}") from None
        undo.pop_all()
        return Archive(where, file, entries, passed_over)


@dataclass(frozen=True)
class _End:
    """What the end record says: how many entries, and where their directory begins and ends."""

    entries: int
    first: int
    last: int


def _read_end(file: BinaryIO, where: str) -> _End:
    length = file.seek(0, os.SEEK_END)
    start = max(0, length - _END.size - 0xFFFF)
    file.seek(start)
    tail = file.read()
    found = [m.start() for m in re.finditer(rb"PK\x05\x06", tail)]
    # the comment, the last field, must reach to the end of the file
    ends = [
        i for i in found if i + _END.size <= len(tail) and i + _END.size + _END.unpack_from(tail, i)[7] == len(tail)
    ]
    if not ends:
        raise GLevelError(f"{where}: is not a whole zip archive: it does not end with an end record")
    if len(ends) > 1:
        raise GLevelError(f"{where}: has {len(ends)} end records; pack the archive again, without a comment")
    _, disk, first_disk, here, entries, size, first, _ = _END.unpack_from(tail, ends[0])
    last = at = start + ends[0]
    if 0xFFFF in (here, entries) or _IN_EXTRA in (size, first):
        file.seek(max(0, at - _LOCATOR.size))
        locator = file.read(_LOCATOR.size)
        if at >= _LOCATOR.size and locator.startswith(b"PK\x06\x07"):
            _, disk64, last, disks = _LOCATOR.unpack(locator)
            file.seek(min(last, length))
            record = file.read(_END64.size)
            if len(record) < _END64.size or record[:4] != b"PK\x06\x06" or disk64 or disks != 1:
                raise GLevelError(f"{where}: the end record of 64 bits is damaged; pack the archive again")
            _, rest, _, _, disk, first_disk, here, entries, size, first = _END64.unpack(record)
            if last + 12 + rest != at - _LOCATOR.size:
                raise GLevelError(f"{where}: the end records do not follow each other; pack the archive again")
    if disk or first_disk or here != entries:
        raise GLevelError(f"{where}: is one of several parts; pack the archive as one file")
    if entries > MAX_ENTRIES:
        raise GLevelError(f"{where}: {entries:,} entries are more than the limit of {MAX_ENTRIES:,}")
    if size > MAX_DIRECTORY:
        raise GLevelError(f"{where}: a directory of {size:,} bytes is more than the limit of {MAX_DIRECTORY:,}")
    if first + size != last:
        raise GLevelError(f"{where}: the directory does not end where the end record begins; pack the archive again")
    return _End(entries, first, last)


def _read_directory(file: BinaryIO, where: str) -> tuple[dict[str, _Entry], int]:
    end = _read_end(file, where)
    file.seek(end.first)
    directory = file.read(end.last - end.first)
    kept: dict[str, _Entry] = {}
    folders: set[str] = set()
    spans: list[tuple[int, int, str]] = []
    faults: list[str] = []
    at = total = passed_over = 0
    for _ in range(end.entries):
        if directory[at : at + 4] != b"PK\x01\x02" or len(directory) - at < _ENTRY.size:
            raise GLevelError(f"{where}: the directory is damaged; pack the archive again")
        fields = _ENTRY.unpack_from(directory, at)
        _, _, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment, disk, _, attributes, offset = (
            fields
        )
        middle = at + _ENTRY.size + n_name
        raw, extra = directory[at + _ENTRY.size : middle], directory[middle : middle + n_extra]
        at = middle + n_extra + n_comment
        if at > len(directory):
            raise GLevelError(f"{where}: the directory is damaged; pack the archive again")
        name, fault = _name(raw, extra)
        size, packed, offset = _wide(extra, [size, packed, offset])
        mode, is_folder = stat.S_IFMT(attributes >> 16), name.endswith("/")
        if flags & _ENCRYPTED or method == 99:
            fault = fault or "is encrypted"
        elif method not in (_STORED, _DEFLATED) or flags & _PATCHED:
            fault = fault or f"is packed with method {method}; use deflate, the usual one"
        elif mode == stat.S_IFLNK:
            fault = fault or "is a link"
        elif mode not in (0, stat.S_IFREG, stat.S_IFDIR) or (mode == stat.S_IFDIR) > is_folder or (is_folder and size):
            fault = fault or "is neither a file nor a folder"
        elif size > MAX_FILE:
            fault = fault or f"unpacks to {size:,} bytes, more than the limit of {MAX_FILE:,}"
        elif disk or (method == _STORED and size != packed):
            fault = fault or "has a damaged entry in the directory"
        if fault:
            faults.append(f"{shown(name)} {fault}")
            continue
        total += size
        start = _data_start(file, raw, (flags, method, crc, packed, size), offset, end.first)
        if start is None:
            faults.append(f"{shown(name)} has another header before its data than in the directory")
            continue
        spans.append((offset, start + packed, name))
        parts = name.rstrip("/").split("/")
        if parts[0] == "__MACOSX" or any(part.startswith("._") or part == ".DS_Store" for part in parts):
            passed_over += not is_folder
        elif is_folder:
            folders.add(_folded(name.rstrip("/")))
        elif name in kept:
            faults.append(f"{shown(name)} is there twice")
        else:
            kept[name] = _Entry(name, start, packed, size, crc, method)
    if at != len(directory):
        raise GLevelError(f"{where}: the directory holds more than the {end.entries:,} entries of the end record")
    limit = min(MAX_TOTAL, MAX_FILE + MAX_GROWTH * (end.last + _END.size))
    if total > limit:
        raise GLevelError(f"{where}: unpacks to {total:,} bytes, more than the limit of {limit:,} for its size")
    faults += _overlaps(spans, end.first)
    faults += _doubles(kept, folders)
    if faults:
        raise GLevelError(f"{where}: cannot be taken:{bullets(faults, len(faults))}")
    return kept, passed_over


def _name(raw: bytes, extra: bytes) -> tuple[str, str]:
    """An entry's path, and what is wrong with it."""
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "has a name that is not UTF-8; pack the archive with UTF-8 names"
    if any(kind == 0x7075 and field[5:] != raw for kind, field in _extra_fields(extra)):
        return name, "has a second name; pack the archive with UTF-8 names"
    fault = _fault(name.removesuffix("/"))
    if not fault and name.lower().endswith(_ARCHIVES):
        fault = "is an archive itself; pack its files instead"
    return name, fault


def _fault(path: str) -> str:
    """Why a text is no path to a file below the root; "" where it is one."""
    parts = path.split("/")
    if not path or not all(parts[1:]):
        return "has a folder or a file without a name"
    if not parts[0]:
        return "is an absolute path"
    if re.match(r"[^\W\d_]:", path):
        return "begins with a drive"
    if "\\" in path:
        return "has a backslash; the separator is /"
    if "." in parts or ".." in parts:
        return "has '.' or '..' for a folder"
    if len(path) > MAX_NAME or len(parts) > MAX_DEPTH + 1:
        return f"is a longer path than {MAX_NAME:,} characters or {MAX_DEPTH} folders"
    if not path.isprintable() and any(unicodedata.category(c) in _CONTROL or c in _BIDIRECTIONAL for c in path):
        return "has a control or bidirectional character"
    return ""


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, n = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        yield kind, extra[at + 4 : at + 4 + n]
        at += 4 + n


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Fields of 32 bits, or of 64 where the entry has those; what lacks stays as large as it says."""
    if _IN_EXTRA not in values:
        return values
    wide = next((field for kind, field in _extra_fields(extra) if kind == 1), b"")
    words = iter([int.from_bytes(wide[i : i + 8], "little") for i in range(0, len(wide) - 7, 8)])
    return [next(words, value) if value == _IN_EXTRA else value for value in values]


def _data_start(
    file: BinaryIO, raw: bytes, expected: tuple[int, int, int, int, int], offset: int, most: int
) -> int | None:
    """Where an entry's data begin; None where the header before them is missing or says something else."""
    if offset + _LOCAL.size > most:
        return None
    file.seek(offset)
    header = file.read(_LOCAL.size + len(raw))
    if header[:4] != b"PK\x03\x04" or header[_LOCAL.size :] != raw:
        return None
    _, _, flags, method, _, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack_from(header)
    if n_name != len(raw) or (flags, method) != expected[:2]:
        return None
    if _IN_EXTRA in (packed, size):
        size, packed = _wide(file.read(n_extra), [size, packed])
    # with a descriptor behind the data the header may leave them open
    empty = bool(flags & _DESCRIPTOR) and not (crc or packed or size)
    return offset + _LOCAL.size + n_name + n_extra if empty or (crc, packed, size) == expected[2:] else None


def _overlaps(spans: list[tuple[int, int, str]], directory: int) -> Iterable[str]:
    end = 0
    for start, stop, name in sorted(spans):
        if start < end or stop > directory:
            yield f"{shown(name)} shares bytes with another entry"
        end = max(end, stop)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _doubles(kept: Iterable[str], folders: set[str]) -> Iterable[str]:
    """Names that would be one file, or a file and a folder, where case or composition do not count."""
    first: dict[str, str] = {}
    for name in kept:
        folded = _folded(name)
        if folded in first:
            yield f"{shown(name)} and {shown(first[folded])} are one name where case does not count"
        first.setdefault(folded, name)
        parent, _, _ = folded.rpartition("/")
        while parent and parent not in folders:
            folders.add(parent)
            parent, _, _ = parent.rpartition("/")
    for folded in first.keys() & folders:
        yield f"{shown(first[folded])} is a file and a folder"
