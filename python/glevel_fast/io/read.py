"""Which reader a file needs, by its extension."""

from __future__ import annotations

import os
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.io.recognise import refuse_locks

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
TEXTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
KNOWN = (*WORKBOOKS, *TEXTS, ".parquet", ".arrow", ".json", ".jsonl")


def read_file(path: str | os.PathLike[str]) -> Any:
    """A `Workbook` or a `Table` from workbooks, a `Table` from .csv, .tsv and .parquet, plain data from .json, .jsonl.

    Raises
    ------
    GLevelError
        For an unknown extension, and whatever the readers find wrong.
    """
    # each reader is imported when it is needed: together they cost more than the library itself
    where = os.fsdecode(path)
    refuse_locks(where)
    name = where.lower()
    if name.endswith(WORKBOOKS):
        from glevel_fast.io.workbook import read_workbook

        return read_workbook(path)
    if name.endswith(TEXTS):
        from glevel_fast.io.csv import read_csv

        return read_csv(path)
    if name.endswith(".parquet"):
        from glevel_fast.io.parquet import read_parquet

        return read_parquet(path)
    if name.endswith(".arrow"):
        from glevel_fast.io.ipc import read_arrow

        return read_arrow(path)
    if name.endswith(".json"):
        from glevel_fast.io.json import read_json

        return read_json(path)
    if name.endswith((".jsonl", ".ndjson")):
        from glevel_fast.io.json import read_json_lines

        return read_json_lines(path)
    if os.path.isdir(path):
        raise GLevelError(f"{path}: is a directory; name the files in it")
    if not os.path.exists(path):
        raise GLevelError(f"{path}: no such file")
    kind = os.path.splitext(where)[1].lower()
    raise GLevelError(f"{path}: unknown file type {kind!r}; known are {', '.join(KNOWN)}")
