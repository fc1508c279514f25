"""Results in many or large Parquet and Arrow files, a range of rows at a time: no limit but the memory of a range.

The limits of a single table guard against strangers' files; who names a folder means what is in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError, ResultsError
from glevel_fast.extras import require
from glevel_fast.io.arrow import arrow_errors, listed_tasks, table_of, texts_of
from glevel_fast.io.files import open_file, raising
from glevel_fast.io.ipc import map_arrow
from glevel_fast.io.parquet import check_file
from glevel_fast.loading.blocks import Block, join
from glevel_fast.loading.intake import Reading, is_folder, read, read_table
from glevel_fast.machines.job import joined
from glevel_fast.machines.spread import spread
from glevel_fast.text import listing, shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.io.table import Table
    from glevel_fast.machines.interrupt import Progress

__all__ = ["Found", "Span", "blocks", "files_in", "read_all", "spans"]

KINDS = (".parquet", ".arrow")
MAX_BYTES = 2**44
MAX_FOOTER = 256 * 2**20
"""Most bytes that describe the row groups of one of these files: some hundred thousand columns of row groups."""
BATCH = 2**22
"""Values read at once: 32 MB."""
MAX_ROWS = 100_000
"""Most rows read at once."""
SPAN = 2**24
"""Values in a span, where the row groups of its file are not larger: a part of a second."""


@dataclass(frozen=True)
class Span:
    """Row groups [first, last) of a file.

    Attributes
    ----------
    path : str
    first, last : int
    start, rows : int
        The rows before them in the file, and their own.
    mark : str
        What tells the file from another one in its place: a hash of its size, when it was changed, and its end, where
        Parquet and Arrow files say what is in them.
    """

    path: str
    first: int
    last: int
    start: int
    rows: int
    mark: str

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return os.path.basename(self.path)


def files_in(folder: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """The Parquet and Arrow files of a folder, in the order of their names; and a note of others.

    Raises
    ------
    ResultsError
        Where there is none.
    """
    where = os.fsdecode(folder)
    names = sorted(name for name in os.listdir(where) if not name.startswith((".", "_")))
    files = [name for name in names if name.lower().endswith(KINDS)]
    if not files:
        raise ResultsError(f"{where}: is a directory without {' or '.join(KINDS)} files; name the files in it")
    others = listing([shown(name) for name in names if name not in files])
    notes = [f"{where}: passed over, neither {' nor '.join(KINDS)}: {others}"] if len(files) < len(names) else []
    return [os.path.join(where, name) for name in files], notes


def spans(path: str) -> list[Span]:
    """A file in spans of about `SPAN` values, each of whole row groups.

    Raises
    ------
    ResultsError
        For what cannot be read.
    """
    with raising(ResultsError):
        with open_file(path, MAX_BYTES) as file:
            status = os.fstat(file.fileno())
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 10))
            end = file.read(10)  # the length of what is before it, and four or six letters
            length = 10 + int.from_bytes(end[:4] if end.endswith(b"ARROW1") else end[2:6], "little")
            file.seek(max(0, size - min(length, MAX_FOOTER)))
            digest = hashlib.sha256(f"{size} {status.st_mtime_ns} ".encode() + file.read())
        with _opened(path) as (sizes, width, _):
            found: list[Span] = []
            first = start = rows = 0
            for i, n in enumerate(sizes, start=1):
                rows += n
                if rows * width >= SPAN or i == len(sizes):
                    found.append(Span(path, first, i, start, rows, digest.hexdigest()))
                    first, start, rows = i, start + rows, 0
            return found


def blocks(span: Span, bench: Benchmark, reading: Reading, threads: int | None = None) -> Iterator[Block]:
    """The models of a span, a batch at a time, in the benchmark's order of tasks.

    Raises
    ------
    ResultsError
        As `load_results`.
    """
    with raising(ResultsError), _opened(span.path) as (_, _, tables):
        start = span.start
        for table in tables(span.first, span.last, threads != 1):
            if not table.num_rows:
                continue
            with arrow_errors(span.path):
                cells: Table = table_of(table, span.path, start)
            start += table.num_rows
            yield read_table(cells, span.path, bench, reading)


def read_all(
    sources: Sequence[Any],
    bench: Benchmark,
    reading: Reading,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Block:
    """Sources in their order, folders by their files; on the workers of an executor where there is one.

    Raises
    ------
    ResultsError
        As `load_results`.
    KeyboardInterrupt
        Where it was interrupted: a part of the results are no results.
    """
    units: list[Any] = []
    notes: list[str] = []
    for source in sources:
        if is_folder(source):
            files, some = files_in(source)
            notes += some
            units += [span for path in files for span in spans(path)]
        else:
            units.append(source)
    found, job = Found(), _Read(units, bench, reading)
    if executor is None:
        for i in range(len(units)):
            found.blocks[i] = job.read(i)
            if progress is not None:
                progress(i + 1, len(units))
    else:
        if spread(executor, job, found, 0, len(units), 1, progress) < len(units):
            raise KeyboardInterrupt
        if found.errors:
            raise found.errors[min(found.errors)]
        reading.renames.use(found.used)
    whole = join([block for i in range(len(units)) for block in found.blocks[i]])
    whole.notes[:] = dict.fromkeys([*notes, *whole.notes])
    return whole


@dataclass
class Found:
    """What a run over sources has done, by their numbers: what was read, where it is asked for, and what failed."""

    ranges: tuple[tuple[int, int], ...] = ()
    blocks: dict[int, list[Block]] = field(default_factory=dict)
    errors: dict[int, GLevelError] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    """Names that were written otherwise than they are meant, of those to rename."""

    def add(self, part: Found) -> None:
        self.ranges = joined(self.ranges, part.ranges) or ()
        self.blocks |= part.blocks
        self.errors |= part.errors
        self.used |= part.used

    def merge(self, *others: Found) -> Found:
        whole = Found()
        for one in (self, *others):
            whole.add(one)
        return whole


@dataclass(frozen=True)
class _Read:
    """Reads sources, wherever it is unpickled."""

    units: list[Any]
    bench: Benchmark
    reading: Reading

    def read(self, i: int) -> list[Block]:
        unit = self.units[i]
        if isinstance(unit, Span):
            return list(blocks(unit, self.bench, self.reading))
        return [read(unit, self.bench, self.reading)]

    def __call__(self, first: int, last: int) -> Found:
        found = Found(((first, last),))
        for i in range(first, last):
            try:
                found.blocks[i] = self.read(i)
            except ResultsError as error:
                found.errors[i] = error
        found.used = self.reading.renames.used
        return found


@contextmanager
def _opened(path: str) -> Iterator[tuple[list[int], int, Callable[[int, int, bool], Iterator[Any]]]]:
    """The rows of each row group, the values in a row, and what gives the batches of row groups [first, last)."""
    pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    if path.lower().endswith(".arrow"):
        schema, batches = map_arrow(path, MAX_BYTES)
        width, step = _width(schema, path)

        def mapped(first: int, last: int, _: bool) -> Iterator[Any]:
            for batch in batches[first:last]:
                for start in range(0, batch.num_rows, step):
                    yield pa.Table.from_batches([batch.slice(start, step)])

        yield [batch.num_rows for batch in batches], width, mapped
        return
    with open_file(path, MAX_BYTES) as file:
        check_file(file, path, MAX_FOOTER)
    with arrow_errors(path):
        reader = pq.ParquetFile(path)
        about = reader.metadata
        width, step = _width(reader.schema_arrow, path)
        sizes = [about.row_group(i).num_rows for i in range(about.num_row_groups)]

    def decoded(first: int, last: int, threads: bool) -> Iterator[Any]:
        with arrow_errors(path):
            batches = reader.iter_batches(step, list(range(first, last)), use_threads=threads)
        while True:
            with arrow_errors(path):
                batch = next(batches, None)
            if batch is None:
                return
            yield pa.Table.from_batches([batch])

    with reader:
        yield sizes, width, decoded


def _width(schema: Any, path: str) -> tuple[int, int]:
    """The values in a row, and the rows in a batch."""
    with arrow_errors(path):
        texts_of(schema, path)
        width = len(schema) + len(listed_tasks(schema, path) or ())
    return width, min(max(1, BATCH // max(1, width)), MAX_ROWS)
