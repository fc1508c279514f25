"""What it costs to read results, by layout: `python benchmarks/layouts.py` writes benchmarks/LAYOUTS.md and puts its
table into docs/more-than-one-machine.md.

CPU seconds on one thread, best of several in turns: reading into the engine's order of tasks, and a whole
`score_folder`, which reads, scores and writes the scores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import targets
import workload

import glevel_fast as gl
from glevel_fast.loading.convert import convert
from glevel_fast.loading.folder import blocks, spans
from glevel_fast.loading.intake import Reading

HERE = Path(__file__).parent
WRITTEN = HERE / "LAYOUTS.md"
DOCS = HERE.parent / "docs" / "more-than-one-machine.md"
MODELS = 20_000
TURNS = 3
LAYOUTS = {
    "Parquet, a column per task, as pandas writes it": ("pandas.parquet", None),
    "Parquet, a column per task": ("columns.parquet", "columns"),
    "Parquet, one column of lists": ("list.parquet", "list"),
    "Arrow, a column per task": ("columns.arrow", "columns"),
    "Arrow, one column of lists": ("list.arrow", "list"),
}


def write_files(folder: Path, bench: gl.Benchmark, n: int) -> None:
    """The same results, to three decimals, in every layout."""
    import pandas as pd

    raw = np.concatenate([workload.raw(bench, min(5000, n), seed=seed) for seed in range(-(-n // 5000))])[:n].round(3)
    models = [f"model-{i:07}" for i in range(n)]
    results = gl.Results.from_array(models, raw, bench)
    for name, layout in LAYOUTS.values():
        if layout is None:
            pd.DataFrame(raw, columns=list(bench.tasks)).assign(model=models).to_parquet(folder / name, index=False)
        else:
            convert([results], bench, str(folder / name), Reading(), layout)


def read(path: Path, bench: gl.Benchmark) -> float:
    """CPU seconds of reading a file into the engine's order."""
    started = time.process_time()
    n = sum(len(block.models) for span in spans(str(path)) for block in blocks(span, bench, Reading(), 1))
    seconds = time.process_time() - started
    assert n > 0
    return seconds


def score(path: Path, scorer: gl.Scorer) -> float:
    """CPU seconds of reading, scoring and writing."""
    with tempfile.TemporaryDirectory() as to:
        started = time.process_time()
        scorer.score_folder(path, to, threads=1)
        return time.process_time() - started


def measured(folder: Path, n: int, turns: int) -> list[tuple[str, float, float, float]]:
    """Layout, MB, and seconds for a million models of reading and of all."""
    bench = workload.benchmark()
    scorer = gl.Scorer(bench)
    write_files(folder, bench, n)
    paths = {layout: folder / name for layout, (name, _) in LAYOUTS.items()}
    best = {layout: [float("inf"), float("inf")] for layout in paths}
    for _ in range(turns):
        for layout, path in paths.items():
            best[layout] = [min(best[layout][0], read(path, bench)), min(best[layout][1], score(path, scorer))]
    return [
        (layout, path.stat().st_size / 1e6, *(seconds * 1e6 / n for seconds in best[layout]))
        for layout, path in paths.items()
    ]


def page(rows: list[tuple[str, float, float, float]], n: int, n_tasks: int) -> str:
    _, _, slowest, longest = rows[0]
    lines = [
        "# Layouts of results\n",
        "Written by `python benchmarks/layouts.py`: CPU seconds on one thread for a million models, from",
        f"{n:,} models x {n_tasks} tasks to three decimals, 30 % of the values missing. Whole: `score_folder`, which",
        "reads, scores, and writes the scores. MB: of these models.\n",
        targets.START,
        "| layout | MB | reading | times as fast | whole | times as fast |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {layout} | {size:.1f} | {seconds:.1f} | {slowest / seconds:.1f} | {whole:.1f} | {longest / whole:.1f} |"
        for layout, size, seconds, whole in rows
    ]
    return "\n".join([*lines, targets.END]) + "\n"


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        text = page(measured(folder, MODELS, TURNS), MODELS, workload.benchmark().n_tasks)
    finally:
        shutil.rmtree(folder)
    WRITTEN.write_text(text, encoding="utf-8")
    table = targets.between_markers(text) or ""
    DOCS.write_text(targets.with_table(DOCS.read_text(encoding="utf-8"), table), encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
