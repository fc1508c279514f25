"""Pictures of ranks: how sure they are, and how they move. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.report.figure import INK, LEVEL_COLOURS, axes, short_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.trust.snapshot import Difference
    from glevel_fast.uncertainty.ablation import Ablation
    from glevel_fast.uncertainty.bootstrap import Bootstrap
    from glevel_fast.uncertainty.summary import Summary
    from glevel_fast.uncertainty.what_if import WhatIf

__all__ = ["AblationPlots", "BootstrapPlots", "WhatIfPlots", "bump", "moves", "pivots", "ranks"]

LABEL = 7.5
BAR, DOT, MOVED = "#6f97c4", "#1d4f86", "#d1495b"


@dataclass(frozen=True)
class BootstrapPlots:
    """`bootstrap.plot`: each method draws into `ax` or a new figure and returns the axes."""

    bootstrap: Bootstrap

    def ranks(self, ax: Any = None, *, level: int = 2, confidence: float = 0.95, top: int | None = None) -> Any:
        """Rank intervals, singly and jointly; lines at the right join models that cannot be told apart. See `ranks`."""
        boot = self.bootstrap
        return ranks(
            boot.summary, ax, level=level, confidence=confidence, top=top,
            title=f"{boot.done} resamples by {boot.unit}",
            together=boot.groups(level, confidence) if boot.ranks_pairs else (),
            joint=boot.joint_ranks(level, confidence) if boot.ranks_pairs else None,
        )  # fmt: skip


@dataclass(frozen=True)
class AblationPlots:
    """`ablation.plot`: each method draws into `ax` or a new figure and returns the axes."""

    ablation: Ablation

    def ranks(self, ax: Any = None, *, level: int = 3, confidence: float = 0.95, top: int | None = None) -> Any:
        """Rank intervals over the specialist sets. See `ranks`."""
        found = self.ablation
        title = f"{found.sets.what}, {found.done} sets"
        return ranks(found.summary, ax, level=level, confidence=confidence, top=top, title=title)

    def pivots(self, ax: Any = None, *, top: int | None = 20) -> Any:
        """The specialists that decide most wins. See `pivots`."""
        return pivots(self.ablation.summary, ax, top=top)


@dataclass(frozen=True)
class WhatIfPlots:
    """`what_if.plot`: draws into `ax` or a new figure and returns the axes."""

    what_if: WhatIf

    def ranks(self, ax: Any = None, *, level: int = 3) -> Any:
        """Ranks before and after, of the models that move; the title says where none does."""
        k, what = LEVELS.index(level), self.what_if
        before, after = what.prepared.base_ranks[k], what.ranks[k]
        pairs = {m: (int(a), int(b)) for m, a, b in zip(what.models, before, after, strict=True) if a != b}
        still = len(what.models) - len(pairs)
        if not pairs:
            return moves(pairs, ax, title=f"Level-{level}: none of the {still} models moves")
        return moves(pairs, ax, title=f"Level-{level}: ranks before and after, {still} other models do not move")


def ranks(
    summary: Summary,
    ax: Any = None,
    *,
    level: int = 2,
    confidence: float = 0.95,
    top: int | None = None,
    title: str = "",
    together: Iterable[Sequence[str]] = (),
    joint: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Any:
    """Rank interval of each model on the board of a level, the best first.

    The dot is the rank on the board as it is, the bar the interval of each model singly; where the bar runs into the
    right edge ("none"), the model has no rank in part of the sets. The thin line is the interval that holds for all
    models at once. Each line at the right joins models that cannot be told apart. Of ranks counted in bands the bar
    runs from the first rank of a band to the last of one, and the axis says so.

    Parameters
    ----------
    summary : Summary
    ax : Axes, optional
    level : int
    confidence : float
    top : int, optional
        Only the first models; the title says so.
    title : str
    together : groups of models' names
        Of which no two can be told apart.
    joint : (best, worst), int64 (n_models,) each, optional
        Ranks that hold for all models at once.

    Raises
    ------
    GLevelError
        Nobody is on the board.
    """
    k = LEVELS.index(level)
    rank = summary.base_ranks[k].astype(int)
    best, worst = (np.asarray(end)[:, k] for end in summary.rank_interval(confidence))
    order = np.flatnonzero(rank)
    order = order[np.argsort(rank[order], kind="stable")]
    shown = order[:top]
    if not len(shown):
        raise GLevelError(f"no model is on the board of Level-{level}: there is nothing to plot")
    none = len(order) + 1
    left, right = (np.where(end[shown] > 0, end[shown], none) for end in (best, worst))
    place = {summary.models[i]: row for row, i in enumerate(shown.tolist())}
    joined = [[place[name] for name in group if name in place] for group in together]
    lines = _columns([(rows[0], rows[-1]) for rows in joined if len(rows) > 1])
    with axes(ax, 8.0, 1.1 + 0.165 * len(shown)) as ax:
        rows = np.arange(len(shown))
        for row in range(0, len(shown), 2):
            ax.axhspan(row - 0.5, row + 0.5, color=INK, alpha=0.035, linewidth=0)
        ax.hlines(rows, left - 0.25, right + 0.25, color=BAR, linewidth=3.5, alpha=0.75)
        last, said = max(int(right.max()), int(rank[shown].max())), "(bar)"
        if summary.bands.wide:
            said = "to the ends of bands (bar)"
        if joint is not None:
            ax.hlines(rows, *(end[shown] for end in joint), color=DOT, linewidth=0.7)
            last, said = max(last, int(joint[1][shown].max())), "singly (bar) and jointly (line)"
        ax.plot(rank[shown], rows, "o", color=DOT, markersize=3.5)
        for column, start, end in lines:
            at = 1.015 + 0.012 * column
            ax.plot(
                [at, at], [start - 0.35, end + 0.35], color=LEVEL_COLOURS[level], linewidth=1.6, clip_on=False,
                transform=ax.get_yaxis_transform(), solid_capstyle="butt",
            )  # fmt: skip
        _label_rows(ax, [summary.models[i] for i in shown.tolist()])
        _whole_ranks(ax, last, none if last == none else None)
        ax.set_xlabel(f"rank on the Level-{level} board: as it is (dot), {100 * confidence:g} % interval {said}")
        some = f"first {len(shown)} of {len(order)} models" if len(shown) < len(order) else ""
        lines_say = "lines join who cannot be told apart" if lines else ""
        ax.set_title(", ".join(filter(None, (title or f"{summary.n} sets", some, lines_say))), loc="left")
    return ax


def moves(pairs: Mapping[str, tuple[int, int]], ax: Any = None, *, title: str = "") -> Any:
    """Ranks before (dot) and after (diamond) of each model, by name; rank 0 is none, at the right edge."""
    names = sorted(pairs, key=lambda name: (pairs[name][0] or 1e9, pairs[name][1] or 1e9))
    last = max((max(pair) for pair in pairs.values()), default=1)
    none = last + 1 if any(0 in pair for pair in pairs.values()) else None
    with axes(ax, 7.0, 1.1 + 0.2 * len(names)) as ax:
        for row, name in enumerate(names):
            old, new = (rank or last + 1 for rank in pairs[name])
            ax.annotate(
                "",
                (new, row),
                (old, row),
                arrowprops={"arrowstyle": "-", "color": BAR, "linewidth": 2.5, "alpha": 0.75},
            )
            ax.plot(old, row, "o", color=DOT, markersize=4.5, label="before" if row == 0 else None)
            ax.plot(new, row, "D", color=MOVED, markersize=4.5, label="after" if row == 0 else None)
        _label_rows(ax, names)
        _whole_ranks(ax, none or last, none)
        ax.set_xlabel("rank")
        ax.set_title(title, loc="left")
        if names:
            ax.legend(fontsize=LABEL, frameon=False, loc="lower left", bbox_to_anchor=(1.0, 0.0))
    return ax


def pivots(summary: Summary, ax: Any = None, *, top: int | None = 20) -> Any:
    """The specialists that decide most: wins that differ from those against the benchmark's own, over all sets.

    Raises
    ------
    GLevelError
        No specialist decides a win.
    """
    found = sorted(summary.pivotal(), key=lambda pivot: -pivot[1])
    shown = found[:top]
    if not shown:
        raise GLevelError("no specialist decides a win: there is nothing to plot")
    with axes(ax, 7.0, 1.0 + 0.19 * len(shown)) as ax:
        wins = [wins for _, wins, _ in shown]
        ax.barh(range(len(shown)), wins, height=0.65, color=BAR)
        for row, value in enumerate(wins):
            ax.text(value, row, f" {value}", va="center", fontsize=LABEL)
        _label_rows(ax, [task for task, _, _ in shown])
        ax.set_xlim(0, max(wins) * 1.1)
        _integers(ax.xaxis)
        ax.set_xlabel(f"wins that the specialist decides, over {summary.n} sets and all models")
        ax.set_title(f"{len(shown)} of {len(found)} pivotal specialists", loc="left")
    return ax


def bump(differences: Sequence[Difference], ax: Any = None, *, top: int | None = None) -> Any:
    """Ranks on two boards, old at the left and new at the right; a line is a model, coloured where it moves.

    Parameters
    ----------
    differences : what `glevel_fast.snapshot.diff` returns
    ax : Axes, optional
    top : int, optional
        Only models among the first on either board; the title says so.

    Raises
    ------
    GLevelError
        No model has a rank on either board.
    """
    ranked = [d for d in differences if d.old_rank or d.new_rank]
    shown = [d for d in ranked if top is None or min(d.old_rank or 10**9, d.new_rank or 10**9) <= top]
    if not shown:
        raise GLevelError("no model has a rank on either board: there is nothing to plot")
    # Models of one rank stand below each other, so that no name lies over another.
    sides = []
    for end in ("old_rank", "new_rank"):
        on = sorted((getattr(d, end), d.model) for d in shown if getattr(d, end))
        sides.append({model: row for row, (_, model) in enumerate(on)})
    old, new = sides
    with axes(ax, 6.5, 0.9 + 0.17 * max(len(old), len(new))) as ax:
        for d in shown:
            name, here, there = short_name(d.model), old.get(d.model), new.get(d.model)
            gained = (d.old_rank or 0) - (d.new_rank or 0) if here is not None and there is not None else 0
            colour = "#2a7f4f" if gained > 0 else MOVED if gained < 0 else "#8a8f98"
            if here is not None and there is not None:
                ax.plot([0, 1], [here, there], color=colour, linewidth=1.8 if gained else 0.9, marker="o", markersize=3)
            for x, row, rank, gone in ((0, here, d.old_rank, there is None), (1, there, d.new_rank, here is None)):
                if row is None:
                    continue
                word = "" if not gone else " (gone)" if x == 0 else " (new)"
                text = f"{name}{word}  {rank}" if x == 0 else f"{rank}  {name}{word}"
                ax.text(x - 0.03 + 0.06 * x, row, text, ha="right" if x == 0 else "left", va="center", fontsize=LABEL)
                if gone:
                    ax.plot(x, row, "o", color=DOT, markersize=3)
        ax.set(xlim=(-0.9, 1.9), ylim=(max(len(old), len(new)) - 0.4, -0.9), xticks=[0, 1], yticks=[])
        ax.set_xticklabels(["old board", "new board"])
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
        if len(shown) < len(ranked):
            ax.set_title(f"{len(shown)} of {len(ranked)} models: those among the first {top}", loc="left")
    return ax


def _columns(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(column, first, last): spans side by side where they meet."""
    ends: list[int] = []
    found = []
    for start, end in spans:
        column = next((c for c, last in enumerate(ends) if last < start), len(ends))
        ends[column : column + 1] = [end]
        found.append((column, start, end))
    return found


def _label_rows(ax: Any, names: Sequence[str]) -> None:
    ax.set_yticks(np.arange(len(names)), [short_name(name) for name in names], fontsize=LABEL)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", alpha=0.2)
    ax.spines["left"].set_visible(False)


def _integers(axis: Any) -> None:
    locator: Any = require("matplotlib.ticker", "plots").MaxNLocator
    axis.set_major_locator(locator(integer=True, min_n_ticks=1))


def _whole_ranks(ax: Any, last: int, none: int | None) -> None:
    """Whole ranks from 1 on; where some model has none, "none" at the right edge."""
    step = max(1, round(last / 12))
    ticks = [1, *range(step, (none or last + 1) - (step > 1), step)] if step > 1 else list(range(1, none or last + 1))
    labels = list(map(str, ticks))
    if none:
        ticks, labels = [*ticks, none], [*labels, "none"]
    ax.set_xticks(ticks, labels)
    ax.set_xlim(0.4, last + 0.6)
