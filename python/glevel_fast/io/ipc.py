"""Arrow files (IPC), which are mapped rather than read: values stay where they lie on the disk until they are used."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.arrow import arrow_errors, is_number, table_of, texts_of
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_NUMBERS, MAX_TASKS, refuse_many, refuse_many_texts
from glevel_fast.io.recognise import refuse_strangers
from glevel_fast.text import shown

if TYPE_CHECKING:
    from glevel_fast.io.table import Table

MAX_BYTES = 512 * 2**20
MAGIC = b"ARROW1\0\0"
MAX_BATCHES = 1_000_000


def read_arrow(path: str | os.PathLike[str]) -> Table:
    """Read an Arrow file: a column per task, or one of lists.

    Raises
    ------
    GLevelError
        For what is not such a file, damaged, nested, compressed, or larger than the limits.
    """
    pa, where = require("pyarrow", "parquet"), os.fsdecode(path)
    schema, batches = map_arrow(path, MAX_BYTES)
    with arrow_errors(where):
        rows = sum(batch.num_rows for batch in batches)
        refuse_many(len(schema), MAX_TASKS, "columns", where)
        refuse_many(rows * len(schema), MAX_NUMBERS, "cells", where)
        refuse_many_texts(rows * (len(schema) - sum(map(is_number, schema.types))), where)
        return table_of(pa.Table.from_batches(batches, schema), where)


def map_arrow(path: str | os.PathLike[str], most: int) -> tuple[Any, list[Any]]:
    """The schema of an Arrow file of at most `most` bytes, and its batches of rows where they lie.

    Raises
    ------
    GLevelError
        For what is not such a file, damaged, nested, or compressed: what it unpacks to is not known before.
    """
    pa, where = require("pyarrow", "parquet"), os.fsdecode(path)
    with open_file(path, most) as file:
        head = file.read(4096)
        refuse_strangers(where, head)
        if not head.startswith(MAGIC):
            raise GLevelError(f"{where}: is not an Arrow file (IPC, not the stream)")
    with arrow_errors(where):
        mapped = pa.memory_map(where)  # open for as long as a batch is in use
        mapped.seek(len(MAGIC))
        messages = pa.ipc.MessageReader.open_stream(mapped)
        schema = pa.ipc.read_schema(_next(messages, "schema"))
        for name, dtype in zip(schema.names, schema.types, strict=True):
            if pa.types.is_dictionary(dtype):
                raise GLevelError(f"{where}: the column {shown(name)} is a dictionary: write plain texts and numbers")
        texts_of(schema, where)
        batches: list[Any] = []
        for message in iter(lambda: _next(messages, "record batch"), None):
            if _is_compressed(message.metadata.to_pybytes()):
                raise GLevelError(
                    f"{where}: is compressed, so that it cannot be mapped: write it without (pandas: "
                    'to_feather(path, compression="uncompressed")), or Parquet'
                )
            batches.append(pa.ipc.read_record_batch(message, schema))
            refuse_many(len(batches), MAX_BATCHES, "batches of rows", where)
        return schema, batches


def _next(messages: Any, kind: str) -> Any:
    """The next message; None after the last. Arrow takes one of another kind for what it asks for, and dies of it."""
    try:
        message = messages.read_next_message()
    except StopIteration:
        if kind == "schema":
            raise ValueError("it has no schema") from None
        return None
    if message.type != kind:
        raise ValueError(f"a message that is no {kind}")
    return message


def _is_compressed(message: bytes) -> bool:
    """Whether a message of rows says that their buffers are compressed (Arrow's format: Message, RecordBatch)."""

    def table(at: int) -> list[int | None]:
        names = at - struct.unpack_from("<i", message, at)[0]
        size = struct.unpack_from("<H", message, names)[0]
        places = struct.unpack_from(f"<{size // 2 - 2}H", message, names + 4)
        return [at + place if place else None for place in (*places, 0, 0, 0, 0)]

    try:
        _, _, header, *_ = table(struct.unpack_from("<I", message)[0])
        if header is None:
            raise ValueError("a message that holds nothing")
        _, _, _, compression, *_ = table(header + struct.unpack_from("<I", message, header)[0])
        return compression is not None
    except struct.error as error:
        raise ValueError(f"a message that is cut off: {error}") from None
