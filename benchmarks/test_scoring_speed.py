"""Scoring: a value, against every peer, from DRAM, one model, and by instruction set."""

from __future__ import annotations

import numpy as np
import peers
import pytest
import workload
from reads import fastest_read
from targets import markdown
from timing import interleaved

import glevel_fast as gl
from glevel_fast import _core
from glevel_fast.core.compiled import engine_columns

MS, US, NS = 1e3, 1e6, 1e9


def test_a_value(benchmark, board, scorer, raw):
    by_sheet = workload.workbook_benchmark()
    in_sheet_order = np.empty_like(raw)
    in_sheet_order[:, workload.engine_order(by_sheet)] = raw
    other = gl.Scorer(by_sheet)
    np.testing.assert_array_equal(other.score(in_sheet_order).overall, scorer.score(raw).overall)
    best = interleaved({
        "1t": lambda: scorer.score(raw, threads=1),
        "2t": lambda: scorer.score(raw, threads=2),
        "workbook order": lambda: other.score(in_sheet_order, threads=1),
    })  # fmt: skip
    board.row(
        "ns", best["1t"] / raw.size * NS,
        detail=f"{best['1t'] * MS:.3f} / {best['2t'] * MS:.3f} ms; in the workbook's column order "
        f"{best['workbook order'] * MS:.3f} ms (1t)",
    )  # fmt: skip
    benchmark.pedantic(lambda: scorer.score(raw, threads=1), rounds=50)


def test_from_dram(benchmark, board, bench, scorer):
    raw = workload.raw(bench, 20_000)
    name, read = fastest_read(raw)
    best = interleaved({
        "read": read,
        "numpy.sum": raw.sum,
        "1t": lambda: scorer.score(raw, threads=1),
        "2t": lambda: scorer.score(raw, threads=2),
    }, seconds=5.0)  # fmt: skip
    board.row("dram", *(best[threads] / best["read"] for threads in ("1t", "2t")), detail=_reads(best, name))
    benchmark.pedantic(lambda: scorer.score(raw, threads=2), rounds=5)


def _reads(best: dict[str, float], name: str) -> str:
    one, two, total = best["1t"], best["2t"], best["numpy.sum"]
    return (
        f"{one * MS:.3f} / {two * MS:.3f} ms, {name} {best['read'] * MS:.3f} ms; in numpy.sum ({total * MS:.3f} ms) "
        f"{one / total:.2f} / {two / total:.2f}"
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_ours(benchmark, scorer, raw, threads):
    benchmark.group = "peers"
    benchmark.pedantic(lambda: scorer.score(raw, threads=threads), rounds=50)


@pytest.mark.parametrize("name", [entry.name for entry in peers.PEERS])
def test_peer(benchmark, board, peer_lines, scorer, raw, make_peer, name):
    """Each peer on its own beside the engine, for its line in the table of peers."""
    peer = make_peer(name)
    entry = next(e for e in peers.PEERS if e.name == name)
    best = interleaved({
        "peer": lambda: peer(raw),
        "1t": lambda: scorer.score(raw, threads=1),
        "2t": lambda: scorer.score(raw, threads=2),
    }, seconds=2.0)  # fmt: skip
    threads = str(entry.threads or "its own")
    ratios = best["peer"] / best["1t"], best["peer"] / best["2t"]
    line = (name, threads, f"{best['peer'] * MS:.3f}", *(f"{ratio:.1f}x" for ratio in ratios))
    peer_lines.append(line)
    board.section(
        "Peers",
        markdown(("peer", "threads", "ms", "glevel_fast 1t is faster by", "2t by"), peer_lines)
        + "\n\nAll give the same answer (asserted). Peers are spared weights, scales, checks of domains and a sum that "
        "does not depend on its order; the NumPy reference does all of it.",
    )
    if name == "NumPy reference":
        board.row(
            "reference",
            *ratios,
            detail=f"{best['peer'] * MS:.2f} ms against {best['1t'] * MS:.3f} / {best['2t'] * MS:.3f}",
        )
    benchmark.group = "peers"
    benchmark.pedantic(lambda: peer(raw), rounds=10)


def test_against_numba(benchmark, board, scorer, raw, make_peer):
    serial, parallel = make_peer("numba"), make_peer("numba parallel")
    import numba as nb

    nb.set_num_threads(min(2, nb.config.NUMBA_NUM_THREADS))
    best = interleaved({
        "numba 1t": lambda: serial(raw),
        "numba 2t": lambda: parallel(raw),
        "1t": lambda: scorer.score(raw, threads=1),
        "2t": lambda: scorer.score(raw, threads=2),
    })  # fmt: skip
    board.row(
        "numba", best["numba 1t"] / best["1t"], best["numba 2t"] / best["2t"],
        detail=f"{best['numba 1t'] * MS:.3f} / {best['numba 2t'] * MS:.3f} ms against {best['1t'] * MS:.3f} / "
        f"{best['2t'] * MS:.3f}",
    )  # fmt: skip
    benchmark.group = "numba"
    benchmark.pedantic(lambda: scorer.score(raw, threads=1), rounds=50)


def test_one_model(benchmark, board, scorer, raw):
    one = np.ascontiguousarray(raw[:1])
    engine = scorer.compiled.engine
    np.testing.assert_array_equal(scorer.overall(one), engine.score(one, 1)[0])
    best = interleaved({
        "Scorer.overall": lambda: scorer.overall(one),
        "Scorer.score": lambda: scorer.score(one),
        "engine": lambda: engine.score(one, 1)[0],
    }, seconds=2.0)  # fmt: skip
    board.row(
        "one", best["Scorer.overall"] * US, best["Scorer.score"] * US,
        detail=f"array in, S2-S5 (or all scores) out; the engine's call alone {best['engine'] * US:.2f} µs",
    )  # fmt: skip
    benchmark(lambda: scorer.overall(one))


def test_instruction_sets(benchmark, board, bench, raw):
    paths = _core.build_info()["instruction_sets"]
    columns = engine_columns(bench)
    engines = {isa: _core.Engine(**columns, zero_scores=False, isa=isa) for isa in paths}
    answers = [engine.score(raw, 1) for engine in engines.values()]
    for answer in answers[1:]:
        for mine, first in zip(answer, answers[0], strict=True):
            np.testing.assert_array_equal(mine, first)
    best = interleaved({isa: lambda e=engine: e.score(raw, 1) for isa, engine in engines.items()})
    times = ", ".join(f"{isa} {seconds * MS:.3f} ms" for isa, seconds in best.items())
    if "avx2" in best:
        board.row("baseline", best["baseline"] / best["avx2"], detail=f"{times} (1t)")
    else:
        board.left_out.append("this machine has no AVX2")
    benchmark.group = "baseline path"
    benchmark.pedantic(lambda: engines["baseline"].score(raw, 1), rounds=20)
