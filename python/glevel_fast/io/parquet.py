"""Parquet, by pyarrow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

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
    from numpy.typing import NDArray

    from glevel_fast.io.cells import Column

MAX_BYTES = 512 * 2**20
MAX_FOOTER = 4 * 2**20
"""Most bytes of the description of columns and row groups: 20,000 columns, which Arrow unpacks to 200 MB."""
MAX_UNPACKED = 256 * 2**20
"""Most bytes of all columns once unpacked, as the file says."""
AT_ONCE = 64 * 2**20
"""Most bytes of a file that is read as a whole before it is taken apart: many small reads take longer."""
NUMBERS = frozenset({
    "double", "float", "halffloat", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
})  # fmt: skip
"""The types of numbers, as Arrow spells them."""
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
        size = check_file(file, where)
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
            refuse_many_texts(rows * (len(schema) - sum(map(is_number, map(plain_type, schema.types)))), where)
            # A text stored once may stand in every row: it is looked at before it is multiplied.
            table = pq.ParquetFile(source, metadata=about, read_dictionary=texts).read()
            cells = table_cells(table, where)
    rows = range(1, table.num_rows + 1)
    return Table(str(path), named_columns(table.column_names, cells, str(path)), rows, index=_index(table.schema))


def check_file(file: BinaryIO, where: str) -> int:
    """The size of an open file that begins and ends like Parquet, or is left to Arrow to judge; at its beginning then.

    Raises
    ------
    GLevelError
        For a file of another kind, and a description of columns and row groups that is too long.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    footer = int.from_bytes(file.read(4), "little")
    if file.read(4) == b"PAR1" and MAX_FOOTER < footer < size:
        raise GLevelError(
            f"{where}: {footer:,} bytes describe columns and row groups, more than {MAX_FOOTER:,}; "
            "write fewer, larger row groups"
        )
    file.seek(0)
    refuse_strangers(where, file.read(4096))
    file.seek(0)
    return size


@contextmanager
def arrow_errors(where: str) -> Iterator[None]:
    """What Arrow finds wrong becomes one clear error.

    Raises
    ------
    GLevelError
        Naming the file.
    """
    pa = require("pyarrow", "parquet")
    try:
        yield
    except GLevelError:
        raise
    # Arrow's own errors derive from these or from ArrowException
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError, OverflowError) as error:
        first = str(error).strip().partition("\n")[0]
        kind = "an Arrow file" if where.lower().endswith((".arrow", ".feather")) else "a Parquet file"
        raise GLevelError(f"{where}: is not {kind} that can be read: {clean(first, 200)}") from None


def texts_of(schema: Any, where: str) -> list[str]:
    """The columns of text.

    Raises
    ------
    GLevelError
        For a column that holds no plain values.
    """
    pa = require("pyarrow", "parquet")
    texts = []
    for name, dtype in zip(schema.names, schema.types, strict=True):
        plain = plain_type(dtype)
        if is_number(plain):
            continue
        if pa.types.is_nested(plain) or pa.types.is_binary(plain) or _is_other_binary(plain):
            raise GLevelError(f"{where}: the column {shown(name)} holds {clean(str(dtype))}, not plain values")
        if pa.types.is_string(plain) or pa.types.is_large_string(plain):
            texts.append(name)
    return texts


def table_cells(table: Any, where: str) -> list[Column]:
    """Every column of an Arrow table: float64 for numbers, NaN where missing; anything else as Python values.

    Raises
    ------
    GLevelError
        For texts of more than `MAX_TEXT` bytes.
    """
    types = require("pyarrow", "parquet").types
    table.validate(full=True)  # that offsets and UTF-8 are sound, and places in dictionaries
    floats = [i for i, dtype in enumerate(table.schema.types) if str(dtype) == "double"]
    matrix = dict(zip(floats, rows_of(table.select(floats)).T, strict=True))
    size = 0
    cells: list[Column] = []
    for i, (name, dtype) in enumerate(zip(table.column_names, table.schema.types, strict=True)):
        column = None if i in matrix else table.column(i)
        if column is None:
            cells.append(matrix[i])
        elif types.is_dictionary(dtype):
            size += _size_decoded(column)
            if size > MAX_TEXT:
                raise GLevelError(f"{where}: the texts up to column {shown(name)} come to {size:,} bytes")
            cells.append(_decoded(column))
        else:
            cells.append(_cells(column))
    return cells


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
    dtype = column.type
    if not is_number(dtype):
        if pa.types.is_temporal(dtype):
            column = column.cast(pa.string())  # a million datetimes take seconds
        return column.to_pylist()  # type: ignore[no-any-return]
    parts = [numbers_of(chunk) for chunk in column.chunks]
    if dtype.bit_width == 64 and pa.types.is_integer(dtype) and any(_beyond(*part) for part in parts):
        return column.to_pylist()  # type: ignore[no-any-return]  # names, most likely
    narrow = pa.types.is_floating(dtype) and dtype.bit_width < 64
    whole = np.empty(len(column), dtype.to_pandas_dtype() if narrow else np.float64)
    start = 0
    for values, missing in parts:
        stop = start + len(values)
        whole[start:stop] = values
        if missing is not None:
            whole[start:stop][missing] = np.nan
        start = stop
    return widened(whole)


