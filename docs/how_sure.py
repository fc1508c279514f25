"""Writes how-sure-is-this-board.md and its plot from the bundled published results: `make docs`.

Every number on the page comes from here; tests/test_docs_how_sure.py runs it and compares.
"""

# ruff: noqa: E501 (prose)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import glevel_fast as gl
from glevel_fast.report.figure import save
from glevel_fast.uncertainty.limits import COVERAGE as CLASSES

if TYPE_CHECKING:
    from glevel_fast.uncertainty.bootstrap import Bootstrap

HERE = Path(__file__).parent
COVERAGE = HERE.parent / "benchmarks" / "COVERAGE.md"
BOARD = "General-Bench (702 tasks)"
N, SEED, CONFIDENCE = 10_000, 0, 0.95


def main(folder: Path = HERE) -> None:
    benchmark, results = gl.published.benchmark(), gl.published.results()
    scorer = gl.Scorer(benchmark)
    scores = scorer.score(results)
    boot = scorer.bootstrap(results, N, "task", SEED)
    save(boot.plot.ranks(level=3, confidence=CONFIDENCE), folder / "how-sure-is-this-board.svg")
    (folder / "how-sure-is-this-board.md").write_text(page(scores, boot), encoding="utf-8")


def page(scores: gl.Scores, boot: Bootstrap) -> str:
    n_tasks = scores.benchmark.n_tasks
    without = gl.SpecialistSets.leave_one_out(scores.benchmark)
    pivots = boot.prepared.scorer.ablate(boot.prepared, without).summary.pivotal()
    fragile = scores.fragility()
    lines = [
        "# How sure is this board?",
        "",
        "This page is written by `docs/how_sure.py` from the paper's published results, which come with the package. Its",
        f"tasks are the {n_tasks} of the appendix. What the data lack:",
        "",
        *(f"- {name(note)}" for note in scores.notes),
        "",
        "## What is asked, and what is not",
        "",
        "The board is asked what it would be with other tasks drawn from the same groups (image comprehension, video",
        "generation, ...), the same ones for all models, so what a draw has in common does not blur a comparison of two.",
        "",
        f"- Covered: {boot.covers}.",
        f"- **Not covered**: {boot.leaves_out}. That needs results per item, which the tables do not hold.",
        "",
        "| said | means |",
        "|---|---|",
        "| interval of a score | of the score over boards of other tasks; from the spread of the tasks, longer upwards |",
        "| its class | how far it covers, as measured: see below |",
        f"| ranks, singly | of one model, over {N:,} resamples of the tasks |",
        "| ranks, jointly | hold for all models of the board at once |",
        "| told apart | two-sided, corrected for all pairs of the board (Holm) |",
        "| limits of chances | of a level or more on a board of as many fresh tasks, from the number of wins |",
        "| shares | of the resamples; no chance, as they hold no wins that never happened |",
        "",
        f"Seed {SEED} gives these numbers on every machine:",
        "",
        "```python",
        "import glevel_fast as gl",
        "",
        "scorer = gl.Scorer(gl.published.benchmark())",
        f'boot = scorer.bootstrap(gl.published.results(), n={N:_}, unit="task", seed={SEED})',
        "boot.intervals(0.95)  # of S2 to S5; boot.coverage says how far each covers",
        "boot.summary.rank_interval(0.95)  # best and worst rank of each model, singly",
        "boot.joint_ranks(level=3)  # and of all at once",
        "boot.compare(level=3).apart(0.95)  # which pairs can be told apart",
        "boot.chances(0.95)  # limits of the chances of levels",
        "```",
        "",
        "The same from a shell: `glevel stability --level 3 --plot ranks.svg`.",
        "",
    ]
    for level in (2, 3):
        lines += board(boot, level)
    lines += [
        "![Rank intervals on the Level-3 board](how-sure-is-this-board.svg)",
        "",
        "The dot is a model's rank on the published data, the bar its 95 % interval singly, the line the one that holds for all models at",
        "once; a bar that reaches the right edge includes draws in which the model has no rank: it then wins nothing.",
        "",
        "## What the levels hang on",
        "",
        *levels(scores, boot, fragile),
        "",
        *held(),
        "## Which specialists decide the board",
        "",
        f"Leaving out one specialist at a time (`glevel ablate --leave-one-out`): {len(pivots)} of {n_tasks} decide any win. Those",
        "whose absence moves most ranks:",
        "",
        "| task | wins it decides | models whose rank moves |",
        "|---|---:|---:|",
        *(f"| {task} | {wins} | {moved} |" for task, wins, moved in pivots[:5]),
        "",
    ]
    return "\n".join(lines)


