"""Parquet, by pyarrow."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.cells import EXACT, widened
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_NUMBERS, MAX_TASKS, refuse_many, refuse_many_texts
from glevel_fast.io.recognise import refuse_strangers
from glevel_fast.io.table import Table, named_columns
from glevel_fast.text import clean, shown

if TYPE_CHECKING:
    from glevel_fast.io.cells import Column

MAX_BYTES = 512 * 2**20
MAX_FOOTER = 4 * 2**20
"""Most bytes of the description of columns and row groups: 20,000 columns, which Arrow unpacks to 200 MB."""
MAX_UNPACKED = 256 * 2**20
"""Most bytes of all columns once unpacked, as the file says."""
MAX_TEXT = 100_000_000
"""Most bytes of all columns of text: a text stored once may stand in every row."""


def read_parquet(path: str | os.PathLike[str]) -> Table:
    """Read a Parquet file.

    Raises
    ------
    GLevelError
        For what is not Parquet, damaged, nested, or larger than the limits.
    """
    pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    where = os.fsdecode(path)
    with open_file(path, MAX_BYTES) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        footer = int.from_bytes(file.read(4), "little")
        if file.read(4) == b"PAR1" and MAX_FOOTER < footer < size:
            raise GLevelError(
                f"{path}: {footer:,} bytes describe columns and row groups, more than {MAX_FOOTER:,}; "
                "write fewer, larger row groups"
            )
        file.seek(0)
        refuse_strangers(os.fsdecode(path), file.read(4096))
        file.seek(0)
        try:
            reader = pq.ParquetFile(file)
            rows, columns = reader.metadata.num_rows, reader.metadata.num_columns
            refuse_many(columns, MAX_TASKS, "columns", where)
            refuse_many(rows * columns, MAX_NUMBERS, "cells", where)
            groups = map(reader.metadata.row_group, range(reader.metadata.num_row_groups))
            unpacked = sum(group.total_byte_size for group in groups)
            refuse_many(unpacked, MAX_UNPACKED, "bytes once unpacked", where)
            texts = []
            for field in reader.schema_arrow:
                plain = _plain(field.type)
                if pa.types.is_nested(plain) or pa.types.is_binary(plain) or _is_other_binary(plain):
                    kind = clean(str(field.type))
                    raise GLevelError(f"{path}: the column {shown(field.name)} holds {kind}, not plain values")
                if pa.types.is_string(plain) or pa.types.is_large_string(plain):
                    texts.append(field.name)
            refuse_many_texts(rows * sum(not _is_number(_plain(field.type)) for field in reader.schema_arrow), where)
            table = pq.ParquetFile(file, read_dictionary=texts).read()
            size = 0
            for i, field in enumerate(table.schema):
                if pa.types.is_dictionary(field.type):
                    column = table.column(i)
                    column.validate(full=True)
                    size += _size_decoded(column)
                    if size > MAX_TEXT:
                        raise GLevelError(f"{path}: the texts up to column {shown(field.name)} come to {size:,} bytes")
                    table = table.set_column(i, field.name, _decode(column))
            table.validate(full=True)  # that offsets and UTF-8 are sound
            cells = [_cells(column) for column in table.columns]
        except GLevelError:
            raise
        # Arrow's own errors derive from these or from ArrowException
        except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError, OverflowError) as error:
            first = str(error).strip().partition("\n")[0]
            raise GLevelError(f"{path}: is not a Parquet file that can be read: {clean(first, 200)}") from None
    rows = range(1, table.num_rows + 1)
    return Table(str(path), named_columns(table.column_names, cells, str(path)), rows, index=_index(table.schema))


def _index(schema: Any) -> tuple[str, ...]:
    """The columns that pandas wrote for its index."""
    about = (schema.metadata or {}).get(b"pandas", b"{}")
    try:
        names = json.loads(about[:MAX_FOOTER]).get("index_columns", [])
    except (ValueError, AttributeError, RecursionError):
        return ()
    return tuple(name for name in names if isinstance(name, str) and name in schema.names)


def _cells(column: Any) -> Column:
    """Numbers as float64, NaN where missing; anything else as Python values."""
    pa = require("pyarrow", "parquet")
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())  # a million datetimes take seconds
    if not _is_number(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_integer(column.type) and column.type.bit_width == 64 and len(column) > column.null_count:
        ends = require("pyarrow.compute", "parquet").min_max(column).as_py()
        if not (ends["min"] >= -EXACT and ends["max"] <= EXACT):  # names, most likely
            return column.to_pylist()  # type: ignore[no-any-return]
    kind = column.type if pa.types.is_float32(column.type) or pa.types.is_float16(column.type) else pa.float64()
    values = np.empty(len(column), kind.to_pandas_dtype())
    start = 0
    # By DLPack: to_numpy() and fill_null() import pandas where that is installed.
    for chunk in column.cast(kind, safe=False).chunks:
        stop = start + len(chunk)
        bare = pa.Array.from_buffers(kind, len(chunk), [None, chunk.buffers()[1]], offset=chunk.offset)
        values[start:stop] = np.from_dlpack(bare)
        if chunk.null_count:
            values[start:stop][np.from_dlpack(chunk.is_null().cast(pa.uint8())) == 1] = np.nan
        start = stop
    return widened(values)


def _is_number(dtype: Any) -> bool:
    types = require("pyarrow", "parquet").types
    return bool(types.is_integer(dtype) or types.is_floating(dtype))


def _plain(dtype: Any) -> Any:
    """The type of the values, of a dictionary-encoded column too."""
    types = require("pyarrow", "parquet").types
    return dtype.value_type if types.is_dictionary(dtype) else dtype


def _is_other_binary(dtype: Any) -> bool:
    types = require("pyarrow", "parquet").types
    return bool(types.is_large_binary(dtype) or types.is_fixed_size_binary(dtype) or str(dtype) == "binary_view")


def _size_decoded(column: Any) -> int:
    """The bytes of a dictionary-encoded column of texts with a value of its own in every row."""
    pa, pc = require("pyarrow", "parquet"), require("pyarrow.compute", "parquet")
    if pa.types.is_primitive(column.type.value_type):
        return 0
    return sum(pc.sum(pc.binary_length(c.dictionary).take(c.indices)).as_py() or 0 for c in column.chunks)


def _decode(column: Any) -> Any:
    pa = require("pyarrow", "parquet")
    return pa.chunked_array([c.dictionary_decode() for c in column.chunks], column.type.value_type)