def rows_of(table: Any) -> NDArray[np.float64]:
    """float64 (n_rows, n_columns), C-contiguous, NaN where missing, from an Arrow table of doubles alone."""
    whole = np.empty((table.num_rows, table.num_columns))
    start = 0
    for batch in table.to_batches() if table.num_columns else ():
        stop = start + batch.num_rows
        whole[start:stop] = batch.to_tensor(null_to_nan=True).to_numpy()
        start = stop
    return whole


def numbers_of(array: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The values of an Arrow array of numbers where they lie, and which are missing (None: none).

    By the buffers: to_numpy() and fill_null() import pandas where that is installed, and cast() imports
    pyarrow.compute, each of which takes longer than a board.
    """
    dtype, start = np.dtype(array.type.to_pandas_dtype()), array.offset
    bits, data = array.buffers()
    if not len(array):
        return np.empty(0, dtype), None
    values = np.frombuffer(data, dtype, len(array), start * dtype.itemsize)
    return values, _missing(bits, start, len(array)) if array.null_count else None


def _missing(bits: Any, start: int, n: int) -> NDArray[np.bool_]:
    """Where a bitmap of validity has no bit, from bit `start` on."""
    first, last = start // 8, (start + n + 7) // 8
    there = np.unpackbits(np.frombuffer(bits, np.uint8, last - first, first), bitorder="little")
    gone: NDArray[np.bool_] = there[start % 8 :][:n] == 0
    return gone


def _beyond(values: NDArray[Any], missing: NDArray[np.bool_] | None) -> bool:
    """Whether some whole number is no double."""
    there = values if missing is None else values[~missing]
    return bool(len(there)) and not (there.min() >= -EXACT and there.max() <= EXACT)


def is_number(dtype: Any) -> bool:
    """Whether an Arrow type is of whole numbers or floats."""
    return str(dtype) in NUMBERS


def plain_type(dtype: Any) -> Any:
    """The type of the values, of a dictionary-encoded column too."""
    return getattr(dtype, "value_type", dtype) if str(dtype).startswith("dictionary<") else dtype


def _is_other_binary(dtype: Any) -> bool:
    types = require("pyarrow", "parquet").types
    return bool(types.is_large_binary(dtype) or types.is_fixed_size_binary(dtype) or str(dtype) == "binary_view")


def _size_decoded(column: Any) -> int:
    """The bytes of a dictionary-encoded column of texts with a value of its own in every row."""
    pa = require("pyarrow", "parquet")
    kind = column.type.value_type
    if pa.types.is_primitive(kind):
        return 0
    size = 0
    for chunk in column.chunks:
        texts = chunk.dictionary
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            wide = np.dtype(np.int64 if pa.types.is_large_string(kind) else np.int32)
            offsets = texts.buffers()[1]
            ends = np.frombuffer(offsets, wide, len(texts) + 1, texts.offset * wide.itemsize) if len(texts) else [0]
            lengths = np.diff(ends)
        else:
            lengths = np.array([len(text.encode()) for text in map(str, texts.to_pylist())], np.int64)
        places, missing = numbers_of(chunk.indices)
        size += int(lengths[places if missing is None else places[~missing]].sum(dtype=np.int64))
    return size


def _decoded(column: Any) -> Column:
    """A dictionary-encoded column; each text is there once, however many rows have it."""
    pa = require("pyarrow", "parquet")
    if pa.types.is_primitive(column.type.value_type):
        chunks = [chunk.dictionary_decode() for chunk in column.chunks]
        return _cells(pa.chunked_array(chunks, column.type.value_type))
    cells: list[Any] = []
    for chunk in column.chunks:
        values = [*chunk.dictionary.to_pylist(), None]
        places, missing = numbers_of(chunk.indices)
        if missing is not None:
            places = np.where(missing, len(values) - 1, places)
        cells += map(values.__getitem__, places.tolist())
    return cells