def board(boot: Bootstrap, level: int) -> list[str]:
    comparison, order = boot.compare(level), boot.order(level)
    n, told = len(order), np.triu(comparison.apart(CONFIDENCE))
    single, joint = boot.summary.rank_interval(CONFIDENCE), boot.joint_ranks(level, CONFIDENCE)
    best, worst = (end[order, level - 2] for end in single)
    unsure = np.count_nonzero(worst == 0)
    spans = [int(w - b + 1) for b, w in zip(best, worst, strict=True) if w]
    jointly = [int(w - b + 1) for b, w in zip(*(end[order] for end in joint), strict=True)]
    together = [group for group in comparison.groups(CONFIDENCE) if len(group) > 1]
    lines = [
        f"## The Level-{level} board",
        "",
        f"Of {n * (n - 1) // 2} pairs, {np.count_nonzero(told)} can be told apart at {100 * CONFIDENCE:g} %. A rank interval spans "
        f"{np.median(spans):.0f} ranks singly and {np.median(jointly):.0f} jointly in the middle of the field, of {n}"
        + (f"; singly, those of {unsure} models end beyond the last rank: without a score." if unsure else "."),
        "",
    ]
    lines += ["Groups in which no two models can be told apart (they overlap):", ""]
    return [*lines, *(f"{i}. {', '.join(map(name, group))}" for i, group in enumerate(together, 1)), ""]


def levels(scores: gl.Scores, boot: Bootstrap, fragile: gl.Fragility) -> list[str]:
    chances, lines = boot.chances(CONFIDENCE), []
    top = int(scores.level.max())
    reached = np.flatnonzero(scores.level == top)
    lines.append(f"The highest level reached on these data is Level-{top}, by {len(reached)} models.")
    if top >= 3:
        limits = chances[:, top - 3]
        shaky = [i for i in reached if limits[i, 0] < CONFIDENCE]
        names = ", ".join(f"{name(scores.models[i])} ({limits[i, 0]:.2f} to {limits[i, 1]:.2f})" for i in shaky)
        lines.append(
            f"A fresh board may well not have it for {len(shaky)} of them (limits of the chance in brackets): {names}."
        )
        none = np.flatnonzero(scores.level < 3)
    if top >= 3 and len(none):
        lines.append(
            f"Of the {len(none)} models without a win, a fresh board gives Level-3 with a chance of {limits[none, 0].min():.2f} to "
            f"{limits[none, 1].max():.2f}: nothing is known of it."
        )
    thin = list(np.flatnonzero(fragile.lost_wins == 1))
    if thin:
        names = ", ".join(f"{name(fragile.models[i])} ({100 * fragile.relative[i]:.1f} %)" for i in thin)
        lines.append(
            f"A single win holds the level of {len(thin)} models (in brackets, by how much all specialists would have to "
            f"improve to take it): {names}."
        )
    return lines


def held() -> list[str]:
    """What the simulation measured on boards like this one."""
    sections = COVERAGE.read_text(encoding="utf-8").split("\n## ")

    def rows(title: str) -> dict[str, list[str]]:
        (text,) = (section for section in sections if section.startswith(title))
        cells = ([cell.strip() for cell in line.split("|")] for line in text.splitlines() if f"| {BOARD} |" in line)
        return {row[2]: row for row in cells}

    pairs, ranks, intervals = map(rows, ("Two models", "Ranks", "Intervals"))
    heads = (
        "score",
        "boards with a false pair",
        "by shares of resamples",
        "joint ranks hold",
        "intervals hold",
        "percentiles hold",
    )
    lines = [
        "## How far this holds",
        "",
        f"`benchmarks/coverage.py` simulates boards whose truth is known; on those of {BOARD}, at 95 %",
        "(all of it: `benchmarks/COVERAGE.md`):",
        "",
        f"| {' | '.join(heads)} |",
        f"|---|{'---:|' * (len(heads) - 1)}",
    ]
    for score in ("S2", "S3", "S4"):
        cells = (pairs[score][6], pairs[score][4], ranks[score][5], intervals[score][4], intervals[score][3])
        lines.append(f"| {score} | {' | '.join(cells)} |")
    lines += ["", "Classes of coverage: " + "; ".join(f"{kind}: {what}" for kind, what in CLASSES.items()) + ".", ""]
    return lines


def name(model: str) -> str:
    return model.replace("_", r"\_").replace("|", r"\|")


if __name__ == "__main__":
    main()
