"""Everything of a registry as JSON lines or CSV, table by table; for its maintainer, as addresses are among it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from glevel_fast.errors import GLevelError
from glevel_fast.io import write
from glevel_fast.registry.entries import utc
from glevel_fast.text import reason

if TYPE_CHECKING:
    from glevel_fast.registry.log import Event
    from glevel_fast.registry.store import Store

__all__ = ["TABLES", "csv_lines", "event_rows", "export", "json_lines", "rows"]

TABLES = ("settings", "benchmarks", "submissions", "evaluations", "results", "samples", "events")
Row = dict[str, Any]
CHUNK = 10_000
"""Rows of a CSV that are in memory at once."""


def rows(store: Store, table: str) -> Iterator[Row]:
    """The rows of one of `TABLES`, each with the same keys."""
    match table:
        case "settings":
            yield from ({"name": name, "value": value} for name, value in sorted(store.settings.items()))
        case "benchmarks":
            yield from _benchmarks(store)
        case "submissions":
            for s in store.submissions():
                said = s.metadata.to_dict()
                yield {
                    "submission": s.id, "model": s.model, "board": s.board, "state": s.state, "why": s.why,
                    "admitted": utc(s.admitted), "email": s.email, "sha256": s.sha256, "parameters": said["parameters"],
                    "description": said["description"], "report": said["report"], "date": said["date"],
                }  # fmt: skip
        case "evaluations":
            for e in store.evaluations():
                yield {
                    "evaluation": e.id, "submission": e.submission, "at": utc(e.at), "benchmark": e.hashes.benchmark,
                    "annotations": e.hashes.annotations, "definitions": e.hashes.definitions, "version": e.version,
                    "given": e.given, "notes": list(e.notes),
                }  # fmt: skip
        case "results":
            tasks = {sha256: store.benchmark(sha256).tasks for sha256 in store.benchmarks()}
            for e in store.evaluations():
                for task, value in zip(tasks[e.hashes.benchmark], e.raw.tolist(), strict=True):
                    if not math.isnan(value):
                        yield {"evaluation": e.id, "submission": e.submission, "task": task, "value": value}
        case "samples":
            for e in store.evaluations():
                for task, both in store.samples(e.event).items():
                    for key, value in zip(*both, strict=True):
                        yield {"evaluation": e.id, "submission": e.submission, "task": task, "id": key, "value": value}
        case "events":
            yield from event_rows(store.events())
        case _:
            raise ValueError(f"{table!r} is none of {', '.join(TABLES)}")


def _benchmarks(store: Store) -> Iterator[Row]:
    for sha256 in store.benchmarks():
        columns = store.benchmark(sha256).to_dict()
        for cells in zip(*columns.values(), strict=True):
            yield {"benchmark": sha256} | dict(zip(columns, cells, strict=True))


def event_rows(events: Iterable[Event]) -> Iterator[Row]:
    """Events as rows: seq, at, kind, submission, and everything else that they say in `data`."""
    for event in events:
        data = dict(event.data)
        submission = data.pop("submission", None)
        yield {"seq": event.seq, "at": utc(event.at), "kind": event.kind, "submission": submission, "data": data}


def export(store: Store, folder: str | os.PathLike[str], kind: Literal["jsonl", "csv"] = "jsonl") -> list[str]:
    """Write every table as a file of JSON lines or CSV into a folder, which is made; their paths.

    Raises
    ------
    GLevelError
        Where nothing can be written there.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise GLevelError(f"{os.fsdecode(folder)}: cannot be made a folder: {reason(error)}") from None
    paths = []
    for table in TABLES:
        path = os.path.join(os.fsdecode(folder), f"{table}.{kind}")
        lines = (json_lines if kind == "jsonl" else csv_lines)(rows(store, table))
        write.write(path, _saving(lines))
        paths.append(path)
    return paths


def _saving(lines: Iterator[str]) -> Any:
    def save(file: BinaryIO) -> None:
        for line in lines:
            file.write(line.encode())

    return save


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object a line."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """CSV with a header, thousands of lines at a time; what is neither text nor number is JSON."""
    given = iter(rows)
    first = next(given, None)
    if first is None:
        return
    header = True
    given = chain([first], given)
    while some := list(islice(given, CHUNK)):
        text = write.csv_text({name: [_cell(row[name]) for row in some] for name in first})
        yield text if header else text.partition("\n")[2]
        header = False


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
