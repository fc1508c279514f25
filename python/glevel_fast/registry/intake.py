"""From an archive to its place on the board: check, admit, evaluate, keep, rank."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError, SubmissionError
from glevel_fast.io.archive import open_archive
from glevel_fast.registry.evaluating import Grounds, evaluate_archive, grounds_of, is_of_the_submission
from glevel_fast.registry.ids import archive_name, find_leaderboard
from glevel_fast.registry.standing import Place, Ranking, Standing, standing_of
from glevel_fast.registry.submission import check
from glevel_fast.text import clean

if TYPE_CHECKING:
    from glevel_fast.registry.entries import Admission, Evaluated, Submission
    from glevel_fast.registry.store import Store

__all__ = ["Intake", "Taken"]


@dataclass(frozen=True)
class Taken:
    """What became of one archive.

    Attributes
    ----------
    file : str
        Its name, fit to be shown.
    submission : int or None
        Its number, where it was admitted.
    state : str
        "scored", "refused" (for what the submission is), or "failed" (by us; it does not count).
    why : str
        Of one that is not scored.
    place : Place or None
        Where it stands, or its model with a better submission.
    ranking : Ranking or None
    notes : tuple of str
    """

    file: str
    submission: int | None
    state: str
    why: str = ""
    place: Place | None = None
    ranking: Ranking | None = None
    notes: tuple[str, ...] = ()


class Intake:
    """Takes archives into a registry, one after the other.

    Parameters
    ----------
    store : Store
        Opened for writing.
    values : path or dict, optional
        Of tasks that are not computed here: `task, value`, or `model, task, value` for many models.
    processes : int
        Tasks evaluated at once.
    progress : callable, optional
        Called with (done, total) after each task of a submission.

    Raises
    ------
    GLevelError
        Where the annotations are not those that the board was evaluated by.
    """

    def __init__(
        self,
        store: Store,
        *,
        values: Any = None,
        processes: int = 1,
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        self.store, self.values = store, values
        self._how: dict[str, Any] = {"processes": processes, "progress": progress}
        self.grounds = self._look()
        self._standing: Standing | None = None

    def _look(self) -> Grounds:
        """What to evaluate by, as the registry and its annotations are now."""
        store = self.store
        grounds, _ = grounds_of(store.benchmark(), store.settings["rows"], store.annotations)
        if grounds.hashes != store.hashes:
            raise GLevelError(
                f"{store.annotations}: is not what the board was evaluated by; put it back, or evaluate all by what it "
                f"is now: glevel rescore --registry {store.path}"
            )
        self._standing = None
        return grounds

    def take(self, files: Iterable[str | os.PathLike[str]]) -> Iterator[Taken]:
        """Take archives in, each as soon as it is asked for; what is wrong with one stops no other."""
        for file in files:
            yield self._take(os.fsdecode(file))

    def retry(self) -> Iterator[Taken]:
        """Evaluate again what failed by us."""
        for submission in [s for s in self.store.submissions() if s.state == "failed"]:
            file = archive_name(submission.model, submission.board)
            try:
                admission = self.store.take(submission.id)
            except SubmissionError as error:
                yield Taken(file, submission.id, "failed", str(error))
                continue
            yield self._evaluate(file, admission, submission)

    def _take(self, file: str) -> Taken:
        store, sha256, email, copy = self.store, "", "", ""
        name = clean(os.path.basename(file), 200)  # a stranger chose it
        try:
            copy = store.archives.copy(file)
            with open_archive(copy) as archive:
                archive.where = name
                sha256 = archive.sha256()
                metadata, leaderboard = check(
                    archive, name, store.leaderboards(), self.grounds.benchmark, self.grounds.plain_rows()
                )
            email = metadata.email
            admission = store.admit(copy, sha256, metadata, leaderboard.id)
        except GLevelError as error:
            if not copy:
                return Taken(name, None, "refused", str(error))  # there is nothing to note: it was not to be read
            why = str(error).replace(copy, name)
            store.refuse(name, why, sha256, email)
            return Taken(name, None, "refused", why)
        finally:
            with suppress(OSError):  # admitted, it has another name
                os.unlink(copy)
        (submission,) = store.submissions(admission.submission)
        taken = self._evaluate(name, admission, submission)
        n = archive.passed_over
        return (
            replace(taken, notes=(*taken.notes, f"passed over: {n} files that a Mac's file manager adds"))
            if n
            else taken
        )

    def _evaluate(self, file: str, admission: Admission, submission: Submission) -> Taken:
        try:
            while True:
                evaluated = self._evaluated(submission)
                if self.store.finish(admission, evaluated):
                    break
                self.grounds = self._look()  # the board was put on others meanwhile
        except BaseException as error:
            theirs = isinstance(error, GLevelError) and is_of_the_submission(error)
            # what annotations and this machine have to say may tell the gold
            why = str(error) if theirs else f"the evaluation failed ({type(error).__name__})"
            with suppress(SubmissionError):  # its lease may have run out: then it failed already
                self.store.fail(admission, why, ours=not theirs)
            if not isinstance(error, GLevelError):
                raise
            return Taken(file, submission.id, "refused" if theirs else "failed", str(error))
        ranking = self._ranked(submission)
        return Taken(file, submission.id, "scored", "", ranking.find(submission.id), ranking, evaluated.notes)

    def _evaluated(self, submission: Submission) -> Evaluated:
        leaderboard = find_leaderboard(submission.board, self.store.leaderboards())
        values = self.values
        if values is None:
            before = self.store.evaluations(latest=True, only=submission.id)
            values = before[0].given or None if before else None
        return evaluate_archive(
            self.grounds,
            self.store.archives.path(submission.sha256),
            leaderboard,
            submission.model,
            values=values,
            **self._how,
        )

    def _ranked(self, submission: Submission) -> Ranking:
        if self._standing is None or not self._add():
            self._standing, _ = standing_of(self.store)
        return self._standing.ranking(find_leaderboard(submission.board, self.store.leaderboards()))

    def _add(self) -> bool:
        """Bring the standing up to date with what is new alone; False where more than that changed."""
        standing = self._standing
        assert standing is not None
        known = {k.submission.id: k.evaluation.id for k in standing.kept}
        latest = self.store.latest()
        if list(latest.items())[: len(known)] != list(known.items()):
            return False
        for number in list(latest)[len(known) :]:
            (entry,) = self.store.kept(number)
            if entry.evaluation.hashes != self.grounds.hashes:
                return False
            standing.add(entry)
        return True
