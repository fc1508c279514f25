"""Opening files that may be missing, huge, or no files at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.text import reason


@contextmanager
def open_file(path: str | os.PathLike[str], most: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes for reading.

    Raises
    ------
    GLevelError
        For what is missing, unreadable, too large, or not a regular file.
    """
    try:
        # not blocking: opening a FIFO without a writer would otherwise wait for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise GLevelError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        if os.path.isdir(path):
            raise GLevelError(f"{path}: is a directory; name the files in it") from None
        raise GLevelError(f"{path}: cannot be read: {reason(error)}") from None
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise GLevelError(f"{path}: is a directory; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise GLevelError(f"{path}: is not a regular file")
        if status.st_size > most:
            raise GLevelError(f"{path}: {status.st_size:,} bytes are more than the limit of {most:,} for this format")
        with open(handle, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise GLevelError(f"{path}: cannot be read: {reason(error)}") from None
    finally:
        os.close(handle)


@contextmanager
def raising(kind: type[GLevelError]) -> Iterator[None]:
    """Readers raise a plain `GLevelError`; the caller knows what was being read."""
    try:
        yield
    except GLevelError as error:
        if type(error) is not GLevelError:
            raise
        raise kind(str(error)) from error.__cause__
