"""A folder of results to a folder of scores, part by part: for more models than fit one table, or one machine."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.results import Results
from glevel_fast.errors import GLevelError, ResultsError
from glevel_fast.extras import require
from glevel_fast.io import write
from glevel_fast.io.arrow import arrow_errors, table_of
from glevel_fast.io.files import raising
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.json import read_json
from glevel_fast.loading.blocks import refuse_twins
from glevel_fast.loading.folder import KINDS, Found, Span, blocks, files_in, spans
from glevel_fast.loading.intake import Reading, is_folder
from glevel_fast.loading.names import Renames
from glevel_fast.machines.identity import identity
from glevel_fast.machines.interrupt import Interrupt, Progress
from glevel_fast.machines.spread import spread
from glevel_fast.text import fold_task, listing, shown, spelled
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from glevel_fast.core.scoring import Scorer

__all__ = ["ScoredFolder", "score_folder"]

MANIFEST = "_glevel.json"
"""What the folder of scores is of; readers of Parquet folders pass over names with an underscore."""
SUFFIX = ".{:06}.parquet"
"""What is added to a file's name: the first of the row groups in a part."""
PART, NOTES = b"glevel_fast.part", b"glevel_fast.notes"
"""What the metadata of a part say of it: the hash of what it was made of, and its notes in JSON."""


