"""Where the submissions of a registry stand: scores of all that are kept, and each leaderboard's ranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import board, subset
from glevel_fast.boards.scopes import find_scope
from glevel_fast.core.results import Results
from glevel_fast.core.scoring import Scorer
from glevel_fast.core.update import update
from glevel_fast.errors import SubmissionError
from glevel_fast.io.markup import TextTable
from glevel_fast.registry.entries import Kept, Submission, utc
from glevel_fast.text import fold_task, listing

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.scores import Scores
    from glevel_fast.registry.ids import Leaderboard
    from glevel_fast.registry.store import Store

__all__ = ["Place", "Ranking", "Standing", "standing_of"]


@dataclass(frozen=True)
class Place:
    """A submission on a leaderboard.

    Attributes
    ----------
    submission : Submission
    rank : int or None
        Ties share the smaller rank; None where the total is 0.
    level : int
        The highest level that the model reaches within the board's scope; 0 where there is none.
    total : float
        The score at that level (at Level-2 where there is none), in points.
    parts : dict of str to float
        The same of each modality of the scope; of Level-5, which modalities do not have, at Level-4.
    modalities : str
        Those that the model supports: "image, video".
    history : tuple of Place
        Every submission of the model to this board, this one too, the latest first; without ranks and histories.
    """

    submission: Submission
    rank: int | None
    level: int
    total: float
    parts: dict[str, float]
    modalities: str
    history: tuple[Place, ...] = ()

    @property
    def date(self) -> str:
        """The day of submission in UTC, as YYYY-MM-DD."""
        return utc(self.submission.admitted)[:10]


@dataclass(frozen=True)
class Ranking:
    """A leaderboard: the best submission of every model, best model first."""

    leaderboard: Leaderboard
    parts: tuple[str, ...]
    places: tuple[Place, ...]
    benchmark: str
    notes: tuple[str, ...] = field(default=())

    def find(self, submission: int) -> Place | None:
        """Where a submission stands, itself or in a better one's history."""
        return next((p for p in self.places if any(h.submission.id == submission for h in p.history)), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, in full precision; no address is in it."""
        return {
            "id": self.leaderboard.id,
            "scope": str(self.leaderboard.scope),
            "benchmark": self.benchmark,
            "rows": [
                {
                    "rank": p.rank,
                    "model": p.submission.model,
                    "level": p.level or None,
                    "modalities": p.modalities,
                    "parts": p.parts,
                    "total": p.total,
                    "date": p.date,
                    "submission": p.submission.id,
                    "submissions": len(p.history),
                }
                for p in self.places
            ],
            "notes": list(self.notes),
        }

    def sheet(self) -> TextTable:
        """As text with two decimals, for people."""
        parts = [part for part in self.parts if len(self.parts) > 1]
        header = ["Rank", "Model", "Level", "Modalities", *parts, "Total", "Date"]
        rows = [
            [
                *(str(p.rank or "-"), p.submission.model, str(p.level or "-"), p.modalities or "-"),
                *(f"{x:.2f}" for x in (*(p.parts[part] for part in parts), p.total)),
                p.date,
            ]
            for p in self.places
        ]
        title = f"{self.leaderboard.id}, {len(rows)} models"
        return TextTable(title, header, "rlcl" + "r" * (len(parts) + 1) + "l", rows, self.notes)


class Standing:
    """Scores of kept submissions on one benchmark, every one a row; `add` computes what is new alone.

    Parameters
    ----------
    benchmark : Benchmark
    kept : iterable of Kept
        Each with a value for every task of this benchmark.
    """

    def __init__(self, benchmark: Benchmark, kept: Iterable[Kept]) -> None:
        self.kept = list(kept)
        # values were held against their domains when they were evaluated; one bad row shall not take the board down
        self._scorer = Scorer(benchmark, invalid="missing", fractions="keep")
        raw = np.array([k.evaluation.raw for k in self.kept], np.float64).reshape(len(self.kept), benchmark.n_tasks)
        self.scores: Scores = self._scorer.score(Results.from_array(self._names(self.kept), raw, benchmark, "registry"))

    @staticmethod
    def _names(kept: Sequence[Kept]) -> list[str]:
        return [str(k.submission.id) for k in kept]

    def add(self, kept: Kept) -> None:
        """One more submission; the same bits as starting anew with it."""
        tasks = self._scorer.benchmark.tasks
        values = dict(zip(tasks, kept.evaluation.raw.tolist(), strict=True))
        done = update(self._scorer, self.scores, add_models={self._names([kept])[0]: values})
        self.scores = done.scores
        self.kept.append(kept)

    def ranking(self, leaderboard: Leaderboard) -> Ranking:
        """A leaderboard as it stands."""
        notes: tuple[str, ...] = ()
        scores, scope = self.scores, leaderboard.scope
        if leaderboard.tasks is not None:
            scores = subset(scores, leaderboard.tasks)
            scope = find_scope(str(scope), scores.benchmark)
            n, of = scores.benchmark.n_tasks, self.scores.benchmark.n_tasks
            notes = (f"{n} of the benchmark's {of} tasks: a quick board, not to be compared with the whole",)
        whole = board(scores, scope)
        parts = scope.modalities or ("language",)
        by_model: dict[str, list[Place]] = {}
        for at, row in enumerate(whole.rows.tolist()):
            submission = self.kept[row].submission
            if submission.board != leaderboard.id:
                continue
            level, total = int(whole.model_level[at]), float(whole.score[at])
            if scope.kind in "AB":
                column = min(max(level, 2), 4) - 2
                which = [scores.modalities.index(m) for m in parts]
                each = dict(zip(parts, scores.modality[row, which, column].tolist(), strict=True))
            else:
                each = dict.fromkeys(parts, total)
            place = Place(submission, None, level, total, each, whole.modalities[at])
            by_model.setdefault(fold_task(submission.model), []).append(place)
        return Ranking(leaderboard, parts, tuple(_ranked(by_model)), scores.benchmark.sha256, notes)

    def rankings(self, leaderboards: Mapping[str, Leaderboard]) -> list[Ranking]:
        """Every leaderboard that has submissions, in the order given."""
        held = {k.submission.board for k in self.kept}
        return [self.ranking(leaderboard) for name, leaderboard in leaderboards.items() if name in held]

    def best_scores(self, ranking: Ranking) -> Scores:
        """Scores of a board's models under their own names, each by its best submission, on the board's tasks.

        Raises
        ------
        SubmissionError
            For an empty board.
        """
        if not ranking.places:
            raise SubmissionError(f"the leaderboard {ranking.leaderboard.id} has no submissions")
        row = {k.submission.id: i for i, k in enumerate(self.kept)}
        raw = self.scores.scored_raw()[[row[p.submission.id] for p in ranking.places]]
        scores = self._scorer.score(np.ascontiguousarray(raw), models=[p.submission.model for p in ranking.places])
        return scores if ranking.leaderboard.tasks is None else subset(scores, ranking.leaderboard.tasks)


def standing_of(store: Store) -> tuple[Standing, tuple[str, ...]]:
    """Where the submissions of a registry stand today, and what is to be said of it."""
    kept, now = store.kept(), store.hashes
    today = [entry for entry in kept if entry.evaluation.hashes == now]
    notes = []
    if left := [str(entry.submission.id) for entry in kept if entry.evaluation.hashes != now]:
        notes.append(f"off the boards, they could not be evaluated by what the others were: {listing(left)}")
    if len(versions := sorted({entry.evaluation.version for entry in today})) > 1:
        notes.append(
            f"evaluated with several versions of glevel_fast: {listing(versions)} (`glevel rescore` evens them)"
        )
    return Standing(store.benchmark(), today), tuple(notes)


def _ranked(by_model: Mapping[str, Sequence[Place]]) -> Iterable[Place]:
    """The best of every model; both come best first."""
    rank, before = 0, (-1, -1.0)
    for at, places in enumerate(by_model.values(), start=1):
        best = places[0]
        if (best.level, best.total) != before:
            rank, before = at, (best.level, best.total)
        history = tuple(sorted(places, key=lambda place: -place.submission.id))
        yield Place(
            best.submission,
            rank if best.total > 0 else None,
            best.level,
            best.total,
            best.parts,
            best.modalities,
            history,
        )
