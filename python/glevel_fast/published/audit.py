"""The audit of the paper's own tables: boards, counts, skill means, names and claims beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from glevel_fast.core.benchmark import LANGUAGE, MODALITIES
from glevel_fast.core.scoring import Scorer
from glevel_fast.published import paper as published
from glevel_fast.published.paper import BOARD_TABLE, GROUP_TABLE, Reason
from glevel_fast.trust.audit import Finding, Row, Support, audit_boards, audit_support, bare

__all__ = ["audit_published", "boards", "support"]


@cache
def boards() -> tuple[Row, ...]:
    """Tables 12, 14 and 16."""
    return tuple(
        Row(
            f"Table {BOARD_TABLE[row.level]}",
            row.level,
            row.model,
            row.printed_name,
            row.paradigm,
            dict(zip(MODALITIES, row.modality, strict=True)),
            row.overall,
            row.rank,
        )
        for row in published.leaderboards()
    )


@cache
def support() -> tuple[Support, ...]:
    """The counts of Tables 6 to 11; the size of a group is that of its skills (language: not known)."""
    sizes: dict[tuple[str, str], int] = {}
    for skill in published.skills():
        sizes[skill.group] = sizes.get(skill.group, 0) + skill.n_tasks
    return tuple(
        Support(
            f"Table {GROUP_TABLE[group]}",
            group,
            row.model,
            row.printed_name,
            row.supported,
            row.supported_pct,
            row.wins,
            row.wins_pct,
            {k: v for k, v in ((2, row.level2), (3, row.level3), (4, row.level4)) if v is not None},
            None if row.modality == LANGUAGE else sizes[group],
        )
        for row in published.task_support()
        for group in [(row.modality, row.paradigm)]
    )


def audit_published() -> tuple[Finding, ...]:
    """Every finding on the bundled tables, board by board, then what lies between them."""
    return (
        *audit_boards(boards()),
        *audit_support(support(), boards()),
        *_skill_means(),
        *_claims(),
        *_names(),
    )


def _skill_means() -> Iterator[Finding]:
    """Printed scores that the printed skill means rule out."""

    scores = Scorer(published.benchmark()).score(published.results())
    printed_name = {(row.level, row.model): row.printed_name for row in boards()}
    for c in published.compare(scores):
        # A Level-3 above its Level-2, or without a win, is found from the boards alone.
        unexplained = c.level == 2 or (c.recomputed and not c.printed)
        if c.reason != Reason.ODD or c.modality == "overall" or not unexplained:
            continue
        twin = next(
            (row for row in boards() if row.level == 2 and row.model != c.model and bare(row.model) == bare(c.model)),
            None,
        )
        whose = f"; {twin.printed_name} has {twin.parts[c.modality]:g}" if twin and c.level == 2 else ""
        yield Finding(
            "skill-means",
            f"Table {BOARD_TABLE[c.level]}",
            printed_name.get((c.level, c.model), c.model),
            c.printed,
            round(c.recomputed, 4),
            f"{c.modality} Level-{c.level} of {c.printed:g}: {c.detail}{whose}",
        )


def _claims() -> Iterator[Finding]:
    """Table 4 beside the boards: modalities that have a score though the model is not listed with them, paradigms."""
    listed = {g.model: g for g in published.generalists()}
    scored = {row.model for row in boards()}
    for row in boards():
        entry = listed.get(row.model)
        if row.level != 2:
            continue
        if entry is None:
            close = get_close_matches(row.model, listed, 1, 0.8)
            near = listed[close[0]].printed_name if close and close[0] not in scored else None
            hint = f"; it lists {near}" if near else ""
            yield Finding("claim", row.table, row.printed_name, row.printed_name, near, f"is not in Table 4{hint}")
            continue
        paradigm = "+".join(p[0] for p in entry.paradigm.split("+") if p)
        if paradigm != row.paradigm:
            yield Finding(
                "claim", row.table, row.printed_name, row.paradigm, paradigm, f"Table 4 has {entry.paradigm or 'none'}"
            )
        claimed = {part.partition(" ")[0].casefold() for part in entry.modalities.split(";")}
        for modality, score in row.parts.items():
            if score > 0 and modality not in claimed:
                only = entry.modalities.replace(";", ", ")
                message = f"scores {score:g} in {modality} at Level-2; Table 4 lists it with {only} only"
                yield Finding("claim", row.table, row.printed_name, score, None, message)


def _names() -> Iterator[Finding]:
    """Models under several names."""
    spelled: dict[str, dict[str, list[str]]] = {}
    for table, printed, model in (
        *(("Table 4", g.printed_name, g.model) for g in published.generalists()),
        *((row.table, row.printed_name, row.model) for row in boards()),
        *((entry.table, entry.printed_name, entry.model) for entry in support()),
    ):
        tables = spelled.setdefault(model, {}).setdefault(printed, [])
        if table not in tables:
            tables.append(table)
    for model, names in spelled.items():
        if len(names) > 1:
            listed = "; ".join(f"{name} in {', '.join(tables)}" for name, tables in names.items())
            other = next(name for name in names if name != model)
            yield Finding("name", names[other][0], model, other, model, f"one model under several names: {listed}")
