"""A submission's archive: how a participant's is built, and how any is checked."""

from __future__ import annotations

import io
import json
import os
import unicodedata
import zipfile
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError, SubmissionError
from glevel_fast.evaluation.files import Files, files_named, open_files
from glevel_fast.evaluation.records import PREDICTIONS, Index, read_records
from glevel_fast.io import write
from glevel_fast.io.archive import Archive, open_archive
from glevel_fast.io.files import open_file
from glevel_fast.registry import metadata as about
from glevel_fast.registry.evaluating import tasks_of
from glevel_fast.registry.ids import Leaderboard, archive_name, find_leaderboard, split_name
from glevel_fast.registry.metadata import Metadata, model_fault, read_metadata
from glevel_fast.text import bullets, listing, reason, shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Built", "build", "check"]

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive, so that the same predictions make the same bytes."""


def check(
    archive: Archive,
    file: str,
    leaderboards: Mapping[str, Leaderboard],
    benchmark: Benchmark,
    rows: list[dict[str, str]],
) -> tuple[Metadata, Leaderboard]:
    """Check an opened archive, whose file was named `file`, before it is admitted.

    Parameters
    ----------
    rows : list of dict
        The table of tasks by which it would be evaluated.

    Raises
    ------
    SubmissionError
        Listing what is wrong with the name, the metadata, and the files of predictions, all at once.
    """
    faults: list[str] = []
    metadata = leaderboard = None
    model = ""
    try:
        model, board = split_name(file, leaderboards)
        leaderboard = find_leaderboard(board, leaderboards)
    except GLevelError as error:
        faults.append(str(error))
    try:
        metadata = _metadata(archive)
    except GLevelError as error:
        faults.append(str(error))
    if metadata and model and unicodedata.normalize("NFC", metadata.model) != model:
        faults.append(f"{about.NAME}: the model is {shown(metadata.model)}, and {shown(model)} in the archive's name")
    if leaderboard:
        tasks, index = _computed(leaderboard, benchmark, rows), Index(archive)
        try:
            if not any(index.prediction(*task) for task in tasks):
                folders = listing([shown(folder) for _, folder in tasks], 4)
                faults.append(f"has predictions for no task of {leaderboard.id}; their folders are {folders}")
        except GLevelError as error:
            faults.append(str(error))
    if faults or metadata is None or leaderboard is None:
        raise SubmissionError(f"{file}: cannot be taken:{bullets(faults, len(faults))}")
    return metadata, leaderboard


def _computed(leaderboard: Leaderboard, benchmark: Benchmark, rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Task and folder of what a leaderboard is about and is computed from predictions."""
    wanted = set(tasks_of(leaderboard, benchmark))
    return [(row["task"], row["folder"]) for row in rows if row["task"] in wanted and row["folder"]]


def _metadata(archive: Archive) -> Metadata:
    name = about.NAME
    if name not in archive and archive.top and f"{archive.top}/{name}" in archive:
        name = f"{archive.top}/{name}"
    if name not in archive:
        raise GLevelError(f"has no {about.NAME} beside the predictions")
    return read_metadata(archive.read(name, about.MAX_BYTES), about.NAME)


@dataclass(frozen=True)
class Built:
    """An archive that was built: its path, how many files of predictions and media are in it, and notes."""

    path: str
    files: int
    media: int
    notes: tuple[str, ...]


def build(
    predictions: str | os.PathLike[str],
    *,
    model: str,
    leaderboard: Leaderboard,
    metadata: str | os.PathLike[str],
    output: str | os.PathLike[str] = ".",
    leaderboards: Mapping[str, Leaderboard],
    benchmark: Benchmark,
    rows: list[dict[str, str]] | None = None,
    inputs: str | os.PathLike[str] | None = None,
) -> Built:
    """Build the archive of a submission and check it as a registry does.

    Of each record only the id and the prediction go in, so that no gold can; of other files only those that a
    prediction names.

    Parameters
    ----------
    predictions : path
        A folder or zip archive, as `evaluate` reads it.
    metadata : path
        Of a metadata.json.
    output : path
        The folder for `[Model Name]-[Leaderboard ID].zip`.
    rows : list of dict, optional
        The table of tasks; without it, that the predictions are where they are looked for is not checked.
    inputs : path, optional
        The folder or archive of the closed set's inputs: only predictions of their ids go in.

    Raises
    ------
    SubmissionError
        Listing what is wrong.
    GLevelError
        Where something cannot be read or written.
    """
    if fault := model_fault(model):
        raise SubmissionError(f"the model's name {fault}")
    with open_file(metadata, about.MAX_BYTES) as file:
        said = read_metadata(file.read(), os.fsdecode(metadata))
    if unicodedata.normalize("NFC", said.model) != unicodedata.normalize("NFC", model):
        raise SubmissionError(
            f"{os.fsdecode(metadata)}: the model is {shown(said.model)}, and {shown(model)} was asked for"
        )
    with closing(open_files(predictions)) as files:
        notes: list[str] = []
        if rows is None:
            wanted: dict[str, Collection[str] | None] = {name: None for name in files.names() if _may_be_records(name)}
        else:
            wanted, notes = _of_the_board(files, leaderboard, benchmark, rows, inputs)
        packed, media, more = _packed(files, wanted)
        if not packed:
            raise SubmissionError(f"{files.where}: has no JSON file with records that have an id and a prediction")
        packed |= {path: files.read(path) for path in media}
    name = archive_name(model, leaderboard.id)
    content = _zip({about.NAME: _json(said.to_dict())} | packed)
    with open_archive(content) as archive:
        if rows is None:
            split_name(name, leaderboards)
        else:
            check(archive, name, leaderboards, benchmark, rows)
    try:
        os.makedirs(output, exist_ok=True)
    except OSError as error:
        raise GLevelError(f"{os.fsdecode(output)}: cannot be made a folder: {reason(error)}") from None
    path = os.path.join(os.fsdecode(output), name)
    write.write(path, lambda file: file.write(content))
    return Built(path, len(packed) - len(media), len(media), (*notes, *more))


