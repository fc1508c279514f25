"""The folder of a registry's archives: each under its hash, and copies while they are checked."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress

from glevel_fast.errors import GLevelError
from glevel_fast.io.archive import MAX_ARCHIVE
from glevel_fast.io.files import open_file
from glevel_fast.io.write import sync_folder
from glevel_fast.text import reason

__all__ = ["Archives"]

DAY = 86_400


class Archives:
    """The archives in a folder, which is made, for its owner alone, when the first one comes."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, sha256: str) -> str:
        """Of a kept archive."""
        return os.path.join(self.folder, f"{sha256}.zip")

    def copy(self, source: str | os.PathLike[str]) -> str:
        """The path of a copy beside the kept ones, so that what is checked is what will be kept.

        Raises
        ------
        GLevelError
            For what cannot be read, is larger than an archive may be, or cannot be written.
        """
        target = os.path.join(self.folder, f".glevel-{secrets.token_hex(8)}.tmp")
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            self._tidy()
            with open_file(source, MAX_ARCHIVE) as given, open(target, "xb") as file:
                shutil.copyfileobj(given, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            with suppress(OSError):
                os.unlink(target)
            if isinstance(error, OSError):
                raise GLevelError(f"{target}: cannot be written: {reason(error)}") from None
            raise
        return target

    def _tidy(self) -> None:
        """Remove copies that a process left which was killed while it checked them, a day ago or more."""
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            if name.startswith(".glevel-") and name.endswith(".tmp"):
                with suppress(OSError):  # another process may have been faster
                    if os.stat(path).st_mtime < time.time() - DAY:
                        os.unlink(path)

    def keep(self, copy: str, sha256: str) -> None:
        """Give a copy its lasting name.

        Raises
        ------
        GLevelError
        """
        try:
            os.replace(copy, self.path(sha256))
        except OSError as error:
            raise GLevelError(f"{self.path(sha256)}: cannot be written: {reason(error)}") from None
        sync_folder(self.folder)
