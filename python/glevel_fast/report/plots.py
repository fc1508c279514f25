"""Plots (extra `plots`); the same numbers give the same file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.write import write

if TYPE_CHECKING:
    from glevel_fast.uncertainty.subsets import Subset
    from glevel_fast.uncertainty.summary import Summary
    from glevel_fast.uncertainty.what_if import WhatIf

__all__ = ["fidelity", "rank_intervals", "rank_moves"]

MOST_MODELS = 60
NAME_WIDTH = 36


def rank_intervals(
    summary: Summary, path: str | os.PathLike[str], level: int = 2, confidence: float = 0.95, title: str = ""
) -> None:
    """Rank interval of each model on the board of a level, the best first, into a .png or .svg.

    The dot is the rank on the board as it is, the bar the central interval; where the bar runs into
    the right edge, the model has no rank in part of the sets. At most 60 models are shown.

    Raises
    ------
    GLevelError
        Another kind of file, or one that cannot be written; nobody is on the board.
    """
    k = LEVELS.index(level)
    rank = summary.base_ranks[k].astype(int)
    best, worst = (end[:, k] for end in summary.rank_interval(confidence))
    shown = np.flatnonzero(rank)
    shown = shown[np.argsort(rank[shown], kind="stable")]
    n, shown = len(shown), shown[:MOST_MODELS]

    def draw(ax: Any) -> None:
        rows, last = np.arange(len(shown)), n + 1
        left = np.where(best[shown] > 0, best[shown], last)
        right = np.where(worst[shown] > 0, worst[shown], last)
        ax.hlines(rows, left, right, color="#4c78a8", linewidth=4, alpha=0.55)
        ax.plot(rank[shown], rows, "o", color="#1f3552", markersize=4)
        _label(ax, [summary.models[i] for i in shown])
        ax.set_xlabel(f"rank on the Level-{level} board: as it is (dot), {100 * confidence:g} % interval (bar)")
        more = f", first {len(shown)} of {n} models" if n > len(shown) else ""
        ax.set_title(f"{title or f'{summary.n} sets'}{more}", fontsize=10)
        ax.set_xlim(0, float(max(right.max(initial=1), rank[shown].max(initial=1)) + 1))

    _save(path, n, level, draw)


def rank_moves(what: WhatIf, path: str | os.PathLike[str]) -> None:
    """Ranks before and after on the board of Level-3, where specialists first count, into a .png or .svg.

    Raises
    ------
    GLevelError
        As `rank_intervals`.
    """
    before, after = what.prepared.base_ranks[1].astype(int), what.ranks[1].astype(int)
    shown = np.flatnonzero((before > 0) | (after > 0))
    shown = shown[np.argsort(np.where(before[shown] > 0, before[shown], len(before) + 1), kind="stable")][:MOST_MODELS]

    def draw(ax: Any) -> None:
        rows, last = np.arange(len(shown)), max(before.max(initial=0), after.max(initial=0)) + 1
        old, new = (np.where(r[shown] > 0, r[shown], last) for r in (before, after))
        ax.hlines(rows, old, new, color="#4c78a8", linewidth=3, alpha=0.55)
        ax.plot(old, rows, "o", color="#1f3552", markersize=4, label="before")
        ax.plot(new, rows, "D", color="#e45756", markersize=4, label="after")
        _label(ax, [what.models[i] for i in shown])
        ax.set_xlabel("rank on the Level-3 board (right edge: none)")
        ax.legend(fontsize=8)

    _save(path, len(shown), 3, draw)


def fidelity(subsets: Sequence[Subset], path: str | os.PathLike[str], title: str = "") -> None:
    """How like the full board quick boards of several sizes are, into a .png or .svg: one panel per score.

    The line is Kendall's tau of the chosen subset on held-out models, the dashes are the mean of random subsets on
    the same models; the dots are the chosen subset on the models that chose it, which flatter.

    Raises
    ------
    GLevelError
        Another kind of file, or one that cannot be written; no subset.
    """
    if not subsets:
        raise GLevelError("no subset: there is nothing to plot")
    ordered = sorted(subsets, key=lambda one: len(one.tasks))
    sizes = [len(one.tasks) for one in ordered]

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 2, sharey=True)
        for k, (ax, score) in enumerate(zip(axes, ordered[0].scores, strict=True)):
            ax.plot(
                sizes, [one.seen.tau[k] for one in ordered], ":", color="#e45756", label="chosen, on its own models"
            )
            ax.plot(sizes, [one.held_out.tau[k] for one in ordered], "o-", color="#1f3552", label="chosen, held out")
            ax.plot(sizes, [one.random.tau[k] for one in ordered], "--", color="#4c78a8", label="random, held out")
            ax.set_title(score, fontsize=10)
            ax.set_xlabel("tasks")
            ax.grid(alpha=0.3)
            for side in ("top", "right"):
                ax.spines[side].set_visible(False)
        axes[0].set_ylabel("Kendall's tau with the full board")
        axes[1].legend(fontsize=8, loc="lower right")
        figure.suptitle(title or f"{ordered[0].benchmark.n_tasks} tasks, {ordered[0].n_models} models", fontsize=10)

    _write(path, (8, 3.4), draw)


def _label(ax: Any, names: list[str]) -> None:
    def clean(name: str) -> str:
        text = "".join(c if c.isprintable() else "�" for c in name).replace("$", r"\$")
        return text if len(text) <= NAME_WIDTH else text[: NAME_WIDTH - 1] + "…"

    ax.set_yticks(np.arange(len(names)), [clean(name) for name in names], fontsize=8)
    ax.invert_yaxis()
    ax.grid(axis="x", alpha=0.3)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _save(path: str | os.PathLike[str], n_rows: int, level: int, draw: Any) -> None:
    _kind(path)
    if n_rows == 0:
        raise GLevelError(f"no model is on the board of Level-{level}: there is nothing to plot")
    _write(path, (8, 1.4 + 0.22 * min(n_rows, MOST_MODELS)), lambda figure: draw(figure.subplots()))


def _kind(path: str | os.PathLike[str]) -> str:
    kind = os.path.splitext(os.fspath(path))[1].lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise GLevelError(f"{path}: a plot is written as .png or .svg")
    return kind


def _write(path: str | os.PathLike[str], size: tuple[float, float], draw: Any) -> None:
    kind = _kind(path)
    figures: Any = require("matplotlib.figure", "plots")
    matplotlib: Any = require("matplotlib", "plots")
    settings = {"svg.hashsalt": "glevel", "svg.fonttype": "path", "font.family": "DejaVu Sans"}
    with matplotlib.rc_context(settings):
        figure = figures.Figure(figsize=size, layout="constrained")
        draw(figure)
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        write(path, lambda file: figure.savefig(file, format=kind, dpi=120, metadata=metadata))
