"""Tables with a row of numbers for each name, written a range of rows at a time, as Parquet or Arrow files.

Layouts: "columns", a column for each number, which every tool reads; "list", one column of lists, the names of whose
places stand in the metadata of the table, which is read several times faster (`io.arrow`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from glevel_fast.extras import require
from glevel_fast.io import write
from glevel_fast.io.arrow import LIST, TASKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layout", "write_rows"]

Layout = Literal["columns", "list"]
GROUP = 2**24
"""Values in a row group of Parquet: 128 MB, so that thousands of columns are not described too often."""

Rows = tuple[Sequence[str], "NDArray[np.float64]"]


def write_rows(path: str, key: str, titles: Sequence[str], parts: Iterator[Rows], layout: Layout) -> None:
    """Write rows as .parquet or .arrow, which is there whole or not at all; NaN stays NaN.

    Parameters
    ----------
    path : str
    key : str
        The column of names.
    titles : sequence of str
        What each number of a row is called.
    parts : iterator of (names, float64 (n_rows, n))
    layout : {"columns", "list"}

    Raises
    ------
    GLevelError
        Where the file cannot be written.
    MissingExtraError
        Without the extra `parquet`.
    """
    pa = require("pyarrow", "parquet")
    double = pa.float64()
    if layout == "list":
        fields = [(key, pa.string()), (LIST, pa.list_(double, len(titles)))]
        schema = pa.schema(fields, {TASKS: json.dumps(list(titles), ensure_ascii=False).encode()})
    else:
        schema = pa.schema([(key, pa.string()), *((title, double) for title in titles)])

    def tables() -> Iterator[Any]:
        for names, values in parts:
            columns = [pa.array(list(names), pa.string())]
            if layout == "list":
                flat = pa.array(np.ascontiguousarray(values).reshape(-1))
                columns.append(pa.FixedSizeListArray.from_arrays(flat, len(titles)))
            else:
                columns += map(pa.array, np.ascontiguousarray(values.T))
            yield pa.Table.from_arrays(columns, schema=schema)

    def arrow(file: BinaryIO) -> None:
        with pa.ipc.new_file(file, schema) as writer:
            for table in tables():
                writer.write_table(table)

    def parquet(file: BinaryIO) -> None:
        pq = require("pyarrow.parquet", "parquet")
        # Lists of results repeat few values, and are not searched by their least and greatest.
        how: dict[str, Any] = {"compression": "zstd", "write_statistics": False} if layout == "list" else {}
        with pq.ParquetWriter(file, schema, **how) as writer:
            waiting: list[Any] = []
            for table in tables():
                waiting.append(table)
                if sum(part.num_rows for part in waiting) * len(titles) >= GROUP:
                    writer.write_table(pa.concat_tables(waiting))
                    waiting.clear()
            if waiting:
                writer.write_table(pa.concat_tables(waiting))

    write.write(path, arrow if os.fspath(path).lower().endswith(".arrow") else parquet)
