"""The audit of the paper's own tables: boards, counts, skill means, tasks, names and claims beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from glevel_fast.core.benchmark import MODALITIES
from glevel_fast.published.general_bench import tasks
from glevel_fast.published.reproduction import compare
from glevel_fast.published.tables import BOARD_TABLE, GROUP_TABLE, aliases, generalists, leaderboards, task_support
from glevel_fast.trust.audit import Finding, Row, Support, audit_boards, audit_support

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
        for row in leaderboards()
    )


@cache
def support() -> tuple[Support, ...]:
    """The counts of Tables 6 to 11; the size of a group is its number of tasks in the appendix."""
    sizes = Counter(task.group for task in tasks())
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
            sizes[group],
        )
        for row in task_support()
        for group in [row.group]
    )


def audit_published() -> tuple[Finding, ...]:
    """Every finding on the bundled tables, board by board, then what lies between them."""
    return (
        *audit_boards(boards()),
        *audit_support(support(), boards()),
        *_contradicted(),
        *_claims(),
        *_names(),
    )


KIND_OF_FINDING = {"skill mean": "skill-means", "supported": "counts", "wins": "counts"}
"""What a comparison's kind is called among findings; those of levels are "tasks"."""


def _contradicted() -> Iterator[Finding]:
    """Printed skill means, counts and levels of modalities that the appendix's tasks do not give."""
    for c in compare():
        of_level = c.kind.endswith("of a modality")
        if c.reproduced or c.lower_bound or not (of_level or c.kind in KIND_OF_FINDING):
            continue
        what = f"{c.where} Level-{c.level}" if of_level else f"{c.where}: {c.kind}"
        yield Finding(
            KIND_OF_FINDING.get(c.kind, "tasks"),
            f"Table {c.table}",
            c.printed_name,
            c.printed,
            round(c.recomputed, 4),
            f"{what} of {c.printed:g}; its tasks give {c.recomputed:.6g}: {c.why}",
        )


def _claims() -> Iterator[Finding]:
    """Table 4 beside the boards: modalities that have a score though the model is not listed with them, paradigms."""
    listed = {g.model: g for g in generalists()}
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
        *(("Table 4", g.printed_name, g.model) for g in generalists()),
        *((row.table, row.printed_name, row.model) for row in boards()),
        *((entry.table, entry.printed_name, entry.model) for entry in support()),
        *((f"Tables {a.tables}", a.printed, a.canonical) for a in aliases() if "-" in a.tables),
    ):
        tables = spelled.setdefault(model, {}).setdefault(printed, [])
        if table not in tables:
            tables.append(table)
    for model, names in spelled.items():
        if len(names) > 1:
            listed = "; ".join(f"{name} in {', '.join(tables)}" for name, tables in names.items())
            other = next(name for name in names if name != model)
            yield Finding("name", names[other][0], model, other, model, f"one model under several names: {listed}")
