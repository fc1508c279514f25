"""Tables for people, in a terminal (extra `cli`)."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast import published
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.extras import require
from glevel_fast.text import clean

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores
    from glevel_fast.io.markup import TextTable
    from glevel_fast.published import Comparison, Reading

# Wide enough for any table, where output goes to a file or a pipe.
UNLIMITED = 1000
MODEL_WIDTH = 40


def print_scores(scores: Scores) -> None:
    """A board: models by level, then by the score at that level."""
    order = _by_level(scores)
    model = [model_name(scores.models[i]) for i in order]
    head = {"Model": model, "Level": [_level(scores, i) for i in order]}
    head |= {f"S{k}": [shown_points(scores.overall[i, k - 2]) for i in order] for k in LEVELS}
    counts = {
        "Supported": [str(scores.supported[i].sum()) for i in order],
        "Wins": [str(scores.wins[i].sum()) for i in order],
    }

    def modalities(levels: Iterable[int]) -> dict[str, list[str]]:
        return {
            f"{modality} S{k}": [shown_points(scores.modality[i, m, k - 2]) for i in order]
            for m, modality in enumerate(scores.modalities)
            for k in levels
        }

    title = f"General-Level, {len(scores)} models, {scores.benchmark.n_tasks} tasks, policy {scores.policy}"
    print_widest(title, [head | modalities((2, 3, 4)) | counts, head | modalities((2,)) | counts, head | counts, head])


def print_published(scores: Scores) -> None:
    """The paper's results as recomputed, the printed figure beside each in brackets."""
    comparisons = published.compare(scores)
    boards = ("Level-5", *(kind for kind in published.KINDS if kind.endswith(("of a modality", "overall"))))
    beside = {(c.model, c.where, c.level): c for c in comparisons if c.kind in boards}
    order = _by_level(scores)

    def cells(modality: str, k: int, column: Any) -> list[str]:
        return [_beside(beside.get((scores.models[i], modality, k)), column[i]) for i in order]

    head = {"Model": [model_name(scores.models[i]) for i in order], "Level": [_level(scores, i) for i in order]}
    head |= {f"S{k}": cells("overall", k, scores.overall[:, k - 2]) for k in LEVELS}
    modalities = {f"{m} S2": cells(m, 2, scores.modality[:, i, 0]) for i, m in enumerate(scores.modalities)}
    counts = {
        "Supported": [str(scores.supported[i].sum()) for i in order],
        "Wins": [str(scores.wins[i].sum()) for i in order],
    }
    title = (
        f"The paper's {len(scores)} models, recomputed from their results on {scores.benchmark.n_tasks} tasks "
        "(in brackets: as printed in Tables 12, 14 and 16)"
    )
    narrow = {name: column for name, column in head.items() if name != "S5"}
    print_widest(title, [head | modalities | counts, head | counts, head, narrow])
    print()
    text = "A figure with ≥ is a lower bound: the appendix does not print all results behind it."
    print(textwrap.fill(text, min(terminal_width(), 116)) + "\n")
    print(published.summary(comparisons).text(min(terminal_width(), 116)))


def print_readings(rows: Sequence[Reading]) -> None:
    """How many printed figures each reading of a rule gives; the readings that this package takes are starred."""
    width = min(terminal_width(), 116)
    figures = ""
    for row in rows:
        if row.figures != figures:
            figures = row.figures
            print(textwrap.fill(f"{figures[0].upper()}{figures[1:]}, {row.printed} printed:", width))
        tables = ", ".join(f"Table {table} {agree}/{printed}" for table, (agree, printed) in row.by_table.items())
        line = f"{'*' if row.taken else '-'} {row.agree:>3} {row.reading}" + (
            f": {tables}" if len(row.by_table) > 1 else ""
        )
        print(textwrap.fill(line, width, initial_indent="  ", subsequent_indent="        ", break_on_hyphens=False))
    print(textwrap.fill("(*: the reading of this package)", width))


def print_metrics(rows: Sequence[dict[str, Any]]) -> None:
    """The known metrics."""
    table = {name.capitalize(): [str(row[name]) for row in rows] for name in ("metric", "points", "domain", "better")}
    also = {"Also written": [", ".join(row["aliases"]) for row in rows]}
    print_widest(f"{len(rows)} metrics; z is the raw value times the task's scale", [table | also, table], left=5)


