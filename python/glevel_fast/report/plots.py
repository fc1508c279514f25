"""Pictures of a board: the ladder of levels, synergy, coverage, and a score's waterfall.

Nothing is computed here. Each function draws into `ax`, or into a figure of its own, and returns the axes; `save` of
`glevel_fast.report.figure` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from glevel_fast.boards.board import Board, board
from glevel_fast.boards.synergy import Synergy, synergy
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.report.figure import INK, LEVEL_COLOURS, axes, label_width, rows_of_labels, short_name
from glevel_fast.text import points_text
from glevel_fast.trust.receipts import Receipt, receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from glevel_fast.core.scores import Scores

__all__ = [
    "ReceiptPlots",
    "ScoresPlots",
    "coverage",
    "ladder",
    "side_by_side",
    "synergy_map",
    "waterfall",
    "waterfalls",
]

LABEL = 7.0
"""Size of labels, in points."""
ROW = 0.135
"""Height of a row of labels, in inches."""


@dataclass(frozen=True)
class ReceiptPlots:
    """`receipt.plot`: draws into `ax` or a new figure and returns the axes."""

    receipt: Receipt

    def waterfall(self, ax: Any = None) -> Any:
        """See `glevel_fast.report.plots.waterfall`."""
        return waterfall(self.receipt, ax)


@dataclass(frozen=True)
class ScoresPlots:
    """`scores.plot`: each method draws into `ax` or a new figure and returns the axes."""

    scores: Scores

    def ladder(self, ax: Any = None, *, top: int | None = None, width: float = 10.0) -> Any:
        """See `glevel_fast.report.plots.ladder`."""
        return ladder(self.scores, ax, top=top, width=width)

    def synergy(self, ax: Any = None, *, by: Literal["group", "skill"] = "group", top: int | None = None) -> Any:
        """See `glevel_fast.report.plots.synergy_map`."""
        return synergy_map(self.scores, ax, by=by, top=top)

    def side_by_side(self, models: Sequence[str], ax: Any = None) -> Any:
        """See `glevel_fast.report.plots.side_by_side`."""
        return side_by_side(self.scores, models, ax)

    def coverage(self, ax: Any = None, *, scope: str = "A", top: int | None = None) -> Any:
        """See `glevel_fast.report.plots.coverage`."""
        return coverage(self.scores, ax, scope=scope, top=top)

    def waterfalls(self, ax: Any = None, *, top: int | None = None) -> Any:
        """Of the models that have a level, in the order of the board. See `glevel_fast.report.plots.waterfalls`."""
        whole = board(self.scores)
        n = int((whole.model_level > 0).sum())
        names = whole.models[: n if top is None else min(top, n)]
        bounds = [name for name, bound in zip(names, whole.lower_bound.tolist(), strict=False) if bound]
        return waterfalls([receipt(self.scores, name) for name in names], ax, lower_bounds=bounds)


def ladder(scores: Scores, ax: Any = None, *, top: int | None = None, width: float = 10.0) -> Any:
    """The rungs Level-2 to Level-5: each model a labelled dot on the highest that it reaches, at its score there.

    Parameters
    ----------
    scores : Scores
    ax : Axes, optional
        With it, the height of a rung is what there is room for.
    top : int, optional
        Only the first models of the combined board; the title says so.
    width : float
        Of a new figure, in inches; its height follows from the labels.

    A name with ≥ is that of a model whose score is a lower bound.

    Raises
    ------
    GLevelError
        No model has a level.
    """
    whole = board(scores)
    ranked = int((whole.model_level > 0).sum())
    n = ranked if top is None else min(top, ranked)
    if not n:
        raise GLevelError("no model has a level: there is nothing to draw")
    level, score = whole.model_level[:n], whole.score[:n]
    names = _marked(whole, n)
    room = 72 * (width - 0.9)
    most = float(score.max()) * 1.02 or 1.0
    rungs, bottom = [], 0.0
    for k in LEVELS:
        on = np.flatnonzero(level == k)
        on = on[np.argsort(score[on], kind="stable")]
        at = score[on] / most * room
        places = rows_of_labels(at.tolist(), [label_width(names[i], LABEL) + 5 for i in on], room)
        height = max((row for row, _ in places), default=0) + 3.2
        rungs.append((k, bottom, on, places))
        bottom += height
    with axes(ax, width, 0.6 + ROW * bottom) as ax:
        for k, base, on, places in rungs:
            colour = LEVEL_COLOURS[k]
            ax.axhline(base, color=colour, linewidth=1.2, alpha=0.6, zorder=1)
            for i, (row, left) in zip(on.tolist(), places, strict=True):
                height = base + 1.1 + row
                ax.plot([score[i]] * 2, [base, height], color=INK, linewidth=0.5, alpha=0.22, zorder=1)
                ax.text(left / room * most, height, names[i], fontsize=LABEL, va="bottom", zorder=3)
            ax.plot(
                score[on], [base] * len(on), "o", color=colour, markersize=4.5, markeredgewidth=0.4,
                markeredgecolor="white", zorder=4, gid=f"dots{k}",
            )  # fmt: skip
            if not len(on):
                ax.text(0, base + 0.4, "no model", fontsize=LABEL, alpha=0.6, va="bottom")
        ax.set_yticks([base for _, base, _, _ in rungs], [f"Level-{k}" for k in LEVELS])
        ax.tick_params(axis="y", length=0, labelsize=8.5)
        for tick in ax.get_yticklabels():
            tick.set_fontweight("bold")
        ax.set(xlim=(0, most), ylim=(-0.8, bottom - 0.8), xlabel="score at the level that a model reaches, in points")
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", alpha=0.15)
        ax.set_title(_some(n, ranked, f"{n} models by level"), loc="left")
    return ax


def synergy_map(
    scores: Scores, ax: Any = None, *, by: Literal["group", "skill"] = "group", top: int | None = None
) -> Any:
    """Models by groups or skills: the colour is points minus the specialist's, in the mean over supported tasks.

    In a map of groups a number is how many tasks are won; of skills, a dot marks that some are. What is not supported
    is hatched. Models stand as on the combined board.

    Raises
    ------
    GLevelError
        No models; and as `glevel_fast.boards.synergy.synergy`.
    """
    found: Synergy = synergy(scores, by)
    rows = board(scores).rows[:top]
    if not len(rows):
        raise GLevelError("there are no models: there is nothing to draw")
    has = found.supported[rows] > 0
    shown = np.flatnonzero(has.any(axis=0))
    margin = np.ma.masked_invalid(np.where(has, found.margin[rows], np.nan)[:, shown])
    wins = found.wins[rows][:, shown]
    limit = float(np.abs(margin).max()) if margin.count() else 1.0
    height = 0.9 + 0.15 * len(rows) + (1.3 if by == "skill" else 0.5)
    with axes(ax, 3.2 + (0.62 if by == "group" else 0.1) * len(shown), height) as ax:
        ax.patch.set(facecolor="none", edgecolor="#b9bec6", hatch="////", linewidth=0)
        options = {"cmap": "RdBu", "vmin": -limit, "vmax": limit}
        if by == "group":
            drawn = ax.pcolormesh(margin, edgecolors="none", **options)
            for i, j in zip(*np.nonzero(wins), strict=True):
                pale = abs(margin[i, j] or 0.0) < 0.6 * limit
                ax.text(
                    j + 0.5, i + 0.52, str(wins[i, j]), color="#111111" if pale else "#ffffff", fontsize=LABEL - 0.5,
                    ha="center", va="center",
                )  # fmt: skip
        else:
            extent = (0, len(shown), len(rows), 0)
            drawn = ax.imshow(margin, aspect="auto", interpolation="nearest", extent=extent, **options)
            i, j = np.nonzero(wins)
            ax.plot(j + 0.5, i + 0.5, "o", color="#111111", markersize=1.3, linestyle="none")
        names = [short_name(scores.models[i]) for i in rows.tolist()]
        columns = [short_name(found.names[j]) for j in shown.tolist()]
        ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=LABEL)
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        ax.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=LABEL if by == "group" else 5.0)
        for tick in ax.get_xticklabels():
            tick.set(rotation=90 if by == "skill" else 35, ha="center" if by == "skill" else "left")
        ax.set(xlim=(0, len(shown)), ylim=(len(rows), 0))
        for side in ax.spines.values():
            side.set_visible(False)
        bar = ax.figure.colorbar(drawn, ax=ax, location="bottom", shrink=0.8, aspect=40, pad=0.01)
        what = "numbers: tasks won" if by == "group" else "dots: tasks won"
        bar.set_label(f"points minus the specialist's, mean over supported tasks\n({what}; hatched: not supported)")
        bar.outline.set_visible(False)
        if len(rows) < len(scores):
            ax.set_title(_some(len(rows), len(scores), ""), loc="left", pad=12)
    return ax


def coverage(scores: Scores, ax: Any = None, *, scope: str = "A", top: int | None = None) -> Any:
    """Coverage against the mean on supported tasks; on a curve, Level-2 is the same.

    Each model is a dot in the colour of its level. Labels that would lie over others are left out, and the title
    counts them.

    Raises
    ------
    GLevelError
        No model supports anything.
    """
    found = board(scores, scope, 2)
    ranked = int((found.rank > 0).sum())
    n = ranked if top is None else min(top, ranked)
    if not n:
        raise GLevelError("no model supports a task: there is nothing to draw")
    x, y = 100.0 * found.coverage[:n], found.on_supported[:n]
    # Room for names to the right, and for the curves' labels above.
    wide, high = max(float(x.max()) * 1.22, 5.0), min(104.0, float(y.max()) * 1.12)
    with axes(ax, 8.0, 5.0) as ax:
        for level in _round_numbers(float((x * y).max()) / 100.0):
            start = 100.0 * level / high
            along = np.linspace(start, wide, 100)
            ax.plot(along, 100.0 * level / along, color=INK, linewidth=0.6, alpha=0.3, zorder=1)
            ax.text(start, high, f" {level:g}", fontsize=LABEL, alpha=0.75, va="bottom", ha="center")
        for k in (0, *LEVELS):
            on = np.flatnonzero(found.model_level[:n] == k)
            if len(on):
                ax.plot(
                    x[on], y[on], "o", color=LEVEL_COLOURS[k], markersize=4.5, markeredgewidth=0.4,
                    markeredgecolor="white", linestyle="none", gid=f"dots{k}", zorder=3,
                    label=f"Level-{k}" if k else "no level",
                )  # fmt: skip
        names = _marked(found, n)
        labelled = _label_dots(ax, x / wide, y / high, names)
        ax.set(xlim=(0, wide), ylim=(0, high))
        ax.set_xlabel("coverage: share of tasks supported, %")
        ax.set_ylabel("mean on supported tasks, points")
        some = _some(n, ranked, f"{n} models")
        ax.set_title(f"{some}, {labelled} with names; along a curve Level-2 is the same", loc="left", pad=14)
        ax.legend(loc="lower right", frameon=False, fontsize=LABEL + 0.5)
    return ax


def side_by_side(scores: Scores, models: Sequence[str], ax: Any = None) -> Any:
    """Some models, modality by modality: the pale bar is Level-2, the strong one Level-3.

    Parameters
    ----------
    scores : Scores
    models : sequence of str
    ax : one axes per modality, optional

    Returns
    -------
    array of axes, one per modality

    Raises
    ------
    ResultsError
        An unknown model.
    GLevelError
        No models, or no modality.
    """
    rows = [scores.row(model) for model in models]
    n = len(scores.modalities)
    if not rows or not n:
        raise GLevelError("no models, or no modality: there is nothing to draw")
    names = [f"{'≥ ' if scores.lower_bound[i, -1] else ''}{short_name(scores.models[i])}" for i in rows]
    with axes(ax, 2.0 + 2.2 * n, 0.8 + 0.3 * len(rows), panels=n) as panels:
        panels = np.atleast_1d(panels)
        at = np.arange(len(rows))
        for m, panel in enumerate(panels):
            level2, level3 = (scores.modality[rows, m, k] for k in (0, 1))
            panel.barh(at, level2, height=0.6, color=LEVEL_COLOURS[2], alpha=0.4, label="Level-2")
            panel.barh(at, level3, height=0.6, color=LEVEL_COLOURS[3], label="Level-3")
            panel.set_title(short_name(scores.modalities[m]), loc="left")
            panel.set_yticks(at, names)
            panel.tick_params(axis="y", length=0)
            panel.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, float(scores.modality[rows, :, 0].max()) * 1.05 or 1.0))
        panels[0].set_xlabel("points")
        panels[-1].legend(frameon=False, loc="lower right")
    return panels


def waterfall(receipt: Receipt, ax: Any = None) -> Any:
    """A score from 0 up: what each group adds, the largest first.

    Raises
    ------
    GLevelError
        The score is 0.
    """
    parts = sorted(((name, value) for name, value in receipt.by_group.items() if value), key=lambda part: -part[1])
    if not parts:
        raise GLevelError("the score is 0: there is nothing to draw")
    values = np.array([value for _, value in parts])
    start = np.cumsum(values) - values
    with axes(ax, 6.5, 0.9 + 0.28 * (len(parts) + 1)) as ax:
        rows = np.arange(len(parts))
        colour = LEVEL_COLOURS[receipt.level]
        ax.barh(rows, values, left=start, height=0.6, color=colour, alpha=0.65)
        ax.barh(len(parts), receipt.score, height=0.6, color=colour)
        for i, (value, left) in enumerate(zip([*values, receipt.score], [*start, 0.0], strict=True)):
            ax.text(left + value, i, f" {value:.4f}", va="center", fontsize=LABEL + 0.5)
        ax.set_yticks([*rows, len(parts)], [*(name for name, _ in parts), f"Level-{receipt.level}"])
        ax.set_ylim(len(parts) + 0.6, -0.6)
        ax.set_xlim(0, float(receipt.score) * 1.14)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("points of the score")
        where = "" if receipt.scope.kind == "A" else f", scope {short_name(str(receipt.scope))}"
        ax.set_title(f"{short_name(receipt.model)}{where}", loc="left")
    return ax


def waterfalls(receipts: Sequence[Receipt], ax: Any = None, *, lower_bounds: Collection[str] = ()) -> Any:
    """Every score from 0 up, a line for each: what each group of tasks adds to it.

    Parameters
    ----------
    receipts : sequence of Receipt
        The bar of receipt i has the gid `row<i>`.
    ax : Axes, optional
    lower_bounds : collection of str
        Models whose score is a lower bound.

    Raises
    ------
    GLevelError
        No score is above 0.
    """
    order = dict.fromkeys(name for r in receipts for name in r.by_group)
    groups = [name for name in order if any(r.by_group.get(name) for r in receipts)]
    if not groups:
        raise GLevelError("no score is above 0: there is nothing to draw")
    # A modality has a hue, and generation the paler shade of it.
    shades = [tuple(c) for c in require("matplotlib", "plots").colormaps["tab20"].colors]
    hues = list(dict.fromkeys(name.partition(" ")[0] for name in groups))
    pale = [name.endswith(" generation") for name in groups]
    places = [2 * hues.index(name.partition(" ")[0]) for name in groups]
    colours = {name: shades[(c + p) % 20] for name, c, p in zip(groups, places, pale, strict=True)}
    most = max(r.score for r in receipts)
    labels = [short_name(name) for name in groups]
    beside = min(4, int(8 * 72 / (max(label_width(label, LABEL + 0.5) for label in labels) + 40)) or 1)
    with axes(ax, 9.0, 0.9 + 0.15 * len(receipts) + 0.2 * (len(groups) // beside + 1)) as ax:
        for i, r in enumerate(receipts):
            parts = [(name, value) for name, value in r.by_group.items() if value]
            ends = np.cumsum([0.0, *(value for _, value in parts)])
            spans = [(start, value) for start, (_, value) in zip(ends, parts, strict=False)]
            ax.broken_barh(spans, (i - 0.35, 0.7), facecolors=[colours[name] for name, _ in parts], gid=f"row{i}")
            ax.text(r.score, i, f" {points_text(r.score, r.model in lower_bounds)}", va="center", fontsize=LABEL - 0.5)
        for name, label in zip(groups, labels, strict=True):
            ax.barh(0, 0, color=colours[name], label=label)
        names = [f"{short_name(r.model)}  L{r.level}" for r in receipts]
        ax.set_yticks(np.arange(len(receipts)), names, fontsize=LABEL)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(0, most * 1.1), ylim=(len(receipts) - 0.4, -0.6), xlabel="points of the score")
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", alpha=0.15)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=beside, frameon=False, fontsize=LABEL + 0.5)
    return ax


def _marked(of: Board, n: int) -> list[str]:
    """The first n names as labels, with ≥ before those whose score is a lower bound."""
    bounds = of.lower_bound[:n].tolist()
    return [f"{'≥ ' if bound else ''}{short_name(name)}" for name, bound in zip(of.models[:n], bounds, strict=True)]


def _some(n: int, of: int, what: str) -> str:
    return what if n == of else f"the first {n} of {of} models"


def _round_numbers(most: float) -> list[float]:
    """Four or so values of S2 up to `most`, as people count."""
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if most / s <= 8), 20)
    return [step * i for i in range(1, int(most / step) + 1)] or [most]


def _label_dots(ax: Any, x: Any, y: Any, names: Sequence[str]) -> int:
    """Labels dots (in parts of the axes) where there is room, the first names first; says how many."""
    width, height = (72.0 * size for size in ax.get_figure().get_size_inches())
    width, height = width * 0.9, height * 0.8
    boxes = [(cx * width - 2, cy * height - 2, cx * width + 2, cy * height + 2) for cx, cy in zip(x, y, strict=True)]
    labelled = 0
    for cx, cy, name in zip(x, y, names, strict=True):
        long = label_width(name, LABEL)
        for dx, dy in ((5, 0), (-5 - long, 0), (-long / 2, 7), (-long / 2, -7), (4, 6), (4, -6)):
            left, middle = cx * width + dx, cy * height + dy
            box = (left, middle - 3.5, left + long, middle + 3.5)
            if left < 0 or box[2] > width or box[1] < 0 or box[3] > height or any(_meet(box, other) for other in boxes):
                continue
            boxes.append(box)
            ax.text(left / width, middle / height, name, fontsize=LABEL, va="center", transform=ax.transAxes, zorder=4)
            labelled += 1
            break
    return labelled


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
