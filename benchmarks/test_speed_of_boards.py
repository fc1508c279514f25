"""All boards of 1,000 models; a receipt; the audit; the page."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from generate import random_case
from timing import interleaved

import glevel_fast as gl
from glevel_fast.boards.scopes import all_scopes
from glevel_fast.published import general_bench, tables
from glevel_fast.published.audit import audit_published
from glevel_fast.report.page import page


def case(n_models):
    """702 tasks in 145 skills."""
    bench, raw = random_case(n_models, 702, 1)
    of_group = np.zeros(9, dtype=int)
    skill = []
    for g in bench.group_of_task.tolist():
        skill.append(f"{' '.join(bench.groups[g])} {of_group[g] % (17 if g == 8 else 16)}")
        of_group[g] += 1
    return gl.Benchmark(
        bench.tasks, bench.modality, bench.paradigm, bench.metric, bench.sota, skill=tuple(skill), weight=bench.weight
    ), raw


def test_all_scopes_of_1000_models(benchmark):
    bench, raw = case(1000)
    scorer = gl.Scorer(bench)

    def boards():
        scores = scorer.score(raw)
        return [gl.board(scores, scope, 2) for scope in all_scopes(bench)]

    made = benchmark(boards)
    assert len(made) == 1 + 4 + 8 + 145
    assert made[0].score.tolist() == sorted(scorer.score(raw).overall[:, 0].tolist(), reverse=True)


def test_board_of_fresh_scores(benchmark, board, scorer, raw):
    def fresh():
        return gl.board(scorer.score(raw), "A", 2)

    assert len(fresh().score) == len(raw)
    best = interleaved({"score": lambda: scorer.score(raw), "board": fresh})
    board.row(
        "board", (best["board"] - best["score"]) * 1e3,
        detail=f"{best['board'] * 1e3:.2f} ms with scoring, {best['score'] * 1e3:.2f} without a board",
    )  # fmt: skip
    benchmark(fresh)


def test_receipt(benchmark):
    bench, raw = case(100)
    scores = gl.Scorer(bench).score(raw)
    receipt = benchmark(lambda: scores.receipt("model 7", 3))
    assert receipt.score == scores.overall[7, 1]


def test_general_bench_from_its_files(benchmark):
    caches = [f for module in (general_bench, tables) for f in vars(module).values() if hasattr(f, "cache_clear")]

    def forget():
        for cached in caches:
            cached.cache_clear()

    def load():
        return gl.published.benchmark(), gl.published.results()

    bench, results = benchmark.pedantic(load, setup=forget, rounds=30)
    assert (bench.n_tasks, len(results)) == (699, 101)
    if benchmark.stats is not None:
        assert benchmark.stats.stats.min < 0.03


def test_audit_of_the_paper(benchmark):
    assert len(benchmark(audit_published)) > 50


def test_page_of_100_models(benchmark):
    pytest.importorskip("jinja2")
    bench, raw = case(100)
    scores = gl.Scorer(bench).score(raw)
    assert len(benchmark.pedantic(lambda: page(scores), rounds=2).encode()) < 5_000_000
