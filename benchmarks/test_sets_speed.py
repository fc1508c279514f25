"""Many specialist sets and resamples of 1,000 models x 702 tasks, and changes of a board, beside their rivals.

All give the same answers (asserted).
"""

from __future__ import annotations

import numpy as np
import pytest
import sets
from targets import markdown
from timing import interleaved

import glevel_fast as gl

MS, US = 1e3, 1e6


@pytest.fixture(scope="module")
def case():
    return sets.Case()


def agree(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_dense_sets(benchmark, board, case):
    few = case.dense[:20]
    agree(case.numpy(few), case.ours(few, 1))
    best = interleaved({
        "1t": lambda: case.ours(case.dense, 1),
        "2t": lambda: case.ours(case.dense, 2),
        "numpy": lambda: case.numpy(few),
    }, seconds=6.0)  # fmt: skip
    numpy = best["numpy"] * sets.N_SETS / len(few)
    times = f"{best['1t'] * MS:.1f} / {best['2t'] * MS:.1f} ms"
    board.row("sets numpy", numpy / best["1t"], numpy / best["2t"], detail=f"{numpy * MS:.0f} ms against {times}")
    benchmark.pedantic(lambda: case.ours(case.dense, 2), rounds=10)


def test_dense_sets_and_numba(benchmark, board, case):
    pytest.importorskip("numba")
    kernel = sets.Numba(case)
    agree(kernel(case.dense, 1), case.ours(case.dense, 1))
    best = interleaved({
        **{f"{t}t": lambda t=t: case.ours(case.dense, t) for t in (1, 2)},
        **{f"numba {t}t": lambda t=t: kernel(case.dense, t) for t in (1, 2)},
    }, seconds=6.0)  # fmt: skip
    one, two, numba1, numba2 = (best[name] for name in ("1t", "2t", "numba 1t", "numba 2t"))
    times = f"{numba1 * MS:.1f} / {numba2 * MS:.1f} ms against {one * MS:.1f} / {two * MS:.1f}"
    board.row("sets numba", numba1 / one, detail=f"{times}; 2t each {numba2 / two:.2g}x")
    benchmark.pedantic(lambda: kernel(case.dense, 2), rounds=5)


def test_sets_that_change_little(benchmark, board, case):
    """Of models with tasks in every group, of which every pair really is to be compared; beside it the board's mix."""
    ratios, each = changing_little(sets.Case(missing=0.3))
    own, _ = changing_little(case)
    board.row(
        "sets that change little", *ratios,
        detail=f"30 % missing at random: {each['every pair'] * US:.1f} µs a set against "
        f"{' / '.join(f'{each[kind] * US:.1f}' for kind in LITTLE)} (1t); on the board's own mix, where models have no "
        f"score in most groups, {' / '.join(f'{ratio:.2g}x' for ratio in own)}",
    )  # fmt: skip
    benchmark.pedantic(lambda: case.ours(case.perturbed, 1), rounds=10)


LITTLE = ("±5 %", "30 tasks", "leave-one-out")


def changing_little(case):
    """How many times as fast as comparing every pair, and seconds a set, all on one thread."""
    for given in (case.perturbed, case.thirty, case.leave_one_out):
        matrix = given if isinstance(given, np.ndarray) else given.matrix()
        agree(case.ours(given, 1)[:5], case.numpy(matrix[:5]))
    compared = case.compared(case.perturbed)
    best = interleaved({
        "every pair": lambda: case.ours(compared, 1),
        "±5 %": lambda: case.ours(case.perturbed, 1),
        "30 tasks": lambda: case.ours(case.thirty, 1),
        "leave-one-out": lambda: case.ours(case.leave_one_out, 1),
    }, seconds=5.0)  # fmt: skip
    n = {"leave-one-out": case.leave_one_out.n}
    each = {name: seconds / n.get(name, sets.N_SETS) for name, seconds in best.items()}
    return [each["every pair"] / each[kind] for kind in LITTLE], each


def test_bootstrap(benchmark, board, case):
    n, few = 2048, 8
    agree(sets.resample_blas(case, 512), sets.resample(case, 512, 1), 1e-9)
    agree(sets.resample_naive(case, few), sets.resample(case, few, 1)[-1], 1e-9)
    best = interleaved({
        "2t": lambda: sets.resample(case, n, 2),
        "blas": lambda: sets.resample_blas(case, n),
        "naive": lambda: sets.resample_naive(case, few),
    }, seconds=8.0)  # fmt: skip
    ours, blas, naive = (best[name] * 10_000 / size for name, size in (("2t", n), ("blas", n), ("naive", few)))
    board.row(
        "bootstrap", blas / ours, naive / ours,
        detail=f"{blas:.2f} / {naive:.1f} s against {ours:.2f}; of 2,048 resamples, the naive one of 8",
    )  # fmt: skip
    benchmark.pedantic(lambda: sets.resample(case, n, 2), rounds=5)


def test_subsets_of_the_tasks(benchmark, board, case):
    n = 400
    keep = np.random.default_rng(4).random((n, sets.N_TASKS)) < 0.5
    subsets = gl.SpecialistSets.kept(case.benchmark, keep)
    got = case.scorer.ablate(case.prepared, subsets, full=True).scores
    columns = np.flatnonzero(keep[0])
    part = case.benchmark.changed(remove=np.flatnonzero(~keep[0]).tolist())
    options = {"invalid": "missing", "fractions": "keep"}

    def alone():
        return gl.Scorer(part, **options).score(np.ascontiguousarray(case.prepared.raw[:, columns]), threads=1)

    assert np.array_equal(got[0], alone().overall)
    best = interleaved({
        **{f"{t}t": lambda t=t: case.scorer.ablate(case.prepared, subsets, full=True, threads=t) for t in (1, 2)},
        "alone": alone,
    }, seconds=4.0)  # fmt: skip
    one, two = (best[f"{t}t"] / n for t in (1, 2))
    board.row(
        "kept", one * MS, two * MS,
        detail=f"400 subsets at once; {best['alone'] * MS:.2f} ms (1t) where each has an engine and columns of its own",
    )  # fmt: skip
    benchmark(lambda: case.scorer.ablate(case.prepared, subsets, full=True, threads=2))


def test_what_if(benchmark, board, case):
    change = {case.benchmark.tasks[5]: float(case.dense[0, 5])}
    matrix = np.where(np.arange(sets.N_TASKS) == 5, case.dense[:1], case.benchmark.sota)
    agree(case.scorer.what_if(case.prepared, change).overall, case.numpy(matrix)[0])

    def everything():
        what = case.scorer.what_if(case.prepared, change)
        return what.wins, what.ranks

    best = interleaved({
        "what-if": lambda: case.scorer.what_if(case.prepared, change),
        "all": everything,
        "score": lambda: case.scorer.score(case.raw, threads=1),
    })  # fmt: skip
    full = best["score"]
    board.row(
        "what-if", full / best["what-if"], full / best["all"],
        detail=f"{full * US:.0f} µs (1t) against {best['what-if'] * US:.0f} / {best['all'] * US:.0f}",
    )  # fmt: skip
    benchmark(lambda: case.scorer.what_if(case.prepared, change))


def test_changes_of_a_board(benchmark, board):
    lines = []
    for n in (1000, 20_000):
        updates = sets.Updates(n)
        for kind in updates.KINDS:
            updated = updates.update(kind)
            scores = updates.scratch(updated)
            for name in ("overall", "modality", "means", "supported", "wins", "level"):
                np.testing.assert_array_equal(getattr(scores, name), getattr(updated.scores, name))
            best = interleaved({
                "update": lambda: updates.update(kind),  # noqa: B023
                "known": lambda: updates.scratch(updated),  # noqa: B023
                "new": lambda: updates.scratch(updated, results=False),  # noqa: B023
            }, seconds=2.0)  # fmt: skip
            ms, known, new = (best[name] * MS for name in ("update", "known", "new"))
            lines.append(
                (f"{n:,}", kind, f"{ms:.2f}", f"{known:.2f} ({known / ms:.1f}x)", f"{new:.2f} ({new / ms:.1f}x)")
            )
    header = ("models", "change", "`scorer.update`, ms", "from scratch", "from scratch, with new results")
    board.section("Changes of a board", markdown(header, lines))
    updates = sets.Updates(1000)
    benchmark(lambda: updates.update("changed sigma"))


@pytest.mark.parametrize("n", [1000, 4000])
def test_summary(benchmark, board, case, n):
    perturbed = gl.SpecialistSets.perturbed(case.benchmark, n, seed=5)
    ablation = benchmark.pedantic(lambda: case.scorer.ablate(case.prepared, perturbed, threads=2), rounds=2)
    assert ablation.complete
    if n == 1000:
        best = interleaved({
            "summary": lambda: case.scorer.ablate(case.prepared, perturbed, threads=1),
            "scores": lambda: case.ours(case.perturbed, 1),
        })  # fmt: skip
        board.row(
            "summary", best["summary"] / n * US,
            detail=f"{n:,} sets of ±5 % in {best['summary'] * MS:.0f} ms, of which scores "
            f"{best['scores'] / sets.N_SETS * n * MS:.0f}",
        )  # fmt: skip
