"""A folder or a zip of files, read in memory: nothing is extracted, and no path leads out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from glevel_fast.errors import GLevelError
from glevel_fast.io.archive import MAX_FILE, open_archive
from glevel_fast.io.files import open_file
from glevel_fast.text import shown

__all__ = ["Files", "Folder", "files_named", "open_files"]

MAX_FILES = 2_000_000


class Files(Protocol):
    """What a folder and a zip archive have in common."""

    @property
    def where(self) -> str:
        """For messages."""

    def names(self) -> tuple[str, ...]:
        """The paths of all files below the root, with "/" between folders."""

    def read(self, name: str) -> bytes:
        """The bytes of one of them."""

    def find(self, path: str, folder: str = "") -> str:
        """The file that a path means which stands in a file of `folder`: below this folder, or else below the root."""

    def close(self) -> None:
        """Nothing more will be read."""


class Folder:
    """The files of a folder on disk, links followed.

    Raises
    ------
    GLevelError
        Where it cannot be listed, or holds more than `MAX_FILES` files.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.where = os.fsdecode(path)
        self._names: dict[str, None] = {}
        self._list("", set())

    def _list(self, below: str, above: set[tuple[int, int]]) -> None:
        here = os.path.join(self.where, below)
        try:
            status = os.stat(here)
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise GLevelError(f"{here}: cannot be listed: {error.strerror or error}") from None
        if (status.st_dev, status.st_ino) in above:
            return  # a link to a folder around it
        above = above | {(status.st_dev, status.st_ino)}
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                self._list(name, above)
            else:
                self._names[name] = None
        if len(self._names) > MAX_FILES:
            raise GLevelError(f"{self.where}: holds more than {MAX_FILES:,} files")

    def names(self) -> tuple[str, ...]:
        """The paths of all files below the root, by name, with "/" between folders; hidden ones are left out."""
        return tuple(self._names)

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises
        ------
        GLevelError
            For a name that is not there, more bytes than of an archive's file, or what cannot be read.
        """
        if name not in self._names:
            raise GLevelError(f"{self.where}: has no file {shown(name)}")
        with open_file(os.path.join(self.where, name), MAX_FILE) as file:
            return file.read()

    def find(self, path: str, folder: str = "") -> str:
        """The file that a path means which stands in a file of `folder`: below this folder, or else below the root.

        Raises
        ------
        GLevelError
            Where there is no such file; a path out of the folder names none.
        """
        path = path.removeprefix("./")
        for name in (f"{folder}/{path}", path) if folder else (path,):
            if name in self._names:
                return name
        raise GLevelError(f"{self.where}: has no file {shown(path)}" + (f" in {shown(folder)}" if folder else ""))

    def close(self) -> None:
        """A folder holds nothing open."""


def files_named(files: Files, value: Any, folder: str) -> Iterator[str]:
    """The files that texts anywhere in a plain value mean, where the value stands in a file of `folder`."""
    if isinstance(value, str):
        with suppress(GLevelError):  # a text that is no path
            yield files.find(value, folder)
    elif isinstance(value, Mapping):
        yield from (name for part in value.values() for name in files_named(files, part, folder))
    elif isinstance(value, list):
        yield from (name for part in value for name in files_named(files, part, folder))


def open_files(source: str | os.PathLike[str] | bytes) -> Files:
    """A folder, or a zip archive by its path or bytes.

    Raises
    ------
    GLevelError
        As of `Folder` and `io.archive.open_archive`.
    """
    if not isinstance(source, bytes) and os.path.isdir(source):
        return Folder(source)
    return open_archive(source)
