"""Tables for people: as wide as a terminal, with colours and bars there unless NO_COLOR is set; plain elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.text import clean, points_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.core.scores import Scores
    from glevel_fast.folders import ScoredFolder
    from glevel_fast.io.markup import TextTable
    from glevel_fast.published import Figure, RuleReading

# Wide enough for any table, where output goes to a file or a pipe.
UNLIMITED = 1000
MODEL_WIDTH = 40
BAR = "At its level"
BAR_WIDTH = 12
LEVEL_SGR = {"2": "36", "3": "34", "4": "33", "5": "35"}


def print_scores(scores: Scores, top: int | None = None) -> None:
    """A board: models by level, then by the score at that level; only the first `top` where that is given."""
    order = _by_level(scores)[:top]
    bounds = scores.lower_bound
    of_level5 = bounds[:, -2] | bounds[:, -1]
    columns = {"Model": [model_name(scores.models[i]) for i in order], "Level": [_level(scores, i) for i in order]}
    columns |= _bars(scores, order)

    def points(values: NDArray[np.float64], marks: NDArray[np.bool_]) -> list[str]:
        return list(map(points_text, values[order].tolist(), marks[order].tolist()))

    for k in LEVELS:
        columns[f"S{k}"] = points(scores.overall[:, k - 2], of_level5 if k == 5 else bounds[:, -1])

    def modalities(k: int) -> dict[str, list[str]]:
        return {
            f"{modality} S{k}": points(scores.modality[:, m, k - 2], bounds[:, m])
            for m, modality in enumerate(scores.modalities)
        }

    columns |= modalities(2)
    columns["Wins"] = list(map(str, scores.wins.sum(axis=1)[order].tolist()))
    columns["Supported"] = list(map(str, scores.supported.sum(axis=1)[order].tolist()))
    columns |= modalities(3) | modalities(4)
    title = f"General-Level, {len(scores)} models, {scores.benchmark.n_tasks} tasks, policy {scores.policy}"
    print_columns(title, columns, keep=("Model", "Level", "S2", "S3"))
    print_rest(len(scores) - len(order))


def print_folder(scored: ScoredFolder, top: int) -> None:
    """How many models reach which level, and the first of them."""
    print(
        f"General-Level, {len(scored):,} models, {len(scored.parts)} of {scored.total} parts, {scored.made} of them "
        f"made now: {clean(scored.path, 400)}\n"
    )
    levels = [5, 4, 3, 2, 0]
    counts = [int(np.count_nonzero(scored.level == level)) for level in levels]
    print_columns("Models by level", {
        "Level": [str(level or "-") for level in levels], "Models": [f"{n:,}" for n in counts],
    }, keep=("Level", "Models"))  # fmt: skip
    table = scored.columns(["level", *(f"level{k}" for k in LEVELS)])
    at_level = np.select([scored.level == k for k in LEVELS], [table[f"level{k}"] for k in LEVELS], table["level2"])
    order = np.lexsort((-np.nan_to_num(at_level), -scored.level.astype(int)))[:top].tolist()
    if not order:
        return
    columns = {"Model": [model_name(scored.models[i]) for i in order]}
    columns["Level"] = [str(scored.level[i] or "-") for i in order]
    columns |= {f"S{k}": list(map(points_text, table[f"level{k}"][order].tolist())) for k in LEVELS}
    print()
    print_columns("By level, then by the score at that level", columns, keep=tuple(columns))
    print_rest(len(scored) - len(order))


def print_published(scores: Scores, top: int | None = None) -> None:
    """The paper's results as recomputed, the printed figure beside each in brackets."""
    from glevel_fast import published  # which no other table needs

    comparisons = published.compare(scores)
    boards = ("Level-5", *(kind for kind in published.KINDS if kind.endswith(("of a modality", "overall"))))
    beside = {(c.model, c.where, c.level): c for c in comparisons if c.kind in boards}
    order = _by_level(scores)[:top]

    bounds = scores.lower_bound
    of_level5 = bounds[:, -2] | bounds[:, -1]

    def cells(where: str, k: int, column: Any, marks: Any) -> list[str]:
        printed = [beside.get((scores.models[i], where, k)) for i in order]
        return [_beside(c, column[i], bool(marks[i])) for i, c in zip(order, printed, strict=True)]

    columns = {"Model": [model_name(scores.models[i]) for i in order], "Level": [_level(scores, i) for i in order]}
    columns |= _bars(scores, order)
    for k in LEVELS:
        columns[f"S{k}"] = cells("overall", k, scores.overall[:, k - 2], of_level5 if k == 5 else bounds[:, -1])
    for m, modality in enumerate(scores.modalities):
        columns[f"{modality} S2"] = cells(modality, 2, scores.modality[:, m, 0], bounds[:, m])
    columns["Wins"] = [str(scores.wins[i].sum()) for i in order]
    columns["Supported"] = [str(scores.supported[i].sum()) for i in order]
    title = (
        f"The paper's {len(scores)} models, recomputed from their results on {scores.benchmark.n_tasks} tasks "
        "(in brackets: as printed in Tables 12, 14 and 16)"
    )
    print_columns(title, columns, keep=("Model", "Level", "S2", "S3"))
    print_rest(len(scores) - len(order))
    print()
    text = "A figure with ≥ is a lower bound: the appendix does not print all results behind it."
    print(textwrap.fill(text, min(terminal_width(), 116)) + "\n")
    print(published.summary(comparisons).text(min(terminal_width(), 116)))


