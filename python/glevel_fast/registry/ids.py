"""Ids of leaderboards, as in the names of archives: A, A.quick, B.image+video, C.image.generation, D.<skill>."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations

from glevel_fast.boards.scopes import Scope, all_scopes, find_scope
from glevel_fast.core.benchmark import Benchmark, find_task
from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.io.cells import as_text
from glevel_fast.io.files import raising
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table
from glevel_fast.loading.benchmark import load_benchmark
from glevel_fast.text import nearest, shown, shown_listing

__all__ = [
    "QUICK",
    "Leaderboard",
    "archive_name",
    "find_leaderboard",
    "known_leaderboards",
    "read_leaderboards",
    "slug",
    "split_name",
]

QUICK = "A.quick"
"""The id of the quick version of Scope-A; only a table can say which tasks it has."""


@dataclass(frozen=True)
class Leaderboard:
    """A board that takes submissions: its id, its scope, and its tasks where they are not all of the scope's."""

    id: str
    scope: Scope
    tasks: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain data: what `known_leaderboards` reads again."""
        return {"scope": str(self.scope), "tasks": None if self.tasks is None else list(self.tasks)}


def slug(name: str) -> str:
    """A skill's name for an id: letters and digits in lower case, "-" for everything between them."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "-".join("".join(c if c.isalnum() else " " for c in folded).split())


def known_leaderboards(
    benchmark: Benchmark, named: Mapping[str, Mapping[str, object]] | None = None
) -> dict[str, Leaderboard]:
    """Every id that a benchmark has by itself, and those that a table names.

    Parameters
    ----------
    named : {id: {"scope": ..., "tasks": ...}}, optional
        As `read_leaderboards` or `Leaderboard.to_dict` give it; an id of the benchmark's own may be among them.

    Raises
    ------
    BenchmarkError
        Where two skills would have the same id, or a scope or a task is not the benchmark's.
    """
    found: dict[str, Leaderboard] = {}
    skills: dict[str, str] = {}
    for scope in all_scopes(benchmark):
        if scope.kind == "D":
            name = f"D.{slug(scope.name)}"
            if name in skills:
                raise BenchmarkError(
                    f"the skills {shown(skills[name])} and {shown(scope.name)} both have the id {name}; rename one"
                )
            skills[name] = scope.name
        else:
            name = ".".join(filter(None, (scope.kind, scope.name.replace("/", "."))))
        found[name] = Leaderboard(name, scope)
    for n in range(2, len(benchmark.modalities) + 1):
        for some in combinations(benchmark.modalities, n):
            name = "+".join(some)
            found[f"B.{name}"] = Leaderboard(f"B.{name}", find_scope(f"B:{name}", benchmark))
    for name, entry in (named or {}).items():
        tasks = entry.get("tasks")
        chosen = None if tasks is None else _tasks_of(benchmark, tasks, name)  # type: ignore[arg-type]
        found[name] = Leaderboard(name, find_scope(str(entry["scope"]), benchmark), chosen)
    return found


def find_leaderboard(name: str, known: Mapping[str, Leaderboard]) -> Leaderboard:
    """The leaderboard of an id.

    Raises
    ------
    GLevelError
        With the nearest ids.
    """
    if name in known:
        return known[name]
    if name == QUICK:
        raise GLevelError(f"the leaderboard {QUICK} has no tasks here: a table of leaderboards says which it has")
    some = shown_listing([*known][:6])
    raise GLevelError(f"unknown leaderboard {shown(name)}{nearest(name, known)}; some are {some}")


def _tasks_of(benchmark: Benchmark, tasks: Collection[str], name: str) -> tuple[str, ...]:
    try:
        which = sorted({find_task(benchmark, task) for task in tasks})
    except GLevelError as error:
        raise BenchmarkError(f"leaderboard {shown(name)}: {error}") from None
    if not which:
        raise BenchmarkError(f"leaderboard {shown(name)}: has no tasks")
    return tuple(benchmark.tasks[i] for i in which)


def read_leaderboards(path: str | os.PathLike[str]) -> dict[str, dict[str, object]]:
    """Named leaderboards from a table with the columns `id`, `scope` and, where a board has some tasks only, `tasks`.

    A scope is written as on the command line (A, B:image+video, C:image/generation, D:<skill>), `tasks` is the path
    of a benchmark's file (such as a quick one), as seen from the table.

    Raises
    ------
    BenchmarkError
    """
    with raising(BenchmarkError):
        table = read_file(path)
    titles = [table.find(name) for name in ("id", "scope", "tasks")] if isinstance(table, Table) else [None]
    if None in titles[:2]:
        raise BenchmarkError(f"{os.fsdecode(path)}: needs the columns id and scope, and may have tasks")
    found: dict[str, dict[str, object]] = {}
    for i in range(len(table.rows)):
        name, scope, tasks = (as_text(table.columns[title][i]) if title else "" for title in titles)
        where = f"{table.where}, {table.at(i)}"
        if not name or not scope or name in found or not all(c.isalnum() or c in ".+-_" for c in name):
            raise BenchmarkError(
                f"{where}: the id {shown(name)} with the scope {shown(scope)}: each id stands once, with letters, "
                "digits and . + - _ alone, and has a scope"
            )
        file = os.path.join(os.path.dirname(os.fsdecode(path)), tasks) if tasks else ""
        found[name] = {"scope": scope, "tasks": list(load_benchmark(file).tasks) if file else None}
    return found


def archive_name(model: str, board: str) -> str:
    """ "[Model Name]-[Leaderboard ID].zip"."""
    return f"{model}-{board}.zip"


def split_name(path: str | os.PathLike[str], ids: Collection[str]) -> tuple[str, str]:
    """Model and leaderboard id of an archive's name: it splits at the last "-" that leaves a known id.

    Raises
    ------
    GLevelError
    """
    name = unicodedata.normalize("NFC", os.path.basename(os.fsdecode(path)))
    base, extension = os.path.splitext(name)
    if extension.lower() != ".zip":
        raise GLevelError(f"{shown(name)}: is not named [Model Name]-[Leaderboard ID].zip")
    at = len(base)
    while (at := base.rfind("-", 0, at)) > 0:
        if base[at + 1 :] in ids or base[at + 1 :] == QUICK:
            return base[:at], base[at + 1 :]
    last = base.rpartition("-")[2]
    raise GLevelError(
        f"{shown(name)}: is not named [Model Name]-[Leaderboard ID].zip with a known id{nearest(last, ids)}; "
        f"some are {shown_listing([*ids][:6])}"
    )
