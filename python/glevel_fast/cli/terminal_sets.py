"""Tables of `glevel ablate`, `what-if` and `stability` (extra `cli`)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.cli.terminal import model_name, print_columns, print_rest, print_widest, shown_points, terminal_width
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.text import points_text
from glevel_fast.uncertainty.limits import COVERAGE
from glevel_fast.uncertainty.summary import LEVEL_NAMES, Summary

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores
    from glevel_fast.uncertainty.ablation import Ablation
    from glevel_fast.uncertainty.bootstrap import Bootstrap
    from glevel_fast.uncertainty.what_if import WhatIf

SHOWN_PIVOTS = 10


def print_ablation(ablation: Ablation, level: int, confidence: float, top: int | None = None) -> None:
    """One row per model, then the tasks whose specialists decide most."""
    summary = ablation.summary
    title = f"Level-{level} board under {ablation.done} specialist sets: {ablation.sets.what}"
    _print_summary(title, summary, level, confidence, _bounds(ablation.prepared.scores, level), top)
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


def print_stability(boot: Bootstrap, level: int, confidence: float, top: int | None = None) -> None:
    """One row per model of a board, who cannot be told apart, and what all of it means."""
    k, width, order = LEVELS.index(level), min(terminal_width(), 116), boot.order(level)
    title = f"Level-{level} board over {boot.done} resamples by {boot.unit}, seed {boot.seed}"
    if not order:
        print(f"{title}: no model is on it.")
    else:
        _print_board(boot, level, k, confidence, title, order[:top])
        print_rest(len(order) - len(order[:top]))
        if boot.ranks_pairs:
            _print_groups(boot, level, confidence, width)
    for start, text in (("Covers ", boot.covers), ("Does not cover ", boot.leaves_out)):
        print(textwrap.fill(f"{start}{text}.", width))


def _print_board(boot: Bootstrap, level: int, k: int, confidence: float, title: str, order: list[int]) -> None:
    scores, rank = boot.influence.scores[:, k], boot.prepared.base_ranks[k]
    low, high = boot.intervals(confidence)
    percent, bound = f"{100 * confidence:g} %", _bounds(boot.prepared.scores, level)
    table = {
        "Model": [model_name(boot.models[i]) for i in order],
        f"S{level}": [points_text(scores[i], bound[i]) for i in order],
        f"{percent} interval": [f"{low[i, k]:.2f} - {high[i, k]:.2f}" for i in order],
    }
    covers = {"Covers": boot.coverage[order, k].tolist()}
    ranks = {"Rank": [_level(rank[i]) for i in order]}
    single, joint = {}, {}
    if boot.summary.has_ranks:
        best, worst = boot.summary.rank_interval(confidence)
        single = {_ranks("Singly", boot.summary): [f"{_level(best[i, k])} - {_level(worst[i, k])}" for i in order]}
    if boot.ranks_pairs:
        best, worst = boot.joint_ranks(level, confidence)
        joint = {"Jointly": [f"{best[i]} - {worst[i]}" for i in order]}
    chances = boot.chances(confidence)
    chance = {}
    if not np.isnan(chances).any():
        chance = {
            f"Level-{n}+": [f"{chances[i, j, 0]:.2f} - {chances[i, j, 1]:.2f}" for i in order]
            for j, n in enumerate(LEVELS[1:])
        }
    print_widest(
        title,
        [
            table | covers | ranks | single | joint | chance,
            table | covers | ranks | single | joint,
            table | covers | ranks | (joint or single),
            table | ranks | (joint or single),
        ],
    )
    kinds = dict.fromkeys(boot.coverage[order, k].tolist())
    said = [
        "Interval: of the score over boards of other tasks. "
        + "; ".join(f"{kind}: {COVERAGE[kind]}" for kind in kinds),
        "Ranks: singly, each model's alone; jointly, all of them hold at once, among the models on this board",
    ][: 1 + bool(joint)]
    if single and not joint:
        said.append("Ranks: of each model singly")
    if chance:
        said.append("Level-3+, 4+, 5+: limits of the chance of such a level on a board of as many fresh tasks")
    print()
    for text in said:
        print(textwrap.fill(f"{text}.", min(terminal_width(), 116), subsequent_indent="  "))


def _print_groups(boot: Bootstrap, level: int, confidence: float, width: int) -> None:
    told = np.triu(boot.compare(level).apart(confidence))
    n = len(told)
    print()
    together = [group for group in boot.groups(level, confidence) if len(group) > 1]
    counted = f"{np.count_nonzero(told)} of {n * (n - 1) // 2} pairs can be told apart at {100 * confidence:g} %"
    print(
        textwrap.fill(
            f"{counted}, two-sided and corrected for all of them (Holm)"
            + (". Models next to each other of which no two can:" if together else "."),
            width,
        )
    )
    for group in together:
        names = ", ".join(model_name(model) for model in group)
        print(textwrap.fill(names, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False))


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


def _bounds(scores: Scores, level: int) -> list[bool]:
    """Whose overall score of a level is a lower bound; language counts in Level-5 alone."""
    bounds = scores.lower_bound
    return [bool(bound) for bound in (bounds[:, -1] | bounds[:, -2] if level == 5 else bounds[:, -1])]


def _print_summary(
    title: str, summary: Summary, level: int, confidence: float, bound: list[bool], top: int | None
) -> None:
    k = LEVELS.index(level)
    rank, mean = summary.base_ranks[k], summary.mean
    low, high = summary.interval(confidence)
    order = np.lexsort((-mean[:, k], np.where(rank > 0, rank, len(rank) + 1)))
    shown = [int(i) for i in order if rank[i] or summary.most[i, k] > 0]
    if not shown:
        print(f"{title}: no model is on it.")
        return
    more, shown = len(shown) - len(shown[:top]), shown[:top]
    share = summary.level_share
    table = {
        "Model": [model_name(summary.models[i]) for i in shown],
        f"S{level}": [points_text(summary.base[i, k], bound[i]) for i in shown],
    }
    table |= {"Mean": [shown_points(mean[i, k]) for i in shown]}
    table |= {f"{100 * confidence:g} % of sets": [f"{low[i, k]:.2f} - {high[i, k]:.2f}" for i in shown]}
    ranks = {
        "Rank": [_level(rank[i]) for i in shown],
    }
    if summary.has_ranks:
        best, worst = summary.rank_interval(confidence)
        ranks[_ranks("Ranks", summary)] = [f"{_level(best[i, k])} - {_level(worst[i, k])}" for i in shown]
    levels = {
        ("No level" if name == "none" else f"Level-{name}") + " in": [f"{100 * share[i, j]:.1f} %" for i in shown]
        for j, name in enumerate(LEVEL_NAMES)
    }
    print_columns(title, table | ranks | levels, keep=(*table, *ranks))
    print_rest(more)


def _ranks(name: str, summary: Summary) -> str:
    return f"{name} (bands)" if summary.bands.wide else name


def _level(value: float) -> str:
    return str(int(value)) if value else "-"
