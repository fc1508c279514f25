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

if TYPE_CHECKING:
    from glevel_fast.uncertainty.bootstrap import Bootstrap

HERE = Path(__file__).parent
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
        f"In each group (image comprehension, video generation, ...) the tasks are drawn anew, with replacement, {N:,} times;",
        "every model is scored on the same draw, so what a draw has in common does not blur a comparison of two models.",
        "",
        f"- Covered: {boot.covers}.",
        f"- **Not covered**: {boot.leaves_out}. That needs results per item, which the tables do not hold.",
        "",
        f"Seed {SEED} gives these numbers on every machine:",
        "",
        "```python",
        "import glevel_fast as gl",
        "",
        "scorer = gl.Scorer(gl.published.benchmark())",
        f'boot = scorer.bootstrap(gl.published.results(), n={N:_}, unit="task", seed={SEED})',
        "boot.summary.rank_interval(0.95)  # best and worst rank of each model on each board",
        'boot.above("GPT4-o", "GPT4-V", level=3)  # P(A above B)',
        "boot.groups(level=3, confidence=0.95)  # who cannot be told apart",
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
        "The dot is a model's rank on the published data, the bar its 95 % interval; a bar that reaches the right edge includes draws in",
        "which the model has no rank: it then wins nothing.",
        "",
        "## What the levels hang on",
        "",
        *levels(scores, boot, fragile),
        "",
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
    pairs = boot.neighbours(level)
    apart = [pair for pair in pairs if pair[2] >= CONFIDENCE]
    best, worst = (end[:, level - 2] for end in boot.summary.rank_interval(CONFIDENCE))
    order = boot.order(level)
    width = [worst[i] - best[i] + 1 if worst[i] else None for i in order]
    known = [w for w in width if w is not None]
    unsure = len(width) - len(known)
    together = [group for group in boot.groups(level, CONFIDENCE) if len(group) > 1]
    lines = [
        f"## The Level-{level} board",
        "",
        f"Of {len(pairs)} pairs of neighbours, {len(pairs) - len(apart)} cannot be told apart at {100 * CONFIDENCE:g} %; a rank interval "
        f"spans {np.median(known):.0f} ranks in the middle of the field"
        + (
            f". The intervals of {unsure} of the {len(order)} ranked models end beyond the last rank: without a score."
            if unsure
            else "."
        ),
        "",
    ]
    if apart:
        lines += [
            "Neighbours that can be told apart: "
            + "; ".join(f"{name(a)} above {name(b)} ({probability:.3f})" for a, b, probability in apart)
            + ".",
            "",
        ]
    lines += ["Groups in which no two models can be told apart (they overlap):", ""]
    return [*lines, *(f"{i}. {', '.join(map(name, group))}" for i, group in enumerate(together, 1)), ""]


def levels(scores: gl.Scores, boot: Bootstrap, fragile: gl.Fragility) -> list[str]:
    chance = boot.summary.level_probability
    lines = []
    top = int(scores.level.max())
    lines.append(
        f"The highest level reached on these data is Level-{top}, by {np.count_nonzero(scores.level == top)} models."
    )
    shaky = [i for i in np.flatnonzero(scores.level >= 3) if chance[i, scores.level[i] - 1] < CONFIDENCE]
    if shaky:
        names = ", ".join(f"{name(scores.models[i])} ({chance[i, scores.level[i] - 1]:.2f})" for i in shaky)
        lines.append(f"Levels kept in fewer than {100 * CONFIDENCE:g} % of the draws (share in brackets): {names}.")
    thin = list(np.flatnonzero(fragile.lost_wins == 1))
    if thin:
        names = ", ".join(f"{name(fragile.models[i])} ({100 * fragile.relative[i]:.1f} %)" for i in thin)
        lines.append(
            f"A single win holds the level of {len(thin)} models (in brackets, by how much all specialists would have to "
            f"improve to take it): {names}."
        )
    return lines


def name(model: str) -> str:
    return model.replace("_", r"\_").replace("|", r"\|")


if __name__ == "__main__":
    main()
