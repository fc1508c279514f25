"""Tables of `glevel ablate`, `what-if` and `stability` (extra `cli`)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.cli.terminal import model_name, print_widest, shown_points, terminal_width
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.uncertainty.summary import LEVEL_NAMES, Summary

if TYPE_CHECKING:
    from glevel_fast.uncertainty.ablation import Ablation
    from glevel_fast.uncertainty.bootstrap import Bootstrap
    from glevel_fast.uncertainty.what_if import WhatIf

SHOWN_PIVOTS = 10


def print_ablation(ablation: Ablation, level: int, confidence: float) -> None:
    """One row per model, then the tasks whose specialists decide most."""
    summary = ablation.summary
    title = f"Level-{level} board under {ablation.done} specialist sets: {ablation.sets.what}"
    _print_summary(title, summary, level, confidence)
    if ablation.sets.dropped is None and not ablation.sets.subsets:
        said = "Specialists cannot move Level-2: S2 counts every task, won or not."
        print("\n" + textwrap.fill(said + (" See --level 3 to 5." if level == 2 else ""), min(terminal_width(), 116)))
    pivots = summary.pivotal()
    if pivots:
        print()
        shown = pivots[:SHOWN_PIVOTS]
        table = {
            "Task": [model_name(task) for task, _, _ in shown],
            "Wins decided": [str(wins) for _, wins, _ in shown],
            "Ranks moved": [str(ranks) for _, _, ranks in shown],
        }
        more = f", the first {len(shown)} of {len(pivots)}" if len(pivots) > len(shown) else ""
        print_widest(f"Pivotal specialists{more} (ranks are counted where a set changes one task alone)", [table])


def print_stability(boot: Bootstrap, level: int, confidence: float) -> None:
    """One row per model, then who cannot be told apart."""
    title = f"Level-{level} board over {boot.done} resamples by {boot.unit}, seed {boot.seed}"
    _print_summary(title, boot.summary, level, confidence)
    print()
    width = min(terminal_width(), 116)
    together = [group for group in boot.groups(level, confidence) if len(group) > 1]
    print(f"Cannot be told apart at {100 * confidence:g} %:" if together else "All models can be told apart.")
    for group in together:
        names = ", ".join(model_name(model) for model in group)
        print(textwrap.fill(names, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False))
    for start, text in (("Covers ", boot.covers), ("Does not cover ", boot.leaves_out)):
        print(textwrap.fill(f"{start}{text}.", width))


def print_what_if(what: WhatIf) -> None:
    """One row per model that changes."""
    columns = what.columns()
    shown = {task: "none" if value != value else f"{value:g}" for task, value in what.changes.items()}
    names = [f"{model_name(task)} = {value}" for task, value in shown.items()]
    rows = range(len(columns["model"]))

    def moved(before: str, after: str) -> list[str]:
        old, new = columns[before], columns[after]
        return [_level(old[i]) if old[i] == new[i] else f"{_level(old[i])} → {_level(new[i])}" for i in rows]

    table = {"Model": [model_name(model) for model in columns["model"]], "Level": moved("level", "level_after")}
    wins = {
        "Gains": [model_name(text) for text in columns["gains"]],
        "Loses": [model_name(text) for text in columns["loses"]],
    }
    scores = {f"ΔS{k}": [f"{columns[f'level{k}_delta'][i]:+.4f}" for i in rows] for k in LEVELS[1:]}
    ranks = {f"Rank {k}": moved(f"level{k}_rank", f"level{k}_rank_after") for k in LEVELS[1:]}
    if not rows:
        print(f"What if {', '.join(names)}: nothing changes.")
        return
    same = len(what.models) - len(rows)
    title = f"What if {', '.join(names)} ({len(rows)} models change, {same} do not)"
    print_widest(title, [table | wins | scores | ranks, table | scores | ranks, table | scores])


def _print_summary(title: str, summary: Summary, level: int, confidence: float) -> None:
    k = LEVELS.index(level)
    rank, mean = summary.base_ranks[k], summary.mean
    low, high = summary.interval(confidence)
    best, worst = summary.rank_interval(confidence)
    order = np.lexsort((-mean[:, k], np.where(rank > 0, rank, len(rank) + 1)))
    shown = [int(i) for i in order if rank[i] or summary.most[i, k] > 0]
    if not shown:
        print(f"{title}: no model is on it.")
        return
    chance = summary.level_probability
    table = {
        "Model": [model_name(summary.models[i]) for i in shown],
        f"S{level}": [shown_points(summary.base[i, k]) for i in shown],
    }
    table |= {"Mean": [shown_points(mean[i, k]) for i in shown]}
    table |= {f"{100 * confidence:g} % interval": [f"{low[i, k]:.2f} - {high[i, k]:.2f}" for i in shown]}
    ranks = {
        "Rank": [_level(rank[i]) for i in shown],
        "Ranks": [f"{_level(best[i, k])} - {_level(worst[i, k])}" for i in shown],
    }
    levels = {
        f"P({'no level' if name == 'none' else f'Level-{name}'})": [f"{chance[i, j]:.3f}" for i in shown]
        for j, name in enumerate(LEVEL_NAMES)
    }
    print_widest(title, [table | ranks | levels, table | ranks, {**table, **ranks}])


def _level(value: float) -> str:
    return str(int(value)) if value else "-"
