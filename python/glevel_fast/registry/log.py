"""The event log of a registry: every change is an event first, and the state is what the events make of it.

`record` writes an event and applies it; `rebuild` applies all of them anew. Both go through `_apply`, so the state
cannot hold what the log does not tell.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from glevel_fast.registry.schema import STATE, STEPS

__all__ = ["Event", "differences", "events", "record", "samples_of"]

Samples = Mapping[str, tuple[Sequence[str], Sequence[float | None]]]
"""Of each task the ids and what each sample is worth."""


class Event(NamedTuple):
    """One thing that happened; `at` in milliseconds of UTC."""

    seq: int
    at: int
    kind: str
    data: dict[str, Any]


def record(db: sqlite3.Connection, at: int, kind: str, data: dict[str, Any], samples: Samples | None = None) -> int:
    """Write an event, inside a transaction, with what follows from it; its number."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    cursor = db.execute("INSERT INTO event (at, kind, data) VALUES (?, ?, ?)", (at, kind, text))
    seq = int(cursor.lastrowid or 0)
    db.executemany("INSERT INTO sample (event, task, n, packed) VALUES (?, ?, ?, ?)", _packed(seq, samples or {}))
    _apply(db, Event(seq, at, kind, json.loads(text)))
    return seq


def _packed(seq: int, samples: Samples) -> Iterator[tuple[int, str, int, bytes]]:
    for task, (ids, values) in samples.items():
        text = json.dumps([list(ids), list(values)], allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        yield seq, task, len(ids), zlib.compress(text.encode(), 1)


def samples_of(db: sqlite3.Connection, event: int) -> dict[str, tuple[list[str], list[float | None]]]:
    """The samples that came with an event."""
    rows = db.execute("SELECT task, packed FROM sample WHERE event = ? ORDER BY task", (event,))
    return {task: tuple(json.loads(zlib.decompress(packed))) for task, packed in rows}


def events(db: sqlite3.Connection, since: int = 0) -> Iterator[Event]:
    """The events after number `since`, in order."""
    for seq, at, kind, data in db.execute("SELECT seq, at, kind, data FROM event WHERE seq > ? ORDER BY seq", (since,)):
        yield Event(seq, at, kind, json.loads(data))


def _apply(db: sqlite3.Connection, event: Event) -> None:
    data = event.data
    match event.kind:
        case "settings":
            if "benchmark" in data:
                known = json.dumps(data["benchmark"]["data"], ensure_ascii=False, separators=(",", ":"))
                db.execute("INSERT OR IGNORE INTO benchmark VALUES (?, ?)", (data["benchmark"]["sha256"], known))
                _set(db, {"benchmark": data["benchmark"]["sha256"]})
            _set(db, data["settings"])
        case "admitted":
            db.execute("INSERT OR IGNORE INTO submitter (email) VALUES (?)", (data["email"],))
            (submitter,) = db.execute("SELECT id FROM submitter WHERE email = ?", (data["email"],)).fetchone()
            metadata = json.dumps(data["metadata"], ensure_ascii=False, separators=(",", ":"))
            db.execute(
                "INSERT INTO submission (id, submitter, sha256, model, board, metadata, admitted, state, lease) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                (
                    data["submission"], submitter, data["sha256"], data["metadata"]["model"], data["board"], metadata,
                    event.at, data["lease"],
                ),
            )  # fmt: skip
        case "taken":
            _turn(db, data["submission"], "pending", lease=data["lease"])
        case "evaluated":
            _turn(db, data["submission"], "scored")
            _keep_evaluation(db, event)
        case "rescored":
            _keep_evaluation(db, event)
        case "withdrawn" | "restored" | "failed" | "refused by evaluation":
            state = {"restored": "scored", "refused by evaluation": "refused"}.get(event.kind, event.kind)
            _turn(db, data["submission"], state, data.get("why", ""))
        case "refused":
            pass  # was never in: the log alone keeps it
        case _:
            raise ValueError(f"event {event.seq} is of the unknown kind {event.kind!r}")


def _set(db: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in settings.items()]
    db.executemany("INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", rows)


def _turn(db: sqlite3.Connection, submission: int, state: str, why: str = "", lease: int | None = None) -> None:
    db.execute("UPDATE submission SET state = ?, why = ?, lease = ? WHERE id = ?", (state, why, lease, submission))


def _keep_evaluation(db: sqlite3.Connection, event: Event) -> None:
    data = event.data
    cursor = db.execute(
        "INSERT INTO evaluation (submission, event, at, benchmark, annotations, definitions, version, given, notes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            data["submission"], data.get("samples", event.seq), event.at, data["benchmark"],
            data["annotations"], data["definitions"], data["version"], json.dumps(data["given"], ensure_ascii=False),
            json.dumps(data["notes"], ensure_ascii=False),
        ),
    )  # fmt: skip
    raw = np.array([np.nan if x is None else x for x in data["raw"]], dtype="<f8").tobytes()
    db.execute("INSERT INTO result VALUES (?, ?)", (cursor.lastrowid, raw))


def differences(db: sqlite3.Connection) -> list[str]:
    """What the state holds that the log does not make of it, and the other way round; nothing where they agree."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for script in STEPS:
            fresh.executescript(script)
        fresh.execute("BEGIN")
        for event in events(db):
            _apply(fresh, event)
        return [
            f"the table {table} is not what the log makes of it ({n} rows differ)"
            for table in STATE
            if (n := _differing(db.execute(f"SELECT * FROM {table}"), fresh.execute(f"SELECT * FROM {table}")))
        ]
    finally:
        fresh.close()


def _differing(kept: Iterable[tuple[Any, ...]], made: Iterable[tuple[Any, ...]]) -> int:
    return len(set(kept) ^ set(made))
