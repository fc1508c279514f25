"""What a board can be about: Scope-A to Scope-D (docs/spec.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from glevel_fast.core.benchmark import LANGUAGE, Benchmark
from glevel_fast.errors import BenchmarkError
from glevel_fast.text import fold_task, listing, nearest, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Scope", "all_scopes", "find_scope", "tasks_in"]

LEVELS = (2, 3, 4, 5)


@dataclass(frozen=True)
class Scope:
    """What a board is about.

    `kind` is "A" (everything; `name` is "quick" where that is a declared subset of the tasks), "B" (modalities), "C"
    (one paradigm of a modality, or language) or "D" (a skill); `modalities` are those it averages over, `group` is the
    group of C and D, `skill` the column of D.
    """

    kind: Literal["A", "B", "C", "D"]
    name: str
    modalities: tuple[str, ...] = ()
    group: tuple[str, str] = ("", "")
    skill: int = -1

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels that a board of this scope can have: language enters Level-5 and so Scope-A only;
        one paradigm alone has no Level-4."""
        return {"A": LEVELS, "B": LEVELS[:3]}.get(self.kind, LEVELS[:2])

    def __str__(self) -> str:
        if self.kind == "A":
            return f"A.{self.name}" if self.name else "A"
        return f"{self.kind}:{self.name}"


def find_scope(text: str, benchmark: Benchmark) -> Scope:
    """The scope that a text such as "A", "A.quick", "B:image+video", "C:image/comprehension" or "D:<skill>" names.

    Raises
    ------
    BenchmarkError
        Naming what the benchmark has instead.
    """
    kind, _, rest = text.strip().partition(":")
    kind, rest = kind.strip().upper().removeprefix("SCOPE-"), rest.strip()
    if kind in ("A", "A.QUICK") and not rest:
        quick = "" if kind == "A" else "quick"
        if not benchmark.modalities:  # S2 to S5 are 0 for everybody: the board of language is what there is
            return Scope("C", LANGUAGE, (), (LANGUAGE, ""))
        return Scope("A", quick, benchmark.modalities)
    if kind == "B" and rest:
        chosen = [part.strip().casefold() for part in rest.split("+")]
        for modality in chosen:
            if modality not in benchmark.modalities or chosen.count(modality) > 1:
                raise BenchmarkError(
                    f"scope {shown(text)}: {shown(modality)} is not one of the benchmark's modalities, each at most "
                    f"once: {listing(list(map(shown, benchmark.modalities)))}"
                )
        ordered = tuple(m for m in benchmark.modalities if m in chosen)
        return Scope("B", "+".join(ordered), ordered)
    if kind == "C" and rest:
        modality, _, paradigm = rest.casefold().rpartition("/" if "/" in rest else " ")  # a modality may have blanks
        group = modality.strip() or paradigm.strip(), paradigm.strip() if modality.strip() else ""
        if group == (LANGUAGE, "") and LANGUAGE in benchmark.modality:
            return Scope("C", LANGUAGE, (), group)
        if group not in benchmark.groups[:-1]:
            has = listing([f"{m}/{p}" for m, p in benchmark.groups[:-1]])
            raise BenchmarkError(f"scope {shown(text)}: the benchmark's paradigms are {has}")
        return Scope("C", "/".join(group), (modality,), group)
    if kind == "D" and rest:
        names, groups = [name for name, _ in benchmark.skills], [group for _, group in benchmark.skills]
        found = [j for j, name in enumerate(names) if fold_task(name) == fold_task(rest)]
        if not found:
            hint = nearest(rest, names) or f"; it has {len(names)} skills" if names else "; its tasks have no skills"
            raise BenchmarkError(f"scope {shown(text)}: the benchmark has no such skill{hint}")
        return _skill_scope(names, groups, found[0])
    raise BenchmarkError(
        f"scope {shown(text)}: choose A, A.quick, B:<modality> or B:<modality>+<modality>, C:<modality>/<paradigm> or "
        "D:<skill>"
    )


def _skill_scope(names: Sequence[str], groups: Sequence[tuple[str, str]], skill: int) -> Scope:
    modality = groups[skill][0]
    return Scope("D", names[skill], () if modality == LANGUAGE else (modality,), groups[skill], skill)


def tasks_in(scope: Scope, benchmark: Benchmark) -> NDArray[np.intp]:
    """Positions of the tasks that a scope is about, language tasks too in Scope-A."""
    if scope.kind == "A":
        return np.arange(benchmark.n_tasks)
    if scope.kind == "D":
        return np.flatnonzero(benchmark.skill_of_task == scope.skill)
    if scope.kind == "C":
        groups = [benchmark.groups.index(scope.group)]
    else:
        groups = [g for g, (modality, _) in enumerate(benchmark.groups) if modality in scope.modalities]
    return np.flatnonzero(np.isin(benchmark.group_of_task, groups))


def all_scopes(benchmark: Benchmark) -> tuple[Scope, ...]:
    """Scope-A, each modality, each paradigm of a modality, each skill."""
    names, groups = [name for name, _ in benchmark.skills], [group for _, group in benchmark.skills]
    return (
        find_scope("A", benchmark),
        *(Scope("B", modality, (modality,)) for modality in benchmark.modalities),
        *(Scope("C", f"{m}/{p}", (m,), (m, p)) for m, p in benchmark.groups[:-1]),
        *(_skill_scope(names, groups, j) for j in range(len(names))),
    )
