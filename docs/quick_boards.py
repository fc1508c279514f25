"""Writes quick-boards.md and its plots: from the bundled published results, and from a real board of another field.

The second is `neighbours/mteb_board.parquet`, which is not bundled: where it is absent, what the page says of it stays
as it is. tests/test_docs_quick_boards.py runs this and compares.
"""

# ruff: noqa: E501 (prose)

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import glevel_fast as gl
from glevel_fast.io.parquet import read_parquet
from glevel_fast.report.figure import save
from glevel_fast.report.subset_plots import fidelity

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("GLEVEL_SHARED") or HERE.parents[1] / "shared")
BOARD = SHARED / "neighbours" / "mteb_board.parquet"
PAGE = "quick-boards.md"
REAL = "## On a real board of 121 models and 295 tasks"
SIZES, REAL_SIZES = (15, 20, 30, 45, 60, 90, 120), (10, 20, 30, 50, 80, 120, 200)


def main(folder: Path = HERE) -> None:
    published = _published(folder)
    before = (HERE / PAGE).read_text(encoding="utf-8").partition(REAL)[2] if not BOARD.is_file() else ""
    real = REAL + before if before else _real(folder)
    (folder / PAGE).write_text(published + real, encoding="utf-8", newline="\n")


def _published(folder: Path) -> str:
    scorer, results = gl.Scorer(gl.published.benchmark()), gl.published.results()
    found = [scorer.subset(results, size) for size in SIZES]
    title = f"The paper's published results: {scorer.benchmark.n_tasks} tasks"
    save(fidelity(found, title=title)[0], folder / "quick-boards.svg")
    thirty = found[SIZES.index(30)]
    return f"""# Quick boards

A model takes hours on all tasks of a benchmark; a quick board has a few of them. How few are enough, which ones, and what can
such a board not tell? `glevel subset` answers for your own results, and this page, which `docs/quick_boards.py` writes, for two boards.

`glevel subset --size 30 -o quick.csv` chooses thirty tasks, and `glevel board --scope A.quick --tasks quick.csv` ranks by them.

## What is done

- Tasks are drawn at random in each group (image comprehension, ..., language), as many of each as its share of the benchmark, or
  as `--share` asks, and at least one; 500 times. `--budget COST --cost FILE` holds what they cost together instead of their number.
- The draw is taken that orders the models most like the full board, by the mean of Kendall's tau-b (ties count) of S2 and of S3.
- **That number flatters.** The draw was the best of 500 on these very models. So the models are dealt into five parts, four times; each
  part is held out once, a draw is chosen with the others, and judged on the part it has not seen. `--holdout COLUMN --about FILE` holds
  out all models of one family, or one year, at a time.
- Beside it stands the mean of all draws on the same models: what random tasks would have done.

From Python it is `scorer.subset(results, 30)`; the file is a benchmark of its own, which `--tasks`, the registry and `load_benchmark` read.

## On the paper's published results

{scorer.benchmark.n_tasks} tasks and {thirty.n_models} models with a score.

{_table(found)}

![Fidelity by size, published results](quick-boards.svg)

{_told(found, 30)} A part is a fifth of the models, whose tau
alone may be off by a tenth: read the columns along the sizes, not one figure.

"""


def _real(folder: Path) -> str:
    table = read_parquet(BOARD)
    tasks = [name for name in table.columns if name != "model"]
    raw = 100.0 * np.stack([np.asarray(table.columns[task], dtype=np.float64) for task in tasks], axis=1)
    raw = np.where(raw > 0, raw, np.nan)  # a correlation below chance
    columns = {"task": tasks, "modality": ["language"] * len(tasks), "paradigm": [""] * len(tasks)}
    sota = np.nanquantile(raw, 0.75, axis=0).tolist()
    bench = gl.load_benchmark(columns | {"metric": ["Percent"] * len(tasks), "sota": sota})
    scorer = gl.Scorer(bench)
    found = [scorer.subset(raw, size) for size in REAL_SIZES]
    save(fidelity(found, title="Text embeddings (MTEB): 295 tasks")[0], folder / "quick-boards-mteb.svg")
    return f"""{REAL}

The public results of text embedding models (MTEB, CC0; mean main score of the test split). It is a board of language alone, so the
two scores are the mean over all tasks and S_L, the mean over won ones; it has no specialists, and the best quarter of the models stands
in: a task is won with a score among them. One group, so nothing but chance decides which tasks are drawn.

{_table(found)}

![Fidelity by size, text embeddings](quick-boards-mteb.svg)

{_told(found, 30)}

## What such a board can tell, and what not

- It can tell about where a new model stands, if that model is like those the tasks were chosen with.
- It cannot tell neighbours apart: see the largest move. Publish it beside the full board, not in its place.
- It says nothing of the tasks that it leaves out; a level reached on it may rest on a single task.
"""


def _table(found: Sequence[gl.Subset]) -> str:
    first, second = found[0].scores
    lines = [
        f"| tasks | {first}: held out | random | its own models | {second}: held out | random | its own models | same level % | largest move |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in found:
        taus = [f"{of.tau[k]:.2f}" for k in range(2) for of in (one.held_out, one.random, one.seen)]
        lines.append(
            f"| {len(one.tasks)} | {' | '.join(taus)} | {100 * one.held_out.levels:.0f} | {one.held_out.largest_move:.0f} |"
        )
    return "\n".join(lines)


def _told(found: Sequence[gl.Subset], size: int) -> str:
    one = next(subset for subset in found if len(subset.tasks) == size)
    flatters = [a - b for a, b in zip(one.seen.tau, one.held_out.tau, strict=True)]
    gain = [a - b for a, b in zip(one.held_out.tau, one.random.tau, strict=True)]
    named = list(zip(one.scores, flatters, gain, strict=True))
    return (
        f"At {size} tasks, judging the choice by its own models adds "
        + " and ".join(f"{more:+.2f} to the tau of {score}" for score, more, _ in named)
        + "; on models that it has not seen, choosing gains "
        + " and ".join(f"{more:+.2f} on {score}" for score, _, more in named)
        + f" over random tasks.\n\n> {one.sentence}"
    )


if __name__ == "__main__":
    main()