def print_readings(rows: Sequence[RuleReading]) -> None:
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
    left = {name for name, align in zip(sheet.header, sheet.align, strict=True) if align == "l"}
    print_columns(clean(sheet.title, 400), columns, keep or tuple(columns), left)
    print_rest(0 if most is None else len(sheet.rows) - most)
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


def _beside(comparison: Figure | None, recomputed: float, lower_bound: bool) -> str:
    text = points_text(recomputed, lower_bound)
    return text if comparison is None else f"{text} ({comparison.printed:.2f})"


def model_name(name: str) -> str:
    return clean(name, MODEL_WIDTH)


def terminal_width() -> int:
    """Columns of the terminal; no limit where output goes to a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED


def in_colour() -> bool:
    """Whether colours and bars may be used: on a terminal that knows them, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    kinds = ((unicodedata.east_asian_width(c), unicodedata.category(c)) for c in text)
    return sum(0 if category in ("Mn", "Me", "Cf") else 2 if wide in "WF" else 1 for wide, category in kinds)


def print_columns(
    title: str, columns: dict[str, list[str]], keep: Sequence[str], left: int | Collection[str] = 1
) -> None:
    """Print a table; where it is too wide, columns outside `keep` go: those that say the same of all rows first, then
    the last ones first."""
    extra = [name for name in columns if name not in keep]
    constant = [name for name in extra if len(set(columns[name])) < 2]
    goes = [*reversed(constant), *(name for name in reversed(extra) if name not in constant)]
    layouts = [{name: cells for name, cells in columns.items() if name not in goes[:n]} for n in range(len(goes) + 1)]
    print_widest(title, layouts, left)


def print_widest(title: str, layouts: Sequence[dict[str, list[str]]], left: int | Collection[str] = 1) -> None:
    """Print the first layout that fits the terminal; whoever gets a narrower one is told what is missing."""
    every = {name: cells for layout in layouts for name, cells in layout.items()}
    widths = {name: _widest([name, *cells]) for name, cells in every.items()}

    def needed(layout: dict[str, list[str]]) -> int:
        return sum(widths[name] for name in layout) + 2 * (len(layout) - 1)

    width = terminal_width()
    layout = next((layout for layout in layouts if needed(layout) <= width), layouts[-1])
    colour = in_colour()
    columns = []
    for i, (name, texts) in enumerate(layout.items()):
        to_left = name == BAR or (i < left if isinstance(left, int) else name in left)
        cells = _aligned([name, *texts], widths[name], to_left)
        if colour and name in (BAR, "Level") and "Level" in layout:
            cells[1:] = [
                cell.replace(text, f"\x1b[{LEVEL_SGR[level]}m{text}\x1b[0m") if text and level in LEVEL_SGR else cell
                for cell, text, level in zip(cells[1:], texts, layout["Level"], strict=True)
            ]
        columns.append(cells)
    lines = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
    if colour:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    print("\n".join([textwrap.fill(title, min(width, 116)), "", *lines]))
    missing = [name for name in layouts[0] if name not in layout]
    if missing:
        more = f"({len(missing)} more columns at a width of {needed(layouts[0])}: {', '.join(missing)})"
        print(textwrap.fill(more, min(width, 116)))


def _widest(cells: Sequence[str]) -> int:
    return max(map(len if "".join(cells).isascii() else cell_width, cells))


def _aligned(cells: Sequence[str], width: int, to_left: bool) -> list[str]:
    if "".join(cells).isascii():
        return [cell.ljust(width) if to_left else cell.rjust(width) for cell in cells]
    spaces = (" " * (width - cell_width(cell)) for cell in cells)
    return [cell + space if to_left else space + cell for cell, space in zip(cells, spaces, strict=True)]


def _bars(scores: Scores, order: Sequence[int]) -> dict[str, list[str]]:
    """A bar for the score at the level of each model, where there may be bars."""
    if not in_colour() or "utf" not in (sys.stdout.encoding or "").lower():
        return {}
    at = [float(np.nan_to_num(scores.overall[i, max(int(scores.level[i]), 2) - 2])) for i in order]
    most = max(at, default=0.0) or 1.0
    eighths = [round(8 * BAR_WIDTH * value / most) for value in at]
    return {BAR: ["█" * (n // 8) + " ▏▎▍▌▋▊▉"[n % 8].strip() for n in eighths]}


def print_rest(more: int) -> None:
    if more > 0:
        print(f"... and {more} more")
