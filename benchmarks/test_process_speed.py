"""Whole processes: files to a board, `glevel --help`, and the import."""

from __future__ import annotations

import csv
import subprocess
import sys

import files
import numpy as np
import workload
from timing import processes

import glevel_fast as gl

RELEASED_SECONDS = 1.6
"""What the released scorer takes for one workbook: a figure that is given, it is not run here."""
READ_ALL_CELLS = """
import sys
from python_calamine import CalamineWorkbook
for path in sys.argv[1:]:
    with CalamineWorkbook.from_path(path) as book:
        for title in book.sheet_names:
            book.get_sheet_by_name(title).to_python()
"""
GLEVEL = ("-m", "glevel_fast")


def test_workbooks(benchmark, board, tmp_path):
    sota, paths = files.write_workbooks(tmp_path, 100)
    score = (*GLEVEL, "score", *map(str, paths), "-b", str(sota))
    subprocess.run([sys.executable, *score, "--csv", str(tmp_path / "board.csv")], check=True, capture_output=True)
    with (tmp_path / "board.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    bench = files.released_benchmark()
    expected = gl.Scorer(bench).score(files.as_typed(workload.raw(bench, 100)))
    printed = [[float(row[f"level{k}"]) for k in (2, 3, 4, 5)] for row in table]
    np.testing.assert_array_equal(printed, expected.overall)
    cells = ("-c", READ_ALL_CELLS, *map(str, paths))
    best = processes({"workbooks": score, "calamine": cells, "nothing": ("-c", "pass")}, runs=3)
    alone = best["calamine"] - best["nothing"]
    board.row(
        "workbooks", 100 * RELEASED_SECONDS / best["workbooks"],
        detail=f"`glevel score` {best['workbooks']:.2f} s; {RELEASED_SECONDS} s each is given, not run here",
    )  # fmt: skip
    board.row(
        "calamine", best["workbooks"] / alone,
        detail=f"`glevel score` {best['workbooks']:.2f} s; calamine {alone:.2f} s beyond Python that does nothing, "
        "which checks no cell and scores nothing",
    )  # fmt: skip
    benchmark.group = "whole processes"
    benchmark.pedantic(subprocess.run, ([sys.executable, *score],), {"capture_output": True}, rounds=1)


def test_parquet(benchmark, board, bench, scorer, raw, tmp_path):
    table, results = tmp_path / "bench.csv", tmp_path / "results.parquet"
    files.write_benchmark(table, bench)
    files.write_parquet(results, bench, 1000)
    loaded = gl.load_results(results, gl.load_benchmark(table))
    np.testing.assert_array_equal(scorer.score(loaded.values).overall, scorer.score(raw).overall)
    score = (*GLEVEL, "score", str(results), "-b", str(table))
    to_file = (*score, "--json", str(tmp_path / "board.json"))
    read = ("-c", f"import pyarrow.parquet; pyarrow.parquet.read_table({str(results)!r})")
    best = processes({"table": score, "table and JSON": to_file, "pyarrow": read}, runs=5)
    board.row(
        "parquet", best["table"],
        detail=f"`glevel score`, table to the terminal; with --json FILE as well {best['table and JSON']:.2f} s; "
        f"a process with nothing but pyarrow's read_table {best['pyarrow']:.2f} s",
    )  # fmt: skip
    benchmark.group = "whole processes"
    benchmark.pedantic(subprocess.run, ([sys.executable, *score],), {"capture_output": True}, rounds=3)


def test_start(benchmark, board):
    names = "Scorer, load_benchmark, load_results"
    best = processes({
        "help": (*GLEVEL, "--help"),
        "python": ("-c", "pass"),
        "numpy": ("-c", "import numpy"),
        "import": ("-c", "import numpy, glevel_fast"),
        "all": ("-c", f"import numpy; from glevel_fast import {names}"),
    }, runs=15)  # fmt: skip
    board.row("help", best["help"], detail=f"whole process; Python that does nothing {best['python']:.3f} s")
    beyond = {name: (best[name] - best["numpy"]) * 1e3 for name in ("import", "all")}
    board.row(
        "import", beyond["import"],
        detail=f"whole processes, NumPy alone {best['numpy'] * 1e3:.0f} ms; public names load on first use: "
        f"`from glevel_fast import {names}` takes {beyond['all']:.0f} ms beyond NumPy",
    )  # fmt: skip
    benchmark.group = "whole processes"
    benchmark.pedantic(subprocess.run, ([sys.executable, *GLEVEL, "--help"],), {"capture_output": True}, rounds=5)
