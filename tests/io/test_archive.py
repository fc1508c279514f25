"""Archives from strangers: every refusal of `open_archive`, and what it does take."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import resource
import stat
import struct
import subprocess
import sys
import time
import unicodedata
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glevel_fast.errors import GLevelError
from glevel_fast.io import archive
from glevel_fast.io.archive import open_archive
from glevel_fast.io.json import parse_json


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.comment = comment
        for name, data in files.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def raw_zip(
    entries: list[tuple[bytes, bytes, int]],
    *,
    flags: int = 0,
    mode: int = 0,
    count: int | None = None,
    wide: bool = False,
) -> bytes:
    """An archive byte by byte: (name, data, size that the headers claim), all deflated."""
    body, directory = bytearray(), bytearray()
    deflated = functools.cache(lambda data: zlib.compress(data, 1, wbits=-15))
    for name, data, size in entries:
        stream, offset = deflated(data), len(body)
        common = struct.pack("<HHHHLLLH", flags, 8, 0, 33, zlib.crc32(data), len(stream), size, len(name))
        body += b"PK\x03\x04" + struct.pack("<H", 20) + common + struct.pack("<H", 0) + name + stream
        directory += (
            b"PK\x01\x02" + struct.pack("<HH", 20, 20) + common + struct.pack("<HHHHLL", 0, 0, 0, 0, mode << 16, offset)
        )
        directory += name
    n = len(entries) if count is None else count
    end = bytes(body + directory)
    if wide:
        end += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, n, n, len(directory), len(body))
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body) + len(directory), 1)
        n = 0xFFFF
    return end + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, n, n, len(directory), len(body), 0)


def refused(data: bytes | Path, why: str) -> str:
    with pytest.raises(GLevelError) as caught:
        open_archive(data)
    assert why in str(caught.value)
    return str(caught.value)


def test_reads_what_zipfile_writes(tmp_path: Path) -> None:
    files = {"a.json": b"{}", "图/é.json": b"x" * 100_000, "empty": b""}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = packed(files, method, comment=b"made by hand")
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        for source in (data, path):
            with open_archive(source) as opened:
                assert {name: opened.read(name) for name in opened.names()} == files
                assert [opened.size(name) for name in opened.names()] == [2, 100_000, 0]
                assert "a.json" in opened
                assert "b.json" not in opened
                assert opened.sha256() == hashlib.sha256(data).hexdigest()


def test_reads_streamed_and_64_bit_archives() -> None:
    class Pipe(BytesIO):  # zipfile then writes sizes behind the data
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: int) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.mkdir("folder")
        with file.open("folder/a.txt", "w", force_zip64=True) as entry:
            entry.write(b"streamed")
        file.writestr("b.txt", b"plain")
    opened = open_archive(out.getvalue())
    assert [(name, opened.read(name)) for name in opened.names()] == [
        ("folder/a.txt", b"streamed"),
        ("b.txt", b"plain"),
    ]
    opened = open_archive(raw_zip([(b"a", b"1", 1)], wide=True))
    assert opened.read("a") == b"1"


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\:"), min_size=1, max_size=8)


@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=64)), max_size=5))
def test_takes_an_archive_whole_or_refuses_it(files: list[tuple[str, bytes]]) -> None:
    out = BytesIO()
    names = {name for name, _ in files}
    if len(names) < len(files):
        return
    with zipfile.ZipFile(out, "w") as file:
        for name, data in files:
            file.writestr(name, data)
    try:
        opened = open_archive(out.getvalue())
    except GLevelError:
        plain = all(name.isascii() and name.isalnum() for name in names)
        assert not plain or len({name.casefold() for name in names}) < len(names)
        return
    left = {name: data for name, data in files if name in opened.names()}
    assert {name: opened.read(name) for name in opened.names()} == left
    assert len(left) + opened.passed_over == len(files)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_archive_or_an_error(data: bytes) -> None:
    for candidate in (data, packed({"a": b"1"})[:-22] + data):
        with contextlib.suppress(GLevelError):
            open_archive(candidate)


@given(st.data())
def test_a_changed_byte_is_harmless_or_seen(data: st.DataObject) -> None:
    files = {"f/a.json": b'{"a": 1}' * 20, "f/b.txt": b"words"}
    whole = bytearray(packed(files))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        opened = open_archive(bytes(whole))
        found = {name: opened.read(name) for name in opened.names()}
    except GLevelError:
        return
    assert list(found.values()) == list(files.values())  # names and contents are those of both headers, or refused
    assert found == files


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../a", "'..'"),
        ("a/../b", "'..'"),
        ("./a", "'.'"),
        ("/etc/passwd", "absolute"),
        ("C:/a", "drive"),
        ("c:a", "drive"),
        ("a\\b", "backslash"),
        ("a\x00b", "control"),
        ("a\x1bb", "control"),
        ("a\nb", "control"),
        ("a\u2028b", "control"),
        ("a\u202egpj.exe", "bidirectional"),
        ("a\u2067b", "bidirectional"),
        ("a//b", "without a name"),
        ("x.zip", "archive itself"),
        ("x/y.tar.gz", "archive itself"),
        ("/".join("a" * 22), "longer path"),
        ("a" * 1001, "longer path"),
    ],
)
def test_refuses_names(name: str, why: str) -> None:
    message = refused(raw_zip([(name.encode(), b"1", 1)]), why)
    assert message.isprintable() or ("\n  - " in message and "\u202e" not in message and "\x1b" not in message)


def test_lists_every_fault() -> None:
    names = [f"../{i}" for i in range(14)]
    message = refused(packed(dict.fromkeys(names, b"1")), "and 4 more")
    assert message.count("\n  - ") == 11
    message = refused(packed({"../a": b"", "/b": b"", "ok": b""}), "'..'")
    assert "absolute" in message
    assert "ok" not in message


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_refuses_doubles() -> None:
    refused(raw_zip([(b"a", b"1", 1), (b"a", b"2", 1)]), "there twice")
    refused(packed({"Straße": b"", "STRASSE": b""}), "one name")
    e = unicodedata.normalize("NFD", "é")
    refused(packed({"é": b"", e: b""}), "one name")
    refused(packed({"a": b"", "A/b": b""}), "a file and a folder")
    refused(packed({"a": b"", "a/": b""}), "a file and a folder")
    assert open_archive(packed({"a/": b"", "a/b": b""})).names() == ("a/b",)


def test_refuses_links_and_devices() -> None:
    refused(raw_zip([(b"a", b"/etc/passwd", 11)], mode=stat.S_IFLNK | 0o777), "is a link")
    refused(raw_zip([(b"a", b"", 0)], mode=stat.S_IFIFO | 0o644), "neither a file nor a folder")
    refused(raw_zip([(b"a", b"", 0)], mode=stat.S_IFDIR | 0o755), "neither a file nor a folder")
    refused(raw_zip([(b"a/", b"content", 7)]), "neither a file nor a folder")


def test_refuses_encryption_and_other_methods() -> None:
    for flag in (1 << 0, 1 << 6, 1 << 13):
        refused(raw_zip([(b"a", b"1", 1)], flags=flag), "encrypted")
    refused(raw_zip([(b"a", b"1", 1)], flags=1 << 5), "method")
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        refused(packed({"a": b"1"}, method), "use deflate")


def test_refuses_names_that_two_readers_read_differently() -> None:
    refused(raw_zip([(b"\xff\xfe", b"1", 1)]), "not UTF-8")
    data = bytearray(raw_zip([(b"good", b"1", 1)]))
    data[30:34] = b"evil"
    refused(bytes(data), "another header")
    field = struct.pack("<HHBL", 0x7075, 9, 1, 0) + b"evil"
    info = zipfile.ZipInfo("good")
    info.extra = field
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(info, b"1")
    refused(out.getvalue(), "second name")


def test_refuses_damaged_end_records() -> None:
    data = packed({"a": b"1"})
    refused(b"", "end record")
    refused(data[:-1], "end record")
    refused(data + b"x", "end record")
    refused(b"%PDF-1.7 no archive at all", "end record")
    whole = bytearray(packed({"a": b"1"}, comment=data[-22:]))
    refused(bytes(whole), "2 end records")
    whole = bytearray(data)
    struct.pack_into("<H", whole, len(data) - 18, 1)  # another disk
    refused(bytes(whole), "several parts")
    refused(b"MZ" + data, "does not end where")
    refused(raw_zip([(b"a", b"1", 1), (b"b", b"1", 1)], count=1), "more than the 1 entries")
    refused(raw_zip([(b"a", b"1", 1)], count=2), "directory is damaged")
    wide = bytearray(raw_zip([(b"a", b"1", 1)], wide=True))
    wide[-22 - 20 - 56] ^= 1
    refused(bytes(wide), "64 bits is damaged")


def test_refuses_overlaps() -> None:
    """One stream that many entries share: the way to 281 TB in 10 MB."""
    data = bytearray(raw_zip([(b"a", b"1" * 50, 50), (b"a", b"1" * 50, 50)]))
    first_entry = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first_entry + 1)
    struct.pack_into("<L", data, second + 42, 0)  # the second entry's data are the first one's
    refused(bytes(data), "shares bytes")
    quoted = raw_zip([(b"outer", b"x" * 10, 10)])
    inner = quoted.index(b"PK\x01\x02")
    longer = bytearray(quoted)
    struct.pack_into("<L", longer, 18, 5000)
    struct.pack_into("<L", longer, inner + 20, 5000)  # reaches into the directory
    refused(bytes(longer), "shares bytes")


def test_sizes_are_held_to(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_archive(raw_zip([(b"a", b"1" * 1000, 10), (b"b", b"1" * 10, 1000)]))
    for name in ("a", "b"):
        with pytest.raises(GLevelError, match="do not fit their size"):
            opened.read(name)
    with pytest.raises(GLevelError, match="more than the limit of 5"):
        opened.read("a", most=5)
    with pytest.raises(GLevelError, match="no file 'c'"):
        opened.read("c")
    data = bytearray(packed({"a": b"12345678"}, zipfile.ZIP_STORED))
    data[data.index(b"12345678")] = ord("9")
    with pytest.raises(GLevelError, match="checksum"):
        open_archive(bytes(data)).read("a")
    data = bytearray(packed({"a": b"1" * 100}))
    data[31] ^= 0xFF
    with pytest.raises(GLevelError, match="'a': the data"):
        open_archive(bytes(data)).read("a")
    monkeypatch.setattr(archive, "MAX_FILE", 100)
    monkeypatch.setattr(archive, "MAX_TOTAL", 150)
    refused(packed({"a": b"1" * 101}), "more than the limit of 100")
    refused(packed({"a": b"1" * 80, "b": b"1" * 80}), "unpacks to 160 bytes")


def test_data_after_the_end_of_a_stream_are_seen() -> None:
    stream = zlib.compress(b"1", 1, wbits=-15)
    data = bytearray(raw_zip([(b"a", b"1", 1)]))
    at = data.index(stream)
    data[at : at + len(stream)] = stream + b"hidden"
    directory = data.index(b"PK\x01\x02")
    for offset in (18, directory + 20):
        struct.pack_into("<L", data, offset, len(stream) + 6)
    struct.pack_into("<L", data, len(data) - 6, directory)
    with pytest.raises(GLevelError, match="do not fit"):
        open_archive(bytes(data)).read("a")


def test_passes_over_what_a_mac_adds() -> None:
    files = {"a.json": b"1", "__MACOSX/._a.json": b"2", ".DS_Store": b"3", "f/._b": b"4", "f/.DS_Store": b"5"}
    opened = open_archive(packed(files))
    assert opened.names() == ("a.json",)
    assert opened.passed_over == 4


def test_one_top_folder() -> None:
    opened = open_archive(packed({"Model/meta.json": b"m", "Model/task/a.json": b"a", "__MACOSX/._Model": b""}))
    assert opened.top == "Model"
    assert open_archive(packed({"a/b": b"", "c": b""})).top == ""
    assert open_archive(packed({})).top == ""


def test_media_paths_resolve_inside() -> None:
    opened = open_archive(packed({"task/img/1.png": b"", "img/1.png": b"", "img/2.png": b""}))
    assert opened.find("img/1.png", "task") == "task/img/1.png"
    assert opened.find("./img/2.png", "task") == "img/2.png"
    assert opened.find("img/1.png") == "img/1.png"
    for path in ("../img/1.png", "/img/1.png", "C:/img/1.png", "img\\1.png", "img/\x001.png", ""):
        with pytest.raises(GLevelError, match="name a file in the archive"):
            opened.find(path, "task")
    with pytest.raises(GLevelError, match=r"no file 'img/3.png' in 'task'"):
        opened.find("img/3.png", "task")


def test_what_is_no_archive(tmp_path: Path) -> None:
    refused(tmp_path / "absent.zip", "no such file")
    refused(tmp_path, "is a directory")


BOMBS = {
    "half a million entries": lambda: raw_zip([(b"%x" % i, b"", 0) for i in range(500_000)], wide=True),
    "half a million, and says ten": lambda: raw_zip([(b"%x" % i, b"", 0) for i in range(500_000)], count=10),
    "300,000 in a small directory": lambda: raw_zip([(b"%x" % i, b"", 0) for i in range(300_000)], count=65534),
    "1 GB of zeros": lambda: raw_zip([(b"a", bytes(2**20), 2**30)]),
    "200 files of zeros": lambda: raw_zip([(b"%d" % i, bytes(2**16), 2**26) for i in range(200)]),
    "a file that says it is small": lambda: raw_zip([(b"a", bytes(2**27), 100)]),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_at_once(bomb: str, tmp_path: Path) -> None:
    """Within 2 s and 200 MB: measured in a process of its own, without what Python itself takes."""
    path = tmp_path / "bomb.zip"
    path.write_bytes(BOMBS[bomb]())
    code = """
import resource, sys, time
from glevel_fast.errors import GLevelError
from glevel_fast.io.archive import open_archive
from glevel_fast.io.json import parse_json
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    opened = open_archive(sys.argv[1])
    for name in opened.names():
        opened.read(name)
except GLevelError as error:
    print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, run.stdout.split())
    assert seconds < 2
    assert kilobytes < 200 * 1024


def test_many_entries_that_are_allowed() -> None:
    out = raw_zip([(b"task%d/%d.json" % (i % 700, i), b"{}", 2) for i in range(60_000)])
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = open_archive(out)
    assert len(opened.names()) == 60_000
    assert time.process_time() - started < 2 or sys.gettrace()  # coverage slows it down
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[1e999]", "too large for a double"),
        (b'"\xff"', "is not UTF-8"),
        (b"{", "is not JSON"),
    ],
)
def test_json_in_an_archive_is_strict(text: bytes, why: str) -> None:
    opened = open_archive(packed({"f/a.json": text}))
    with pytest.raises(GLevelError, match="f/a") as caught:
        parse_json(opened.read("f/a.json"), f"{opened.where}: f/a.json")
    assert why in str(caught.value)
