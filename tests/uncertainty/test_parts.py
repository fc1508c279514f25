"""Parts of a long run: they know their job and their ranges, merge in any way to the same bytes, and travel."""

import copy
import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest
from generate import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import GLevelError, Scorer, _core, reference
from glevel_fast.loading.results import as_results
from glevel_fast.machines.job import joined
from glevel_fast.uncertainty.specialists import SpecialistSets

BENCHMARK, RAW = random_case(20, 50, seed=6)
BENCHMARK = replace(BENCHMARK, skill=tuple(f"skill {i % 4}" for i in range(50)))
SCORER = Scorer(BENCHMARK, fractions="keep")
PREPARED = SCORER.prepare(RAW)
TASKS = BENCHMARK.tasks
KINDS = {
    "given": SpecialistSets.from_matrix(BENCHMARK, np.tile(BENCHMARK.sota, (4, 1)) * [[1.0], [0.9], [0.8], [0.7]]),
    "changes": SpecialistSets.from_changes(BENCHMARK, [{}, {TASKS[1]: np.nan}, {TASKS[1]: np.nan, TASKS[2]: np.nan}]),
    "perturbed": SpecialistSets.perturbed(BENCHMARK, 100, seed=3),
    "all choices": SpecialistSets.candidates(BENCHMARK, {TASKS[3]: [np.nan, BENCHMARK.sota[3]], TASKS[4]: [np.nan]}),
    "drawn": SpecialistSets.candidates(BENCHMARK, {TASKS[3]: [np.nan, BENCHMARK.sota[3]]}, 9, 1, keep_others=True),
    "left out": SpecialistSets.leave_one_out(BENCHMARK),
    "replaced": SpecialistSets.replaced(BENCHMARK, TASKS[5], [np.nan, BENCHMARK.sota[5]]),
    "dropped": SpecialistSets.dropped_each(BENCHMARK, tasks=TASKS[:3], modalities=["image"]),
    "kept": SpecialistSets.kept(BENCHMARK, [TASKS[:30], TASKS[10:], TASKS[::2]]),
    "strict": SpecialistSets.strict_wins(BENCHMARK),
}
RUNS = {
    "ablate": lambda a, b: SCORER.ablate(PREPARED, KINDS["perturbed"], start=a, stop=b),
    "bootstrap": lambda a, b: SCORER.bootstrap(PREPARED, 100, seed=3, start=a, stop=b, compare=(2, 4)),
    "bootstrap by skill": lambda a, b: SCORER.bootstrap(PREPARED, 100, "skill", seed=3, start=a, stop=b),
}


def tree(parts, draw):
    """The parts merged two or three at a time, in an order and a tree that are drawn; some travel on the way."""
    parts = list(parts)
    while len(parts) > 1:
        some = [
            parts.pop(draw(st.integers(0, len(parts) - 1))) for _ in range(min(len(parts), draw(st.integers(2, 3))))
        ]
        whole = some[0].merge(*some[1:])
        parts.append(pickle.loads(pickle.dumps(whole)) if draw(st.booleans()) else whole)
    return parts[0]


@pytest.mark.parametrize("run", RUNS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_order_and_any_tree_give_the_same_bytes(run, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, 99), min_size=1, max_size=5)) | {0, 100})
    parts = [RUNS[run](a, b).summary for a, b in itertools.pairwise(cuts)]
    before = [pickle.dumps(part) for part in parts]
    whole = tree(parts, data.draw)
    assert pickle.dumps(whole) == pickle.dumps(RUNS[run](0, 100).summary)
    assert whole.ranges == ((0, 100),)
    assert [pickle.dumps(part) for part in parts] == before
    in_place = copy.deepcopy(parts[0])
    for part in parts[1:]:
        in_place.add(part)
    assert pickle.dumps(in_place) == pickle.dumps(whole)


@pytest.mark.parametrize("run", RUNS)
def test_a_set_is_counted_once(run):
    part, next_to_it, over_it = (RUNS[run](a, b).summary for a, b in ((10, 20), (20, 30), (19, 30)))
    before = pickle.dumps(part)
    for other in (part, over_it, RUNS[run](0, 100).summary, part.merge(next_to_it)):
        with pytest.raises(GLevelError, match="are in part in this summary already, which holds 10 to 19: each"):
            part.add(other)
        with pytest.raises(GLevelError, match="already"):
            part.merge(other)
    assert pickle.dumps(part) == before
    assert part.merge(next_to_it).ranges == ((10, 30),)
    with_gap = part.merge(RUNS[run](40, 50).summary)
    assert (with_gap.ranges, with_gap.n) == (((10, 20), (40, 50)), 20)


