"""Parquet, by pyarrow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.arrow import arrow_errors, is_number, listed_tasks, plain_type, table_of, texts_of
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_NUMBERS, MAX_TASKS, refuse_many, refuse_many_texts
from glevel_fast.io.pages import values_in_pages
from glevel_fast.io.recognise import refuse_strangers

if TYPE_CHECKING:
    from glevel_fast.io.table import Table

MAX_BYTES = 512 * 2**20
MAX_FOOTER = 4 * 2**20
"""Most bytes of the description of columns and row groups: 20,000 columns, which Arrow unpacks to 200 MB."""
MAX_UNPACKED = 256 * 2**20
"""Most bytes of all columns once unpacked, as the file says."""
AT_ONCE = 64 * 2**20
"""Most bytes of a file that is read as a whole before it is taken apart: many small reads take longer."""


def read_parquet(path: str | os.PathLike[str]) -> Table:
    """Read a Parquet file: a column per task, or one of lists.

    Raises
    ------
    GLevelError
        For what is not Parquet, damaged, nested, or larger than the limits.
    """
    pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    where = os.fsdecode(path)
    with open_file(path, MAX_BYTES) as file:
        size = check_file(file, where, MAX_FOOTER)
        with arrow_errors(where):
            source = pa.BufferReader(file.read()) if size <= AT_ONCE else file
            reader = pq.ParquetFile(source)
            about, schema = reader.metadata, reader.schema_arrow
            rows = about.num_rows
            refuse_many(about.num_columns, MAX_TASKS, "columns", where)
            refuse_many(rows * about.num_columns, MAX_NUMBERS, "cells", where)
            groups = map(about.row_group, range(about.num_row_groups))
            refuse_many(sum(group.total_byte_size for group in groups), MAX_UNPACKED, "bytes once unpacked", where)
            texts = texts_of(schema, where)
            if listed_tasks(schema, where) is not None:
                refuse_many(values_in_pages(file, MAX_NUMBERS), MAX_NUMBERS, "cells", where)
            refuse_many_texts(rows * (len(schema) - sum(map(is_number, map(plain_type, schema.types)))), where)
            # A text stored once may stand in every row: it is looked at before it is multiplied.
            return table_of(pq.ParquetFile(source, metadata=about, read_dictionary=texts).read(), where)


def check_file(file: BinaryIO, where: str, most: int) -> int:
    """The size of an open file that begins and ends like Parquet, or is left to Arrow to judge; at its beginning then.

    Raises
    ------
    GLevelError
        For a file of another kind, and a description of columns and row groups that is too long.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    footer = int.from_bytes(file.read(4), "little")
    if file.read(4) == b"PAR1" and most < footer < size:
        raise GLevelError(
            f"{where}: {footer:,} bytes describe columns and row groups, more than {most:,}; "
            "write fewer, larger row groups"
        )
    file.seek(0)
    refuse_strangers(where, file.read(4096))
    file.seek(0)
    return size