@dataclass(frozen=True, eq=False, repr=False)
class ScoredFolder(AsFrames):
    """Scores in a folder of Parquet files, which `pyarrow.parquet.read_table`, polars and DuckDB read as one table.

    Attributes
    ----------
    path : str
    parts : tuple of str
        The files in it that are done, in the order of the results.
    total : int
        How many there are to be.
    made : int
        How many of them were made by this run; the others were there.
    models : tuple of str
    level : int8 (n_models,)
    notes : tuple of str
        What was inferred, passed over or left out.
    """

    path: str
    parts: tuple[str, ...]
    total: int
    made: int
    models: tuple[str, ...]
    level: np.ndarray[Any, np.dtype[np.int8]]
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether all parts are done; False after an interrupt."""
        return len(self.parts) == self.total

    def __len__(self) -> int:
        return len(self.models)

    def __repr__(self) -> str:
        done = "" if self.complete else f", {len(self.parts)} done"
        return f"ScoredFolder({len(self):,} models in {self.total} parts{done}: {shown(self.path)})"

    def columns(self, names: Sequence[str] | None = None) -> dict[str, Any]:
        """One row per model, as `glevel score --parquet` writes it.

        Parameters
        ----------
        names : sequence of str, optional
            Only these columns.

        Returns
        -------
        dict of list or array (n_models,)
        """
        return _columns([os.path.join(self.path, part) for part in self.parts], names)


def score_folder(
    scorer: Scorer,
    results: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    to: str | os.PathLike[str],
    *,
    rename: Mapping[str, str] | str | os.PathLike[str] | None = None,
    ignore: str | Iterable[str] = (),
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ScoredFolder:
    """See `Scorer.score_folder`."""
    leave = frozenset(map(fold_task, [ignore] if isinstance(ignore, str) else ignore))
    # The released scorer reads an unreadable cell as ∞, that is as missing.
    lenient = scorer.policy == "release" or scorer.compiled.options.invalid == "missing"
    reading = Reading(lenient=lenient, ignore=leave, renames=Renames(rename))
    files, notes = _files([results] if isinstance(results, str | os.PathLike) else list(results))
    folder = write.make_folder(to)
    if any(os.path.samefile(os.path.dirname(os.path.abspath(path)), folder) for path in files):
        raise GLevelError(f"{folder}: the scores need a folder of their own, which the results are not in")
    about = _about(scorer, reading)
    wanted = {span.name + SUFFIX.format(span.first): span for path in files for span in spans(path)}
    marks = {name: identity(about["job"], span.mark, span.first, span.last) for name, span in wanted.items()}
    notes += _make_ready(folder, about, marks)
    missing = [name for name in wanted if _mark(os.path.join(folder, name)) != marks[name]]
    if executor is not None:
        threads = threads or 1
    job = _Job(scorer, reading, folder, [(name, wanted[name], marks[name]) for name in missing], threads)
    found = Found()
    if executor is not None and missing:
        before = _temporary(folder)
        spread(executor, job, found, 0, len(missing), 1, progress)
        for left in _temporary(folder) - before:  # by workers that were killed
            with suppress(OSError):
                os.unlink(left)
    else:
        with Interrupt(len(missing) > 1) as interrupt:
            for i in range(len(missing)):
                found.add(job(i, i + 1))
                if found.errors or interrupt.between_pieces(progress, i + 1, len(missing)):
                    break
    if found.errors:
        raise found.errors[min(found.errors)]
    done = {missing[i] for first, last in found.ranges for i in range(first, last)}
    parts = [name for name in wanted if name in done or name not in missing]
    paths = [os.path.join(folder, name) for name in parts]
    places: list[str] = []
    of_all = _columns(paths, ["model", "level"], places)
    refuse_twins(of_all["model"], places)
    for path in paths:
        notes += json.loads(_metadata(path).get(NOTES, b"[]"))
    reading.renames.use(found.used)
    if len(done) == len(wanted) and (unused := reading.renames.unused):
        notes.append(f"names to rename that nothing bears: {listing(list(map(spelled, unused)))}")
    level = np.asarray(of_all["level"], np.int8)
    return ScoredFolder(
        folder, tuple(parts), len(wanted), len(done), tuple(of_all["model"]), level, tuple(dict.fromkeys(notes))
    )


def _files(sources: Sequence[str | os.PathLike[str]]) -> tuple[list[str], list[str]]:
    """The files of all folders, and those that are named; and notes."""
    files: list[str] = []
    notes: list[str] = []
    for source in sources:
        if is_folder(source):
            some, also = files_in(source)
            files += some
            notes += also
        elif os.fsdecode(source).lower().endswith(KINDS):
            files.append(os.fsdecode(source))
        else:
            raise ResultsError(
                f"{os.fsdecode(source)}: is neither a folder nor a {' or '.join(KINDS)} file, which are what can be "
                "scored part by part (`glevel convert` makes them)"
            )
    first: dict[str, str] = {}
    for path in files:
        name = os.path.basename(path)
        if name in first:
            raise ResultsError(f"two files have the name {shown(name)}, after which the parts are called: "
                               f"{first[name]} and {path}; rename one")  # fmt: skip
        first[name] = path
    return files, notes


def _about(scorer: Scorer, reading: Reading) -> dict[str, Any]:
    """What decides the scores beside the results, for the manifest; and its hash."""
    options, bench = vars(scorer.compiled.options), scorer.benchmark
    names = identity(bench.aliases, sorted(reading.ignore), reading.renames.pairs)
    about: dict[str, Any] = {"glevel_fast": __version__, "benchmark": bench.sha256, "names": names}
    about |= options | {"unreadable": "missing" if reading.lenient else "error"}
    return about | {"job": identity(*(part for pair in about.items() for part in pair))}


def _make_ready(folder: str, about: Mapping[str, Any], marks: Mapping[str, str]) -> list[str]:
    """Refuse a folder of something else, take away parts that nothing stands behind any more, write the manifest."""
    path = os.path.join(folder, MANIFEST)
    before: dict[str, str] = {}
    if os.path.exists(path):
        old = read_json(path)
        parts = old.get("parts") if isinstance(old, Mapping) else None
        if not isinstance(parts, Mapping):
            raise GLevelError(f"{path}: is not what this package writes; remove the folder")
        if other := [name for name in about if name != "job" and old.get(name) != about[name]]:
            said = ", ".join(
                f"{name} {shown(old.get(name))}, now {shown(about[name])}" if name not in ("benchmark", "names")
                else f"another {'benchmark' if name == 'benchmark' else 'reading of names'}"
                for name in other
            )  # fmt: skip
            raise GLevelError(f"{folder}: holds scores of another job ({said}); name another folder, or remove it")
        before = dict(parts)
    strangers = [name for name in sorted(os.listdir(folder)) if not name.startswith((".", "_")) and name not in before]
    if strangers:
        raise GLevelError(
            f"{folder}: holds files that are not parts of these scores, and would be read with them: "
            f"{listing(list(map(shown, strangers)))}; name an empty folder"
        )
    notes = []
    gone = [name for name in before if name not in marks]
    for name in gone:
        if os.path.exists(part := os.path.join(folder, name)):
            os.unlink(part)
    if gone:
        notes.append(f"parts of results that are no longer there, removed: {listing(list(map(shown, gone)))}")
    changed = [name for name, mark in marks.items() if before.get(name, mark) != mark]
    if changed:
        notes.append(f"parts of results that have changed, scored again: {listing(list(map(shown, changed)))}")
    write.json({**about, "parts": dict(marks)}, path)
    return notes


def _temporary(folder: str) -> set[str]:
    return set(glob.glob(os.path.join(glob.escape(folder), ".glevel-*.tmp")))


@dataclass(frozen=True)
class _Job:
    """Scores spans and writes their parts, wherever it is unpickled."""

    scorer: Scorer
    reading: Reading
    folder: str
    parts: list[tuple[str, Span, str]]
    threads: int | None

    def __call__(self, first: int, last: int) -> Found:
        done = Found(((first, last),))
        for i in range(first, last):
            try:
                self.make(*self.parts[i])
            except GLevelError as error:
                done.errors[i] = error
        done.used = self.reading.renames.used
        return done

    def make(self, name: str, span: Span, mark: str) -> None:
        pa, pq = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
        bench = self.scorer.benchmark
        tables, notes = [], list[str]()
        for block in blocks(span, bench, self.reading, self.threads):
            results = Results(
                tuple(block.models), bench.tasks, block.values, tuple(block.sources), block.absent, tuple(block.notes)
            )
            scores = self.scorer.score(results, threads=self.threads)
            tables.append(pa.table({title: pa.array(column) for title, column in scores.columns().items()}))
            notes += scores.notes
        if not tables:
            raise ResultsError(f"{span.path}: has a header but no rows")
        about = {PART: mark.encode(), NOTES: json.dumps(list(dict.fromkeys(notes))).encode()}
        table = pa.concat_tables(tables).replace_schema_metadata(about)
        write.write(os.path.join(self.folder, name), lambda file: pq.write_table(table, file))


def _metadata(path: str) -> dict[bytes, bytes]:
    with raising(ResultsError), arrow_errors(path):
        return require("pyarrow.parquet", "parquet").read_schema(path).metadata or {}


def _mark(path: str) -> str | None:
    """What a part was made of; None where it is not there, or not whole."""
    if not os.path.exists(path):
        return None
    try:
        return _metadata(path).get(PART, b"").decode()
    except GLevelError:
        return None


def _columns(paths: Sequence[str], names: Sequence[str] | None, places: list[str] | None = None) -> dict[str, Any]:
    """Columns of parts, one below the other; and from which file each row is."""
    pq = require("pyarrow.parquet", "parquet")
    found: dict[str, list[Any]] = {}
    for path in paths:
        with raising(ResultsError), arrow_errors(path):
            table = table_of(pq.ParquetFile(path).read(columns=names), path)
        for name, column in table.columns.items():
            found.setdefault(name, []).append(column)
        if places is not None:
            places += [os.path.basename(path)[: -len(SUFFIX.format(0))]] * len(table.rows)
    return {
        name: np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [cell for part in parts for cell in part]
        for name, parts in found.items()
    }
