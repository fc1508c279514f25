"""The page of a registry: every leaderboard that has submissions, with their history; static, without scripts.

It shows boards, tasks and models, never a sample, and never an address.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io import write
from glevel_fast.registry.entries import utc
from glevel_fast.registry.standing import Place, Ranking, standing_of
from glevel_fast.report.page import page
from glevel_fast.text import clean, reason
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.registry.store import Store

__all__ = ["write_leaderboards"]

DETAILS = "{id}.details.html"
"""The file with heat map and receipts of a leaderboard of Scope-A; of others the scopes beside theirs would mislead."""


def write_leaderboards(folder: str | os.PathLike[str], store: Store, *, title: str = "") -> list[str]:
    """Write `index.html`, and a page with receipts for each leaderboard of Scope-A, into a folder; their paths.

    Parameters
    ----------
    title : str, optional
        Default: the registry's.

    Raises
    ------
    MissingExtraError
        Without Jinja2 or itables.
    GLevelError
        Where nothing can be written there.
    """
    standing, notes = standing_of(store)
    known = store.leaderboards()
    rankings = standing.rankings(known)
    heading = title or store.settings["title"]
    pages = {"index.html": _index(store, rankings, notes, heading)}
    for ranking in rankings:
        if ranking.leaderboard.scope.kind == "A":
            name = DETAILS.format(id=ranking.leaderboard.id)
            pages[name] = page(standing.best_scores(ranking), title=f"{heading}: {ranking.leaderboard.id}")
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise GLevelError(f"{os.fspath(folder)!r}: cannot be made a folder: {reason(error)}") from None
    paths = [os.path.join(os.fsdecode(folder), name) for name in pages]
    for path, content in zip(paths, pages.values(), strict=True):
        write.text(path, content)
    for name in {DETAILS.format(id=board) for board in known} - pages.keys():
        with suppress(FileNotFoundError):  # of a board whose submissions were all withdrawn
            os.unlink(os.path.join(os.fsdecode(folder), name))
    return paths


def _index(store: Store, rankings: list[Ranking], notes: tuple[str, ...], heading: str) -> str:
    jinja2 = require("jinja2", "report")
    here = files("glevel_fast.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(here.joinpath("leaderboards.html.j2").read_text("utf-8"))
    latest = max((event.at for event in store.events()), default=0)
    benchmark = store.benchmark()
    rendered: str = template.render(
        title=clean(heading, 200),
        about=f"{sum(len(r.places) for r in rankings)} places on {len(rankings)} leaderboards, as of {utc(latest)}",
        boards=[_board(ranking) for ranking in rankings],
        notes=[clean(note, 400) for note in notes],
        provenance=[
            ("Scored by", f"glevel_fast {__version__}, policy paper"),
            ("Benchmark", f"{benchmark.n_tasks} tasks, SHA-256 {benchmark.sha256}"),
            (
                "Evaluated by",
                f"definitions {store.hashes.definitions}, annotations {store.hashes.annotations} (SHA-256)",
            ),
            ("Limits", f"{_in_words(store.settings['limits'])} of one submitter"),
            ("Source of the metric", "General-Level: On Path to Multimodal Generalist, ICML 2025"),
        ],
        style=jinja2.utils.markupsafe.Markup(here.joinpath("leaderboards.css").read_text("utf-8")),
    )
    return rendered


def _in_words(limits: list[str]) -> str:
    return "submissions admitted: " + (" and ".join(x.replace("/", " in ") for x in limits) or "any number")


def _board(ranking: Ranking) -> dict[str, Any]:
    parts = ranking.parts if len(ranking.parts) > 1 else ()
    return {
        "id": ranking.leaderboard.id,
        "scope": clean(str(ranking.leaderboard.scope), 120),
        "details": DETAILS.format(id=ranking.leaderboard.id) if ranking.leaderboard.scope.kind == "A" else "",
        "parts": parts,
        "notes": ranking.notes,
        "rows": [_row(place, parts) for place in ranking.places],
    }


def _row(place: Place, parts: tuple[str, ...]) -> dict[str, Any]:
    submission = place.submission
    return {
        "rank": place.rank or "-",
        "model": _public(submission.model),
        "parameters": _public(submission.metadata.parameters),
        "description": _public(submission.metadata.description, 1_000),
        "report": _public(submission.metadata.report or "", 2_000),
        "level": place.level,
        "modalities": place.modalities or "-",
        "parts": [f"{place.parts[part]:.2f}" for part in parts],
        "total": f"{place.total:.2f}",
        "date": place.date,
        "number": submission.id,
        "history": [
            {"number": p.submission.id, "date": p.date, "level": p.level, "total": f"{p.total:.2f}"}
            for p in place.history
        ],
    }


def _public(text: str, width: int = 80) -> str:
    """A participant's text for everybody: without control characters, and without addresses, whosever they are."""
    return clean(re.sub(r"[^\s@]+@[^\s@]+\.[^\s@]+", "(address withheld)", text), width)
