"""The registry's file: who submitted what and when, what became of it, and under which rules.

One process writes at a time and others wait for it; readers wait for nobody. What must hold between two rows is
checked inside the transaction that writes them, and again by the unique indexes of the tables.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import SubmissionError
from glevel_fast.loading.benchmark import load_benchmark
from glevel_fast.registry.archives import Archives
from glevel_fast.registry.entries import Admission, Evaluated, Evaluation, Hashes, Kept, Submission, now, utc
from glevel_fast.registry.fairness import DEFAULT_LIMITS, HOUR, Limit, next_admission, parse_limit
from glevel_fast.registry.ids import Leaderboard, known_leaderboards
from glevel_fast.registry.log import Event, differences, events, record, samples_of
from glevel_fast.registry.metadata import Metadata, fold_email
from glevel_fast.registry.schema import connect, create, transaction

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Store", "relative_to"]

LEASE = 6 * HOUR
"""How long an evaluation may take before its submission is free again."""
COUNTED = ("pending", "scored", "withdrawn")
"""States of the submissions that count against the limits; not those that were refused, or that we failed."""


class Store:
    """A registry, opened for reading, or with `write` for changing it.

    Opened for reading, it shows one moment, whatever others write meanwhile. Use it in a `with` statement.

    Parameters
    ----------
    path : path
        Of the SQLite file; the archives lie beside it, in the folder `<path>.archives`.
    clock : callable
        Gives the time in milliseconds of UTC.
    """

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False, clock: Callable[[], int] = now) -> None:
        self.path, self.clock = os.fsdecode(path), clock
        self.archives = Archives(f"{self.path}.archives")
        self._db = connect(path, write=write)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        benchmark: Benchmark,
        *,
        rows: Sequence[Mapping[str, str]],
        annotations: str,
        hashes: Hashes,
        leaderboards: Mapping[str, Mapping[str, object]] | None = None,
        limits: Sequence[Limit] = DEFAULT_LIMITS,
        lease: int = LEASE,
        title: str = "General-Level leaderboard",
        clock: Callable[[], int] = now,
    ) -> Store:
        """Make a new registry, and open it for writing.

        Parameters
        ----------
        rows : sequence of dict
            The table of tasks by which submissions are evaluated, row by row.
        annotations : str
            Path of the folder or archive of annotations.
        leaderboards : {id: {"scope": ..., "tasks": ...}}, optional
            Boards beside those that the benchmark has by itself.

        Raises
        ------
        GLevelError
        """
        known_leaderboards(benchmark, leaderboards)
        settings = {
            "rows": list(rows),
            "annotations": relative_to(path, annotations),
            "hashes": [hashes.annotations, hashes.definitions],
            "leaderboards": leaderboards or {},
            "limits": [str(limit) for limit in limits],
            "lease": lease,
            "title": title,
        }
        data = {"benchmark": {"sha256": benchmark.sha256, "data": benchmark.to_dict()}, "settings": settings}
        create(path, lambda db: record(db, clock(), "settings", data))
        return cls(path, write=True, clock=clock)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    # What it holds.

    @property
    def settings(self) -> dict[str, Any]:
        return {name: json.loads(value) for name, value in self._db.execute("SELECT name, value FROM setting")}

    @property
    def hashes(self) -> Hashes:
        """What evaluations must depend on to be on the board today."""
        settings = self.settings
        return Hashes(settings["benchmark"], *settings["hashes"])

    def benchmark(self, sha256: str | None = None) -> Benchmark:
        """A benchmark that was in use, by its hash; without, today's."""
        (data,) = self._db.execute(
            "SELECT data FROM benchmark WHERE sha256 = ?", (sha256 or self.settings["benchmark"],)
        ).fetchone()
        return load_benchmark(json.loads(data))

    @property
    def annotations(self) -> str:
        """Path of the annotations."""
        return os.path.join(os.path.dirname(self.path), self.settings["annotations"])

    def leaderboards(self) -> dict[str, Leaderboard]:
        return known_leaderboards(self.benchmark(), self.settings["leaderboards"])

    def submissions(self, only: int | None = None) -> list[Submission]:
        """All of them, in the order of their admission, whatever their state; or `only` one."""
        where, which = ("", ()) if only is None else ("WHERE s.id = ?", (only,))
        rows = self._db.execute(
            "SELECT s.id, email, sha256, model, board, metadata, admitted, state, why "
            f"FROM submission s JOIN submitter ON submitter.id = s.submitter {where} ORDER BY s.id",
            which,
        )
        return [_submission(row) for row in rows]

    def latest(self) -> dict[int, int]:
        """Of every scored submission its latest evaluation, by number, in the order of their admission."""
        return dict(
            self._db.execute(
                "SELECT s.id, max(e.id) FROM submission s JOIN evaluation e ON submission = s.id "
                "WHERE state = 'scored' GROUP BY s.id ORDER BY s.id"
            )
        )

    def kept(self, only: int | None = None) -> list[Kept]:
        """Scored submissions with their latest evaluations, in the order of their admission; or `only` one."""
        latest = {e.submission: e for e in self.evaluations(latest=True, only=only)}
        return [Kept(s, latest[s.id]) for s in self.submissions(only) if s.state == "scored"]

    def evaluations(self, *, latest: bool = False, only: int | None = None) -> list[Evaluation]:
        """Every evaluation that was made, in order, or the `latest` of each submission, whatever its state.

        With `only`, of one submission alone.
        """
        where = ["id IN (SELECT max(id) FROM evaluation GROUP BY submission)"] if latest else []
        where += [] if only is None else ["submission = ?"]
        rows = self._db.execute(
            "SELECT id, submission, at, event, benchmark, annotations, definitions, version, given, notes, raw "
            f"FROM evaluation JOIN result ON evaluation = id {'WHERE ' * bool(where)}{' AND '.join(where)} ORDER BY id",
            () if only is None else (only,),
        )
        return [_evaluation(row) for row in rows]

    def benchmarks(self) -> list[str]:
        """The hashes of all benchmarks that were in use, in that order."""
        return [row[0] for row in self._db.execute("SELECT sha256 FROM benchmark ORDER BY rowid")]

    def samples(self, event: int) -> dict[str, tuple[list[str], list[float | None]]]:
        """What an evaluation's event says of single samples."""
        return samples_of(self._db, event)

    def events(self, since: int = 0) -> Iterator[Event]:
        return events(self._db, since)

    def faults(self) -> list[str]:
        """What is damaged: the file itself, the state beside the log, archives; nothing where all is well."""
        found = [f"the file: {row[0]}" for row in self._db.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
        found += [f"the file: {row}" for row in self._db.execute("PRAGMA foreign_key_check")]
        found += differences(self._db)
        kept = [s for s in self.submissions() if s.state in COUNTED]
        return found + [
            f"the archive of submission {s.id} is missing: {self.archives.path(s.sha256)}"
            for s in kept
            if not os.path.isfile(self.archives.path(s.sha256))
        ]

    # What changes it. Each is one transaction.

    def admit(self, copy: str, sha256: str, metadata: Metadata, board: str) -> Admission:
        """Admit a checked archive, whose copy (`archives.copy`) becomes the kept one, or refuse it by the limits.

        Raises
        ------
        SubmissionError
            With the time from which it would be admitted, where time is the reason.
        """
        email = fold_email(metadata.email)
        with transaction(self._db):
            at = self.clock()
            self._free(at)
            settings = self.settings
            self._refuse(at, email, sha256, [parse_limit(limit) for limit in settings["limits"]])
            (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM submission").fetchone()
            admission = Admission(last + 1, at + settings["lease"])
            # still inside the transaction: an archive without a row is harmless, a row without its archive is not
            self.archives.keep(copy, sha256)
            data = {
                "submission": admission.submission, "email": email, "sha256": sha256, "board": board,
                "metadata": metadata.to_dict(), "lease": admission.lease,
            }  # fmt: skip
            record(self._db, at, "admitted", data)
        return admission

    def _free(self, at: int) -> None:
        """Submissions whose evaluation did not end in time are ours to answer for, and free again."""
        stuck = self._db.execute("SELECT id FROM submission WHERE state = 'pending' AND lease <= ? ORDER BY id", (at,))
        for (submission,) in stuck.fetchall():
            why = "its evaluation did not end before its lease"
            record(self._db, at, "failed", {"submission": submission, "why": why})

    def _refuse(self, at: int, email: str, sha256: str, limits: Sequence[Limit]) -> None:
        marks = ", ".join("?" * len(COUNTED))
        twin = self._db.execute(
            f"SELECT id, admitted FROM submission WHERE sha256 = ? AND state IN ({marks})", (sha256, *COUNTED)
        ).fetchone()
        if twin:
            raise SubmissionError(f"this archive was submitted before, as number {twin[0]} at {utc(twin[1])}")
        rows = self._db.execute(
            "SELECT admitted, state, lease FROM submission JOIN submitter ON submitter.id = submitter "
            f"WHERE email = ? AND state IN ({marks})",
            (email, *COUNTED),
        ).fetchall()
        possible = next_admission([admitted for admitted, _, _ in rows], limits)
        if pending := [lease for _, state, lease in rows if state == "pending"]:
            raise SubmissionError(
                f"an earlier submission is being evaluated, by {utc(pending[0])} at the latest; the next is possible "
                "when that has ended" + (f", from {utc(possible)} on" if possible > at else ""),
                max(possible, at),
            )
        if possible > at:
            raise SubmissionError(
                f"the limits are {' and '.join(map(str, limits))} admitted submissions; the next is possible at "
                f"{utc(possible)}",
                possible,
            )

    def refuse(self, file: str, why: str, sha256: str = "", email: str = "") -> None:
        """Note in the log that an archive was not admitted."""
        with transaction(self._db):
            data = {"file": file, "sha256": sha256, "email": fold_email(email), "why": why}
            record(self._db, self.clock(), "refused", data)

    def take(self, submission: int) -> Admission:
        """The right to evaluate a submission anew that failed for reasons of ours.

        Raises
        ------
        SubmissionError
        """
        with transaction(self._db):
            at = self.clock()
            self._free(at)
            self._state(submission, "failed")
            admission = Admission(submission, at + self.settings["lease"])
            try:
                record(self._db, at, "taken", {"submission": submission, "lease": admission.lease})
            except sqlite3.IntegrityError:
                raise SubmissionError(
                    f"submission {submission}: its submitter has another one pending, or sent the archive again"
                ) from None
        return admission

    def finish(self, admission: Admission, evaluated: Evaluated) -> bool:
        """Keep what an evaluation found; False, and nothing kept, where the registry has changed what to evaluate by.

        Raises
        ------
        SubmissionError
            Where the lease ran out meanwhile.
        """
        with transaction(self._db):
            self._hold(admission)
            if evaluated.hashes != self.hashes:
                return False
            data = {"submission": admission.submission} | _plain(evaluated)
            record(self._db, self.clock(), "evaluated", data, evaluated.samples)
        return True

    def fail(self, admission: Admission, why: str, *, ours: bool) -> None:
        """An evaluation that found nothing: `ours` where the fault is not the submission's.

        Raises
        ------
        SubmissionError
            Where the lease ran out meanwhile.
        """
        with transaction(self._db):
            self._hold(admission)
            kind = "failed" if ours else "refused by evaluation"
            record(self._db, self.clock(), kind, {"submission": admission.submission, "why": why})

    def free(self, submission: int) -> None:
        """End an evaluation that is stuck, before its lease does; it does not count.

        Raises
        ------
        SubmissionError
        """
        with transaction(self._db):
            self._state(submission, "pending")
            record(self._db, self.clock(), "failed", {"submission": submission, "why": "freed by the maintainer"})

    def withdraw(self, submission: int, *, back: bool = False) -> None:
        """Take a submission off the board, or put it `back`; it counts against the limits all the same.

        Raises
        ------
        SubmissionError
        """
        with transaction(self._db):
            self._state(submission, "withdrawn" if back else "scored")
            record(self._db, self.clock(), "restored" if back else "withdrawn", {"submission": submission})

    def change(
        self, *, limits: Sequence[Limit] | None = None, lease: int | None = None, title: str | None = None
    ) -> None:
        """Set other limits, another length of leases in milliseconds, or another title; they hold from now on."""
        given = {"limits": None if limits is None else [str(x) for x in limits], "lease": lease, "title": title}
        with transaction(self._db):
            data = {"settings": {name: value for name, value in given.items() if value is not None}}
            record(self._db, self.clock(), "settings", data)

    def rescore(
        self, evaluated: Mapping[int, Evaluated], samples_from: Mapping[int, int], changes: Mapping[str, Any]
    ) -> bool:
        """Put the board on new evaluations and settings at once; False, and nothing done, where one is missing.

        Parameters
        ----------
        evaluated : {submission: Evaluated}
            Of every scored submission that can be evaluated.
        samples_from : {submission: event}
            Those whose samples are still those of an earlier event.
        changes : dict
            "settings", and "benchmark" where it is another; "left": submissions that cannot be evaluated any more.
        """
        with transaction(self._db):
            scored = {row[0] for row in self._db.execute("SELECT id FROM submission WHERE state = 'scored'")}
            left = set(changes.get("left", ()))
            if not scored <= evaluated.keys() | left:
                return False
            at = self.clock()
            record(self._db, at, "settings", {k: v for k, v in changes.items() if k != "left"})
            for submission in sorted(scored - left):
                entry, event = evaluated[submission], samples_from.get(submission)
                data = {"submission": submission} | _plain(entry) | ({} if event is None else {"samples": event})
                record(self._db, at, "rescored", data, entry.samples if event is None else None)
        return True

    def _state(self, submission: int, needed: str) -> None:
        row = self._db.execute("SELECT state FROM submission WHERE id = ?", (submission,)).fetchone()
        if row is None or row[0] != needed:
            is_now = f"is {row[0]}" if row else "is not in the registry"
            raise SubmissionError(f"submission {submission} {is_now}; this needs one that is {needed}")

    def _hold(self, admission: Admission) -> None:
        row = self._db.execute("SELECT state, lease FROM submission WHERE id = ?", (admission.submission,)).fetchone()
        if row != ("pending", admission.lease):
            raise SubmissionError(
                f"submission {admission.submission}: its lease ran out at {utc(admission.lease)} and it was freed; "
                "evaluate it again"
            )


def relative_to(registry: str | os.PathLike[str], path: str | os.PathLike[str]) -> str:
    """How a registry keeps a path: as seen from its own folder where it is below that, so that both can move."""
    folder, target = os.path.dirname(os.path.abspath(os.fsdecode(registry))), os.path.abspath(os.fsdecode(path))
    return os.path.relpath(target, folder) if target.startswith(os.path.join(folder, "")) else target


def _submission(row: Sequence[Any]) -> Submission:
    number, email, sha256, model, board, metadata, admitted, state, why = row
    return Submission(number, email, sha256, model, board, Metadata(**json.loads(metadata)), admitted, state, why)


def _evaluation(row: Sequence[Any]) -> Evaluation:
    number, submission, at, event, benchmark, annotations, definitions, version, given, notes, raw = row
    return Evaluation(
        id=number,
        submission=submission,
        at=at,
        event=event,
        hashes=Hashes(benchmark, annotations, definitions),
        version=version,
        given=json.loads(given),
        notes=tuple(json.loads(notes)),
        raw=np.frombuffer(raw, dtype="<f8"),
    )


def _plain(evaluated: Evaluated) -> dict[str, Any]:
    hashes = evaluated.hashes
    return {
        "benchmark": hashes.benchmark, "annotations": hashes.annotations, "definitions": hashes.definitions,
        "version": evaluated.version, "given": dict(evaluated.given), "notes": list(evaluated.notes),
        "raw": [x if np.isfinite(x) else None for x in evaluated.raw.tolist()],
    }  # fmt: skip