def test_strangers_are_refused():
    b, other_sota = BENCHMARK, BENCHMARK.sota.copy()
    other_sota[0] = np.nan
    raw = RAW.copy()
    raw[3, 7] = np.nan
    others = {
        "another seed": SCORER.ablate(PREPARED, SpecialistSets.perturbed(b, 100, seed=4), start=50),
        "another size": SCORER.ablate(PREPARED, SpecialistSets.perturbed(b, 100, 0.04, seed=3), start=50),
        "ties lose": SCORER.ablate(PREPARED, KINDS["perturbed"].with_strict_wins(), start=50),
        "another kind": SCORER.ablate(PREPARED, SpecialistSets.from_matrix(b, KINDS["perturbed"].matrix()), start=50),
        "other results": SCORER.ablate(raw, KINDS["perturbed"], start=50),
        "other names": SCORER.ablate(RAW, KINDS["perturbed"], models=[f"m{i}" for i in range(20)], start=50),
        "other options": Scorer(b, fractions="keep", invalid="missing").ablate(RAW, KINDS["perturbed"], start=50),
        "the twin's": reference.Scorer(b, fractions="keep").ablate(RAW, KINDS["perturbed"], start=50),
        "another benchmark": Scorer(replace(b, sota=other_sota), fractions="keep").ablate(
            RAW, SpecialistSets.perturbed(replace(b, sota=other_sota), 100, seed=3), start=50
        ),
        "a bootstrap": RUNS["bootstrap"](50, 100),
    }
    first = RUNS["ablate"](0, 50).summary
    assert len({first.job, *(other.summary.job for other in others.values())}) == 1 + len(others)
    for name, other in others.items():
        with pytest.raises(GLevelError, match="of different jobs"):
            first.merge(other.summary), name
    resamples = RUNS["bootstrap"](0, 50).summary
    for other in (SCORER.bootstrap(RAW, 100, seed=4, start=50), SCORER.bootstrap(RAW, 100, "skill", 3, start=50)):
        with pytest.raises(GLevelError, match="of different jobs"):
            resamples.merge(other.summary)


def test_a_run_goes_on_where_another_ended():
    """Set i does not depend on how many there are; and the same results prepared again are the same job."""
    first = SCORER.ablate(RAW, SpecialistSets.perturbed(BENCHMARK, 40, seed=3)).summary
    assert first.merge(RUNS["ablate"](40, 100).summary) == RUNS["ablate"](0, 100).summary
    first = SCORER.bootstrap(RAW, 40, seed=3, compare=(2, 4)).summary
    assert first.merge(RUNS["bootstrap"](40, 100).summary) == RUNS["bootstrap"](0, 100).summary


def test_a_finished_part_is_complete():
    for run in RUNS.values():
        part = run(30, 40)
        assert (part.start, part.stop, part.done, part.complete) == (30, 40, 10, True)
        assert "interrupted" not in repr(part)

        def stop(done, total):
            assert total == 60
            raise KeyboardInterrupt

    for part in (
        SCORER.ablate(PREPARED, KINDS["perturbed"], start=30, stop=90, piece=20, progress=stop),
        SCORER.bootstrap(PREPARED, 100, seed=3, start=30, stop=90, piece=20, progress=stop),
    ):
        assert (part.done, part.complete, part.summary.ranges) == (20, False, ((30, 50),))
        assert "interrupted" in repr(part)


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_of_full_scores_is_of_the_sets_asked_for(kind):
    sets = KINDS[kind]
    start = sets.n // 2
    full = SCORER.ablate(PREPARED, sets, full=True, start=start)
    assert np.array_equal(full.scores, SCORER.ablate(PREPARED, sets, full=True).scores[start:])
    assert full.summary == SCORER.ablate(PREPARED, sets, start=start).summary
    assert full.summary.ranges == ((start, sets.n),)
    assert np.array_equal(full.summary.least, full.scores.min(axis=0))


