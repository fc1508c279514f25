"""Parquet, by pyarrow; the columns then take the way of every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glevel_fast._extras import require
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import MAX_CELLS, read_frame
from glevel_fast.io.table import Table, open_file

if TYPE_CHECKING:
    import os

MAX_BYTES = 512 * 2**20


def read_parquet(path: str | os.PathLike[str]) -> Table:
    """Read a Parquet file.

    Raises
    ------
    GLevelError
        For what is not Parquet, damaged, or larger than the limits.
    """
    pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    with open_file(path, MAX_BYTES) as file:
        try:
            reader = pq.ParquetFile(file)
            shape = reader.metadata.num_rows, reader.metadata.num_columns
            if shape[0] * shape[1] > MAX_CELLS:
                raise GLevelError(f"{path}: {shape[0]:,} x {shape[1]:,} cells are more than {MAX_CELLS:,}")
            table = reader.read()
        except GLevelError:
            raise
        # Arrow's own errors derive from these or from ArrowException
        except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError, OverflowError) as error:
            first = str(error).strip().partition("\n")[0]
            raise GLevelError(f"{path}: is not a Parquet file that can be read: {first}") from None
    return read_frame(table, str(path))
