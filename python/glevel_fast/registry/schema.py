"""The tables of a registry's file, and the steps that bring an older file up to date."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote

from glevel_fast.errors import GLevelError
from glevel_fast.text import reason

__all__ = ["LOG", "STATE", "STEPS", "connect", "create", "transaction"]

MAGIC = b"SQLite format 3\0"
APPLICATION = 0x474C766C  # "GLvl", in the file's header
BUSY = 60.0
"""Seconds to wait for another process that writes."""

_APPEND_ONLY = """
CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
"""

_FIRST = """
CREATE TABLE event (          -- whatever happened, in order; every other table but sample follows from it
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,        -- milliseconds of UTC, as all times here
  kind TEXT NOT NULL,
  data TEXT NOT NULL          -- JSON
) STRICT;
CREATE TABLE sample (         -- what an evaluation says of single samples; a part of its event
  event INTEGER NOT NULL REFERENCES event,
  task TEXT NOT NULL,
  n INTEGER NOT NULL,
  packed BLOB NOT NULL,       -- deflated JSON: ids, and values or null
  PRIMARY KEY (event, task)
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL         -- JSON
) STRICT, WITHOUT ROWID;
CREATE TABLE benchmark (
  sha256 TEXT PRIMARY KEY,
  data TEXT NOT NULL          -- JSON, by columns
) STRICT;
CREATE TABLE submitter (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE  -- folded
) STRICT;
CREATE TABLE submission (
  id INTEGER PRIMARY KEY,
  submitter INTEGER NOT NULL REFERENCES submitter,
  sha256 TEXT NOT NULL,       -- of the archive
  model TEXT NOT NULL,
  board TEXT NOT NULL,
  metadata TEXT NOT NULL,     -- JSON
  admitted INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'scored', 'refused', 'failed', 'withdrawn')),
  lease INTEGER,              -- until when a pending evaluation is its worker's
  why TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'pending') = (lease IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_pending ON submission (submitter) WHERE state = 'pending';
CREATE UNIQUE INDEX one_of_an_archive ON submission (sha256) WHERE state IN ('pending', 'scored', 'withdrawn');
CREATE INDEX by_submitter ON submission (submitter, admitted);
CREATE TABLE evaluation (
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submission,
  event INTEGER NOT NULL REFERENCES event,  -- which holds its samples
  at INTEGER NOT NULL,
  benchmark TEXT NOT NULL REFERENCES benchmark,
  annotations TEXT NOT NULL,  -- hashes
  definitions TEXT NOT NULL,
  version TEXT NOT NULL,      -- of glevel_fast
  given TEXT NOT NULL,        -- JSON: values that were not computed here, by task
  notes TEXT NOT NULL         -- JSON
) STRICT;
CREATE INDEX by_submission ON evaluation (submission);
CREATE TABLE result (         -- one row of the results: the raw value of every task of the evaluation's benchmark
  evaluation INTEGER PRIMARY KEY REFERENCES evaluation,
  raw BLOB NOT NULL           -- float64, little-endian, NaN where not supported
) STRICT;
""" + "".join(
    _APPEND_ONLY.format(table=table, verb=verb) for table in ("event", "sample") for verb in ("UPDATE", "DELETE")
)

STEPS = (_FIRST,)
"""Step i brings a file from schema version i to i + 1; steps are only ever added."""

LOG = ("event", "sample")
STATE = ("setting", "benchmark", "submitter", "submission", "evaluation", "result")
"""The tables that can be rebuilt from the log."""


def create(path: str | os.PathLike[str], fill: Callable[[sqlite3.Connection], object]) -> None:
    """Make a new registry, which is there once `fill` has filled it, inside a transaction, or not at all.

    Raises
    ------
    GLevelError
        Where there is a file already, or none can be made.
    """
    where = os.fsdecode(path)
    temporary = os.path.join(os.path.dirname(where), f".glevel-{secrets.token_hex(8)}.tmp")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # it will hold e-mail addresses
        with closing(_connection(temporary)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            _migrate(db)
            with transaction(db):
                fill(db)
        _place(temporary, where)
    except FileExistsError:
        raise GLevelError(f"{where}: is there already; a new registry needs a new file") from None
    except OSError as error:
        raise GLevelError(f"{where}: cannot be made: {reason(error)}") from None
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def _place(temporary: str, where: str) -> None:
    """Give a finished file its name; unlike a rename, a link takes no other file's place."""
    try:
        os.link(temporary, where)
    except FileExistsError:
        raise
    except OSError:  # not every file system has links
        if os.path.lexists(where):
            raise FileExistsError from None
        os.rename(temporary, where)


def connect(path: str | os.PathLike[str], *, write: bool = False) -> sqlite3.Connection:
    """Open a registry; without `write` for reading alone, as it is at this moment, while others may write.

    A file of an older schema is brought up to date: itself with `write`, else what is read of it.

    Raises
    ------
    GLevelError
        For what is no registry, or of a later version.
    """
    where = os.fsdecode(path)
    if not os.path.isfile(where):
        raise GLevelError(f"{where}: no such registry; `glevel registry init` makes one")
    try:
        with open(where, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise GLevelError(f"{where}: is not a registry of glevel")
    except OSError as error:
        raise GLevelError(f"{where}: cannot be read: {reason(error)}") from None
    db = _connection(f"file:{quote(os.path.abspath(where))}?mode={'rw' if write else 'ro'}")
    try:
        if write:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
        else:
            db.execute("BEGIN")
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise GLevelError(f"{where}: is not a registry of glevel")
        if version > len(STEPS):
            raise GLevelError(
                f"{where}: has schema version {version}, and this glevel_fast knows {len(STEPS)}; install a later one"
            )
        if version == len(STEPS):
            return db
        if not write:
            copy = _connection(":memory:")
            with closing(db):
                db.backup(copy)
            db = copy
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


class _Connection(sqlite3.Connection):
    """Reports what goes wrong as the errors that users meet; broken constraints stay what they are."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        return self._reported(super().execute, arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        return self._reported(super().executemany, arguments)

    def _reported(self, method: Callable[..., sqlite3.Cursor], arguments: tuple[Any, ...]) -> sqlite3.Cursor:
        try:
            return method(*arguments)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise GLevelError(f"the registry cannot be read or written: {error}") from None


def _connection(address: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            address, timeout=BUSY, isolation_level=None, check_same_thread=False, factory=_Connection, uri=True
        )
    except sqlite3.Error as error:
        raise GLevelError(f"the registry cannot be opened: {error}") from None


def _migrate(db: sqlite3.Connection) -> None:
    with transaction(db):
        (version,) = db.execute("PRAGMA user_version").fetchone()  # again: another process may have been faster
        for i in range(version, len(STEPS)):
            for statement in _statements(STEPS[i]):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {i + 1}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would end the transaction that they belong in."""
    statement = ""
    for part in script.splitlines(keepends=True):
        statement += part
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing, with the right to write from the start, so that what was read stays true."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