def test_who_is_above_whom_is_of_the_resamples_asked_for():
    parts, whole = [RUNS["bootstrap"](a, b) for a, b in ((0, 30), (30, 100))], RUNS["bootstrap"](0, 100)
    for level in (2, 3, 4):  # 3 is not counted on the way
        expected = sum(part.all_above(level) * part.done for part in parts) / 100
        np.testing.assert_allclose(whole.all_above(level), expected, atol=1e-12)
        assert parts[1].above("model 3", "model 8", level) == parts[1].all_above(level)[3, 8]
    merged = replace(parts[0], stop=100, summary=parts[0].summary.merge(parts[1].summary))
    assert np.array_equal(merged.all_above(2), whole.all_above(2))
    assert merged.above("model 3", "model 8", 5) == whole.above("model 3", "model 8", 5)


def test_what_is_compared_in_one_part_only_is_counted_again():
    with_boards, without = RUNS["bootstrap"](0, 30), SCORER.bootstrap(PREPARED, 100, seed=3, start=30)
    orders = [with_boards.summary.merge(without.summary), without.summary.merge(with_boards.summary)]
    assert pickle.dumps(orders[0]) == pickle.dumps(orders[1])
    assert orders[0].above == {}
    merged = replace(with_boards, stop=100, summary=orders[0])
    assert np.array_equal(merged.all_above(4), RUNS["bootstrap"](0, 100).all_above(4))


@pytest.mark.parametrize("kind", KINDS)
def test_sets_travel_as_recipes(kind):
    sets = KINDS[kind]
    again = pickle.loads(pickle.dumps(sets))
    assert (again.n, again.what, again.strict, again.identity) == (sets.n, sets.what, sets.strict, sets.identity)
    assert np.array_equal(again.matrix(), sets.matrix(), equal_nan=True)
    assert [again.label(i) for i in range(sets.n)] == [sets.label(i) for i in range(sets.n)]
    assert SCORER.ablate(PREPARED, again).summary == SCORER.ablate(PREPARED, sets).summary
    assert len({other.identity for other in (sets, *KINDS.values())}) == len(KINDS)


def test_many_sets_are_few_bytes():
    few, many = (
        len(pickle.dumps(sets)) - len(pickle.dumps(BENCHMARK))
        for sets in (KINDS["perturbed"], SpecialistSets.perturbed(BENCHMARK, 10**8))
    )
    assert few < 400
    assert abs(many - few) < 20


def test_what_a_job_is_made_of_travels():
    results = as_results(RAW, SCORER.compiled)
    scorer, prepared, ablation, boot = pickle.loads(
        pickle.dumps((SCORER, PREPARED, RUNS["ablate"](0, 50), RUNS["bootstrap"](0, 50)))
    )
    assert np.array_equal(pickle.loads(pickle.dumps(results)), RAW, equal_nan=True)
    assert prepared.identity == PREPARED.identity
    # Each with each: what has travelled apart meets again.
    for own in (SCORER, scorer, pickle.loads(pickle.dumps(SCORER))):
        for results in (PREPARED, prepared, pickle.loads(pickle.dumps(PREPARED))):
            rest = own.ablate(results, KINDS["perturbed"], start=50)
            assert ablation.summary.merge(rest.summary) == RUNS["ablate"](0, 100).summary
    assert np.array_equal(boot.all_above(3), RUNS["bootstrap"](0, 50).all_above(3))
    pickle.loads(pickle.dumps(boot))  # and again, with what was made meanwhile
    full = SCORER.ablate(PREPARED, KINDS["left out"], full=True, start=5)
    assert pickle.loads(pickle.dumps(full)).summary == full.summary


def test_what_travels_is_little_more_than_the_raw_values():
    """What can be made again is made again: what was compiled, sets, and what the summary is asked for."""
    benchmark, raw = random_case(200, 400, seed=8)
    scorer = Scorer(benchmark, fractions="keep")
    prepared = scorer.prepare(raw)
    ablation = scorer.ablate(prepared, SpecialistSets.perturbed(benchmark, 50, seed=3))
    boot = scorer.bootstrap(prepared, 50)
    boot.compare(2), boot.intervals(), prepared.kept(False, 1)
    bytes_of = {
        name: len(pickle.dumps(part))
        for name, part in {"scorer": scorer, "prepared": prepared, "ablation": ablation, "boot": boot}.items()
    }
    assert bytes_of["prepared"] < raw.nbytes + bytes_of["scorer"] + 200 * 1_000
    for name, found in (("ablation", ablation), ("boot", boot)):
        assert bytes_of[name] < bytes_of["prepared"] + len(pickle.dumps(found.summary)) + 1_000


