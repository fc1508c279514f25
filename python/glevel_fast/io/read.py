"""Which reader a file needs, by its extension."""

from __future__ import annotations

import os
from typing import Any

from glevel_fast.errors import GLevelError

KNOWN = (".xlsx", ".xlsm", ".csv", ".parquet", ".json")


def read_file(path: str | os.PathLike[str]) -> Any:
    """A `Workbook` or a `Table` from .xlsx and .xlsm, a `Table` from .csv and .parquet, plain data from .json.

    Raises
    ------
    GLevelError
        For an unknown extension, and whatever the readers find wrong.
    """
    # each reader is imported when it is needed: together they cost more than the library itself
    kind = os.path.splitext(path)[1].lower()
    if kind in (".xlsx", ".xlsm"):
        from glevel_fast.io.workbook import read_workbook

        return read_workbook(path)
    if kind == ".csv":
        from glevel_fast.io.csv import read_csv

        return read_csv(path)
    if kind == ".parquet":
        from glevel_fast.io.parquet import read_parquet

        return read_parquet(path)
    if kind == ".json":
        from glevel_fast.io.json import read_json

        return read_json(path)
    if os.path.isdir(path):
        raise GLevelError(f"{path}: is a directory; name the files in it")
    raise GLevelError(f"{path}: unknown file type {kind!r}; known are {', '.join(KNOWN)}")