def print_sheet(sheet: TextTable, keep: Sequence[str] = (), most: int | None = None) -> None:
    """A finished table; where it is too wide, columns outside `keep` go, the last first."""
    columns = {name: [clean(row[c], MODEL_WIDTH) for row in sheet.rows[:most]] for c, name in enumerate(sheet.header)}
    extra = [name for name in columns if name not in keep]
    layouts = [
        {name: cells for name, cells in columns.items() if name not in extra[n:]}
        for n in range(len(extra), -1 if keep else len(extra) - 1, -1)
    ]
    left = {name for name, align in zip(sheet.header, sheet.align, strict=True) if align == "l"}
    print_widest(clean(sheet.title, 400), layouts, left)
    if most is not None and len(sheet.rows) > most:
        print(f"... and {len(sheet.rows) - most} more")
    for note in sheet.notes:
        print(textwrap.fill(clean(note, 400), min(terminal_width(), 116)))


def print_list(sheet: TextTable) -> None:
    """A finished table whose last column is a sentence: one paragraph per row, wrapped."""
    width = min(terminal_width(), 116)
    print(textwrap.fill(clean(sheet.title, 400), width))
    for *cells, sentence in [sheet.header, *sheet.rows] if sheet.rows else []:
        head = "  ".join(clean(cell, MODEL_WIDTH) for cell in cells if cell)
        line = f"{head}: {clean(sentence, 400)}"
        print(textwrap.fill(line, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False))
    for note in sheet.notes:
        print(textwrap.fill(clean(note, 400), width))


def _by_level(scores: Scores) -> list[int]:
    at_level = [scores.overall[i, max(level, 2) - 2] for i, level in enumerate(scores.level)]
    return [int(i) for i in np.lexsort((-np.nan_to_num(np.array(at_level)), -scores.level.astype(int)))]


def _level(scores: Scores, i: int) -> str:
    return str(scores.level[i]) if scores.level[i] else "-"


def shown_points(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"


def _beside(comparison: Comparison | None, recomputed: float) -> str:
    if comparison is None:
        return shown_points(recomputed)
    bound = "≥" if comparison.lower_bound else ""
    return f"{bound}{shown_points(recomputed)} ({comparison.printed:.2f})"


def model_name(name: str) -> str:
    return clean(name, MODEL_WIDTH)


def terminal_width() -> int:
    console = require("rich.console", "cli").Console()
    return int(console.width) if console.is_terminal else UNLIMITED


def print_widest(title: str, layouts: Sequence[dict[str, list[str]]], left: int | Collection[str] = 1) -> None:
    """Print the first layout that fits the terminal; whoever gets a narrower one is told what is missing."""
    cell_len = require("rich.cells", "cli").cell_len

    def widths(layout: dict[str, list[str]]) -> list[int]:
        return [max(map(cell_len, (name, *column))) for name, column in layout.items()]

    def needed(layout: dict[str, list[str]]) -> int:
        return sum(widths(layout)) + 2 * (len(layout) - 1)

    width = terminal_width()
    layout = next((layout for layout in layouts if needed(layout) <= width), layouts[-1])
    # Not a rich.Table, which takes a millisecond a row and wraps where it must not.
    pads = widths(layout)
    to_left = [i < left if isinstance(left, int) else name in left for i, name in enumerate(layout)]
    lines = []
    for row in [tuple(layout), *zip(*layout.values(), strict=True)]:
        cells = (
            text + " " * (pad - cell_len(text)) if is_left else " " * (pad - cell_len(text)) + text
            for text, pad, is_left in zip(row, pads, to_left, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    print(textwrap.fill(title, min(width, 116)) + "\n")
    if width < UNLIMITED:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    print("\n".join(lines))
    missing = [name for name in layouts[0] if name not in layout]
    if missing:
        more = f"({len(missing)} more columns at a width of {needed(layouts[0])}: {', '.join(missing)})"
        print(textwrap.fill(more, min(width, 116)))