def test_fractions_are_scaled_once_on_the_way():
    raw = RAW.copy()
    percent = np.array([m.is_percent for m in BENCHMARK.metrics])
    raw[2, percent] /= 20_000.0  # still below 1 when scaled
    prepared = Scorer(BENCHMARK, fractions="scale").prepare(raw)
    assert np.array_equal(pickle.loads(pickle.dumps(prepared)).raw, prepared.raw, equal_nan=True)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 6), st.integers(1, 150), st.integers(0, 2**32), st.sampled_from([0.02, 0.5, 0.95]))
def test_counts_come_back(n, width, seed, share):
    """Kernel and twin write the same bytes, and add them up the same."""
    rng = np.random.default_rng(seed)
    most = rng.choice([2, 16, 300, 2**32], (n, width))
    rows = np.where(rng.random((n, width)) < share, rng.integers(0, most), 0).astype(np.uint32)
    first, last = where = _core.stretches(rows)
    assert np.array_equal(where, reference.stretches(rows))
    for row, a, b in zip(rows, first, last, strict=True):
        assert not row[:a].any()
        assert not row[b:].any()
        assert (a, b) == (0, 0) or (row[a] and row[b - 1])
    packed = _core.pack_counts(rows, *where)
    assert np.array_equal(packed, reference.pack_counts(rows, *where))
    sums = rng.integers(0, 2**31, rows.shape, np.uint32)
    for backend in (_core, reference):
        for add, what in ((backend.add_packed, (*where, packed)), (backend.add_counts, (rows, *where))):
            added = sums.copy()
            add(added, *what)
            assert np.array_equal(added, sums + rows)


def test_bytes_of_other_counts_are_refused():
    rows = np.arange(1, 101, dtype=np.uint32).reshape(2, 50)
    where = _core.stretches(rows)
    packed = _core.pack_counts(rows, *where)
    wide = packed.copy()
    wide[0] = 33
    for bad in (packed[:-1], np.append(packed, np.uint8(0)), wide, packed[:0]):
        with pytest.raises(ValueError, match="packed is not of rows with these stretches"):
            _core.add_packed(np.zeros_like(rows), *where, np.ascontiguousarray(bad))
    for first, last in ((-1, 50), (3, 2), (0, 51)):
        ends = [np.full(2, end, np.int64) for end in (first, last)]
        calls = {
            _core.pack_counts: (rows, *ends),
            _core.add_packed: (np.zeros_like(rows), *ends, packed),
            _core.add_counts: (np.zeros_like(rows), rows, *ends),
        }
        for call, arguments in calls.items():
            with pytest.raises(ValueError, match="a stretch is not inside its row"):
                call(*arguments)


def test_a_summary_is_small():
    """One byte for most counts, and only for those between the ends: the zeros would be 0.9 MB."""
    assert len(pickle.dumps(RUNS["ablate"](0, 100).summary)) < 40_000


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_ranges_join(ranges):
    """None where a set is there twice; otherwise the same sets in as few ranges as can be."""
    ranges = [(min(pair), max(pair)) for pair in ranges]
    sets = [i for first, last in ranges for i in range(first, last)]
    whole = joined(ranges[: len(ranges) // 2], ranges[len(ranges) // 2 :])
    if len(set(sets)) < len(sets):
        assert whole is None
    else:
        assert [i for first, last in whole for i in range(first, last)] == sorted(sets)
        assert all(a[1] < b[0] for a, b in itertools.pairwise(whole))


def test_wrong_ranges_are_refused():
    for start, stop in ((-1, 5), (5, 4), (0, 101)):
        for run, what in ((RUNS["ablate"], "sets"), (RUNS["bootstrap"], "resamples")):
            with pytest.raises(GLevelError, match=f"start={start}, stop={stop}: there are {what} 0 to 100"):
                run(start, stop)
