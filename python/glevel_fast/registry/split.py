"""Open and closed sets: which ids of a task's annotations are withheld, by a keyed hash of task and id alone.

An id stays on its side whatever ids and tasks come or go; without the key nobody can tell which side that is.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.evaluation.files import Folder, files_named
from glevel_fast.evaluation.records import Records, read_records
from glevel_fast.io import write
from glevel_fast.io.files import open_file
from glevel_fast.text import fold_task, listing, reason, shown

__all__ = ["PAPER", "Split", "is_closed", "new_key", "parse_share", "read_key", "split_annotations"]

PAPER = (2, 3)
"""Closed to open, as the paper splits each task's samples (section 4)."""
INPUTS = ("id", "input")
"""What of a closed record is public; all else may tell the gold."""


def parse_share(text: str) -> tuple[int, int]:
    """Closed to open, written such as "2:3".

    Raises
    ------
    GLevelError
    """
    match = re.fullmatch(r"([0-9]{1,6}):([0-9]{1,6})", text.strip())
    if not match or not int(match[1]) or not int(match[2]):
        raise GLevelError(f"the share {shown(text)} is not written such as 2:3, closed to open")
    return int(match[1]), int(match[2])


def is_closed(key: bytes, task: str, sample: str, share: tuple[int, int] = PAPER) -> bool:
    """Whether a sample belongs to the closed set.

    The first 64 bits of HMAC-SHA-256 of the folded task and the id, as a fraction of 2^64, lie below
    closed / (closed + open): of every task about this share is closed, and more of it stays so under a larger share.
    """
    message = json.dumps([fold_task(task), sample]).encode()
    head = int.from_bytes(hmac.digest(key, message, "sha256")[:8], "big")
    closed, opened = share
    return head * (closed + opened) < closed << 64


def new_key(path: str | os.PathLike[str]) -> None:
    """Write a new key of 256 bits, in hexadecimal, readable for its owner alone.

    Raises
    ------
    GLevelError
        Where there is a file already: a split by another key is another split.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        raise GLevelError(f"{os.fsdecode(path)}: is there already; a split by another key is another split") from None
    except OSError as error:
        raise GLevelError(f"{os.fsdecode(path)}: cannot be written: {reason(error)}") from None


def read_key(path: str | os.PathLike[str]) -> bytes:
    """A key from its file: whatever text it holds, without the white space around it.

    Raises
    ------
    GLevelError
        For fewer than 16 bytes.
    """
    with open_file(path, 4096) as file:
        key = file.read().strip()
    if len(key) < 16:
        raise GLevelError(f"{os.fsdecode(path)}: a key of {len(key)} bytes can be guessed; `--new-key` makes one")
    return key


@dataclass(frozen=True)
class Split:
    """What a split made: ids by side of each task's file, and what is to be said."""

    counts: dict[str, tuple[int, int]]
    notes: tuple[str, ...]


def split_annotations(
    annotations: str | os.PathLike[str],
    output: str | os.PathLike[str],
    key: bytes,
    *,
    share: tuple[int, int] = PAPER,
    public: Collection[str] = (),
) -> Split:
    """Split a folder of annotations into three, in a new folder that is there whole or not at all.

    `open/` has the open records whole, `closed/` the closed ones whole, for the maintainer alone, and `inputs/` what
    participants may see of the closed ones: `id`, `input` and the fields named in `public`. Media go where a record
    names them.

    Raises
    ------
    GLevelError
        For annotations that cannot be read, or where something is there already.
    """
    target = os.fsdecode(output)
    if os.path.lexists(target):
        raise GLevelError(f"{target}: is there already; a split needs a new folder")
    if not os.path.isdir(annotations):
        raise GLevelError(f"{os.fsdecode(annotations)}: is not a folder")
    files = Folder(annotations)
    temporary = os.path.join(os.path.dirname(os.path.abspath(target)), f".glevel-{secrets.token_hex(8)}.tmp")
    counts: dict[str, tuple[int, int]] = {}
    passed_over: list[str] = []
    try:
        os.makedirs(temporary)
        for name in files.names():
            if not name.lower().endswith(".json"):
                continue
            try:
                records = read_records(files, name)
            except GLevelError:
                passed_over.append(shown(name))
                continue
            if records.faults:
                raise GLevelError(f"{files.where}: {shown(name)}: {listing(records.faults)}")
            counts[name] = _split_file(files, records, temporary, key, share, (*INPUTS, *public))
        if not counts:
            raise GLevelError(f"{files.where}: has no JSON file of records with ids")
        os.rename(temporary, target)
    except OSError as error:
        raise GLevelError(f"{target}: cannot be written: {reason(error)}") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary)
    notes = [f"passed over, no records with ids: {listing(passed_over)}"] if passed_over else []
    for at, side in enumerate(("closed", "open")):
        if none := [shown(name) for name, count in counts.items() if not count[at]]:
            notes.append(f"so few samples that none is {side}: {listing(none)}")
    return Split(counts, tuple(notes))


def _task_of(name: str) -> str:
    """What a file calls no name for: its own, or the folder's of an `annotation.json` or `json/annotation_v2.json`."""
    parts = name[: -len(".json")].split("/")
    while len(parts) > 1 and parts[-1].casefold() in ("annotation", "annotation_v2", "json"):
        parts.pop()
    return parts[-1]


def _split_file(
    files: Folder,
    records: Records,
    target: str,
    key: bytes,
    share: tuple[int, int],
    public: Collection[str],
) -> tuple[int, int]:
    """Write the three files of one; how many ids are closed and open."""
    task = records.task or _task_of(records.file)
    sides: dict[str, list[Mapping[str, Any]]] = {"open": [], "closed": [], "inputs": []}
    for sample, record in records.by_id.items():
        if is_closed(key, task, sample, share):
            sides["closed"].append(record)
            sides["inputs"].append({field: record[field] for field in public if field in record})
        else:
            sides["open"].append(record)
    for side, data in sides.items():
        path = os.path.join(target, side, records.file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write.json({"task": records.task, "data": data} if records.task else {"data": data}, path)
        for media in dict.fromkeys(files_named(files, data, records.folder)):
            copy = os.path.join(target, side, media)
            if not media.lower().endswith(".json") and not os.path.exists(copy):
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copyfile(os.path.join(files.where, media), copy)
    return len(sides["closed"]), len(sides["open"])
