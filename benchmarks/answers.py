"""Predictions and annotations of 100 tasks of 500 texts each, every definition of text in turn.

python answers.py DIR      write them
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from glevel_fast.evaluation.catalogue import definitions
from glevel_fast.io import write

TASKS, SAMPLES = 100, 500
WORDS = [f"word{i}" for i in range(400)]
TEXTS = [one for one in definitions() if one.kind.says.startswith("text")]


def write_answers(folder: Path) -> None:
    """`annotations`, `predictions`, `tasks.csv` and `benchmark.csv`; answers of 5 to 60 words, most of them right."""
    rng = random.Random(5)
    tasks: dict[str, list[str]] = {name: [] for name in ("task", "folder", "metric", "definition", "unit")}
    for t in range(TASKS):
        one = TEXTS[t % len(TEXTS)]
        gold = [" ".join(rng.choices(WORDS, k=rng.randint(5, 60))) for _ in range(SAMPLES)]
        ours = [" ".join(word if rng.random() < 0.8 else "other" for word in text.split()) for text in gold]
        for place, name, key, texts in (
            ("annotations", "annotation", "output", gold),
            ("predictions", "prediction", "prediction", ours),
        ):
            path = folder / place / f"t{t}" / f"{name}.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"data": [{"id": i, key: text} for i, text in enumerate(texts)]}))
        unit = "fraction" if one.metrics == ("WER",) else "percent"
        for column, cell in zip(tasks.values(), (f"T{t}", f"t{t}", one.metrics[0], one.id, unit), strict=True):
            column.append(cell)
    write.csv(tasks, folder / "tasks.csv")
    sota = [0.5 if unit == "fraction" else 50.0 for unit in tasks["unit"]]
    write.csv(
        {"task": tasks["task"], "modality": ["language"] * TASKS, "paradigm": [""] * TASKS, "metric": tasks["metric"]}
        | {"sota": sota},
        folder / "benchmark.csv",
    )


if __name__ == "__main__":
    write_answers(Path(sys.argv[1]))