def _may_be_records(name: str) -> bool:
    return name.lower().endswith(".json") and name.rpartition("/")[2] != about.NAME


def _of_the_board(
    files: Files,
    leaderboard: Leaderboard,
    benchmark: Benchmark,
    rows: list[dict[str, str]],
    inputs: str | os.PathLike[str] | None,
) -> tuple[dict[str, Collection[str] | None], list[str]]:
    """The files that a leaderboard asks for, with the ids that are asked for where these are known, and notes."""
    tasks = _computed(leaderboard, benchmark, rows)
    index = Index(files)
    found = {task: name for task in tasks if (name := index.prediction(*task))}
    notes = [f"predictions for {len(found)} of the {len(tasks)} tasks of {leaderboard.id} that are computed"]
    wanted: dict[str, Collection[str] | None] = dict.fromkeys(found.values())
    if inputs is None:
        return wanted, notes
    with closing(open_files(inputs)) as asked:
        _ask(asked, files, found, wanted, notes)
    return wanted, notes


def _ask(
    asked: Files,
    files: Files,
    found: Mapping[tuple[str, str], str],
    wanted: dict[str, Collection[str] | None],
    notes: list[str],
) -> None:
    """Put the ids that inputs ask for into `wanted`, by file, and what is to be said of them into `notes`."""
    known = Index(asked)
    for task, name in found.items():
        held = known.annotation(*task)
        if held is None:
            notes.append(f"task {shown(task[0])}: the inputs have no file for it, its ids are not checked")
            continue
        ids = read_records(asked, held).by_id.keys()
        given = {key for key, record in read_records(files, name).by_id.items() if _answer(record)}
        wanted[name] = ids
        if lacking := sorted(ids - given):
            some = listing(list(map(shown, lacking)), 3)
            notes.append(f"task {shown(task[0])}: {len(lacking)} of {len(ids)} ids have no prediction: {some}")
        if more := given - ids:
            notes.append(f"task {shown(task[0])}: {len(more)} predictions left out, their ids are not asked for")


def _packed(
    files: Files, wanted: Mapping[str, Collection[str] | None]
) -> tuple[dict[str, bytes], list[str], list[str]]:
    """The wanted files with nothing but ids and predictions, the media that these name, and notes."""
    packed: dict[str, bytes] = {}
    media: dict[str, None] = {}
    faults: list[str] = []
    for name, ids in wanted.items():
        try:
            records = read_records(files, name)
        except GLevelError:
            continue  # no records: said below
        held = {key: record for key, record in records.by_id.items() if ids is None or key in ids}
        data = [{"id": key, "prediction": answer} for key, record in held.items() for answer in _answer(record)]
        if not data:
            continue
        faults += [f"{shown(name)}: {fault}" for fault in records.faults]
        packed[name] = _json({"task": records.task, "data": data} if records.task else {"data": data})
        answers = [record["prediction"] for record in data]
        media |= dict.fromkeys(files_named(files, answers, records.folder))
    if faults:
        raise SubmissionError(f"{files.where}: cannot be submitted:{bullets(faults, len(faults))}")
    left = [name for name in files.names() if name not in packed and name not in media]
    notes = [f"{len(left)} files are left out: {listing(list(map(shown, left)), 3)}"] if left else []
    return packed, [name for name in media if name not in packed], notes


def _answer(record: Mapping[str, Any]) -> list[Any]:
    return next(([record[key]] for key in PREDICTIONS if record.get(key) is not None), [])


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()
