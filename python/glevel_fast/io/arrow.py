"""Tables of Arrow to tables of columns: what Parquet and Arrow files share.

A table of results may hold all values of a model in one column of lists; the names of the tasks then stand in its
metadata. Such files are read several times faster than those of a column per task.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.cells import EXACT, widened
from glevel_fast.io.limits import MAX_TASKS, refuse_many
from glevel_fast.io.table import Table, named_columns
from glevel_fast.text import clean, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.io.cells import Column

LIST = "values"
"""The column of lists."""
TASKS = b"glevel_fast.tasks"
"""Where the metadata of a table name its tasks, as a list in JSON."""
NUMBERS = frozenset({
    "double", "float", "halffloat", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
})  # fmt: skip
"""The types of numbers, as Arrow spells them."""
MAX_TEXT = 100_000_000
"""Most bytes of all columns of text: a text stored once may stand in every row."""
MAX_METADATA = 4 * 2**20
"""Most bytes of JSON that are read from a table's metadata."""


def table_of(table: Any, where: str, first: int = 0) -> Table:
    """The cells of an Arrow table whose columns `texts_of` has let pass.

    Parameters
    ----------
    table : pyarrow.Table
    where : str
        For messages.
    first : int
        How many rows of its source lie before it.

    Raises
    ------
    GLevelError
        For texts of more than `MAX_TEXT` bytes, or lists of another length than there are tasks.
    """
    table.validate(full=True)  # that offsets and UTF-8 are sound, and places in dictionaries
    tasks = listed_tasks(table.schema, where)
    numbers: dict[int, NDArray[np.float64]] = {}
    if tasks is not None:
        matrix, titles = _lists(table.column(LIST), len(tasks), where), tasks
        table = table.drop_columns([LIST])
    else:
        floats = [i for i, dtype in enumerate(table.schema.types) if str(dtype) == "double"]
        matrix = rows_of(table.select(floats))
        names = table.column_names
        titles = [names[i] for i in floats]
        numbers = dict(zip(floats, matrix.T, strict=True))
    types = require("pyarrow", "parquet").types
    size = 0
    cells: list[Column] = []
    for i, (name, dtype) in enumerate(zip(table.column_names, table.schema.types, strict=True)):
        if i in numbers:
            cells.append(numbers[i])
        elif types.is_dictionary(dtype):
            size += _size_decoded(table.column(i))
            if size > MAX_TEXT:
                raise GLevelError(f"{where}: the texts up to column {shown(name)} come to {size:,} bytes")
            cells.append(_decoded(table.column(i)))
        else:
            cells.append(_cells(table.column(i)))
    cells.extend(matrix.T if tasks is not None else ())
    columns = named_columns([*table.column_names, *(tasks or ())], cells, where)
    rows = range(first + 1, first + table.num_rows + 1)
    return Table(where, columns, rows, index=_index(table.schema), matrix=matrix, side_by_side=titles)


def listed_tasks(schema: Any, where: str) -> list[str] | None:
    """The tasks whose values stand in a column of lists; None where there is no such column.

    Raises
    ------
    GLevelError
        Where metadata and columns do not fit together.
    """
    text = (schema.metadata or {}).get(TASKS)
    if text is None:
        return None
    try:
        tasks = json.loads(text) if len(text) <= MAX_METADATA else None
    except (ValueError, RecursionError):
        tasks = None
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) for task in tasks):
        raise GLevelError(f"{where}: its metadata {TASKS.decode()!r} are not a list of names, in JSON")
    refuse_many(len(tasks), MAX_TASKS, "tasks", where)
    if LIST not in schema.names or not _is_list(schema.field(LIST).type):
        raise GLevelError(f"{where}: has the tasks of a column {LIST!r} of lists of doubles, and no such column")
    return tasks


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
    lists = listed_tasks(schema, where) is not None
    texts = []
    for name, dtype in zip(schema.names, schema.types, strict=True):
        plain = plain_type(dtype)
        if is_number(plain) or (lists and name == LIST):
            continue
        if pa.types.is_nested(plain) or pa.types.is_binary(plain) or _is_other_binary(plain):
            raise GLevelError(f"{where}: the column {shown(name)} holds {clean(str(dtype))}, not plain values")
        if pa.types.is_string(plain) or pa.types.is_large_string(plain):
            texts.append(name)
    return texts


def _index(schema: Any) -> tuple[str, ...]:
    """The columns that pandas wrote for its index."""
    about = (schema.metadata or {}).get(b"pandas", b"{}")
    try:
        names = json.loads(about[:MAX_METADATA]).get("index_columns", [])
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


def _is_list(dtype: Any) -> bool:
    types = require("pyarrow", "parquet").types
    lists = types.is_fixed_size_list(dtype) or types.is_list(dtype) or types.is_large_list(dtype)
    return bool(lists and str(dtype.value_type) == "double")


def _lists(column: Any, n: int, where: str) -> NDArray[np.float64]:
    """float64 (n_rows, n) of a column of lists, NaN where missing; where they lie, if that is in one piece."""
    types = require("pyarrow", "parquet").types
    parts: list[NDArray[np.float64]] = []
    for chunk in column.chunks:
        if types.is_fixed_size_list(chunk.type):
            wrong, first = chunk.type.list_size != n, chunk.offset * n
        else:
            wide = np.dtype(np.int64 if types.is_large_list(chunk.type) else np.int32)
            ends = np.frombuffer(chunk.buffers()[1], wide, len(chunk) + 1, chunk.offset * wide.itemsize)
            wrong, first = bool((np.diff(ends) != n).any()), int(ends[0])
        if wrong or chunk.null_count:
            raise GLevelError(f"{where}: not every list in the column {LIST!r} holds {n} values, one for each task")
        values, missing = numbers_of(chunk.values.slice(first, len(chunk) * n))
        if missing is not None:
            values = np.where(missing, np.nan, values)
        parts.append(values.reshape(-1, n))
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, n)), *parts])


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
