"""Ranks of many models are counted in bands: what is said of them is never finer than what was counted."""

import json
import pickle

import numpy as np
import pytest
from generate import random_case
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import GLevelError, Scorer, SpecialistSets, _core, reference
from glevel_fast.core.twin.sets import places
from glevel_fast.uncertainty import bands as of_bands
from glevel_fast.uncertainty import bootstrap
from glevel_fast.uncertainty.bands import BANDS_FROM, MOST_MODELS, Bands
from glevel_fast.uncertainty.summary import Summary

EXACT = st.sampled_from([2, 4, 8, 64])


@given(st.integers(0, 3000), EXACT)
def test_bands_hold_each_rank_once(n_models, exact):
    first, last = Bands(n_models, exact).ends
    assert len(first) == Bands(n_models, exact).n_places
    assert (first[0], last[0], last[-1]) == (0, 0, n_models)
    assert np.array_equal(first[1:], last[:-1] + 1)
    width = last - first + 1
    assert (width[first < exact] == 1).all()
    assert (width * (exact // 2) <= np.maximum(first, exact // 2)).all()
    place = places(np.arange(n_models + 1), exact)
    assert np.array_equal(place, np.repeat(np.arange(len(first)), width))


def test_how_many_models_get_bands():
    assert not Bands.of(MOST_MODELS).wide
    assert Bands.of(MOST_MODELS).n_places == MOST_MODELS + 1
    wide = Bands.of(MOST_MODELS + 1)
    assert (wide.wide, wide.exact) == (True, BANDS_FROM)
    assert Bands.of(1_000_000).n_places < 3400
    assert "each by itself up to 511, beyond it with others within 1/256 of it" in str(wide)
    none = Bands.of(3, ranks=False)
    assert (none.wide, none.n_places, len(none.ends[0])) == (False, 0, 0)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 70), st.just(4)),
                  elements=st.one_of(st.sampled_from([0.0, 1.0, 100.0]), st.floats(0, 100))), EXACT,
       st.integers(0, 6))  # fmt: skip
def test_what_is_said_of_bands_holds(scores, exact, cut):
    """Kernel and twin agree, parts add up, and quantiles by each rank lie in the bands of those in bands."""
    n, bands = scores.shape[1], Bands(scores.shape[1], exact)
    names, base = tuple(f"m{i}" for i in range(n)), _core.ranks(scores[0])

    def of(backend, start, stop, where):
        made = Summary.empty(names, ("t",), scores[0], base, "job", where)
        made.take(backend, start, np.ascontiguousarray(scores[start:stop]), 2)
        return made

    whole, each = of(_core, 0, len(scores), bands), of(_core, 0, len(scores), None)
    assert whole == of(reference, 0, len(scores), bands)
    cut = min(cut, len(scores))
    parts = [of(_core, a, b, bands) for a, b in ((cut, len(scores)), (0, cut))]
    assert pickle.dumps(parts[0].merge(pickle.loads(pickle.dumps(parts[1])))) == pickle.dumps(whole)
    first, last = whole.rank_bands
    summed = np.add.reduceat(each.rank_counts, first, axis=2)
    assert np.array_equal(whole.rank_counts, summed)
    for q in (0.0, 0.3, 0.5, 1.0):
        rank, (low, high) = each.rank_quantile(q), whole.rank_quantile_band(q)
        assert ((low <= rank) & (rank <= high)).all()
        assert np.isin(low, first).all()
        assert np.isin(high, last).all()
        assert np.array_equal(each.rank_quantile_band(q), [rank, rank])
    if bands.wide:
        with pytest.raises(GLevelError, match=r"counted in bands.*rank_quantile_band\(q\) gives"):
            whole.rank_quantile(0.5)
        with pytest.raises(GLevelError, match="different jobs"):
            each.add(whole)
    best, worst = whole.rank_interval(0.5)
    exact_best, exact_worst = each.rank_interval(0.5)
    none = n + 1  # after all others
    assert (np.where(best, best, none) <= np.where(exact_best, exact_best, none)).all()
    assert (np.where(worst, worst, none) >= np.where(exact_worst, exact_worst, none)).all()


@pytest.fixture
def _few_are_many(monkeypatch):
    """More than 20 models are many, and ranks have bands from 8 on."""
    for module in (bootstrap, of_bands):
        monkeypatch.setattr(module, "MOST_MODELS", 20)
    monkeypatch.setattr(of_bands, "BANDS_FROM", 8)


@pytest.mark.usefixtures("_few_are_many")
def test_results_say_that_ranks_are_in_bands():
    benchmark, raw = random_case(40, 60, seed=5)
    scorer = Scorer(benchmark, fractions="keep")
    sets = SpecialistSets.perturbed(benchmark, 60)
    ablation, boot = scorer.ablate(raw, sets), scorer.bootstrap(raw, 60)
    note = "ranks of 40 models are counted in bands: each by itself up to 7, beyond it with others within 1/4 of it"
    for made in (ablation, boot):
        assert any(text.startswith(note) for text in made.notes)
        columns, data = made.columns(), made.to_dict()
        assert "level3_rank_best_band" in columns
        assert "level3_rank_best" not in columns
        assert np.array_equal(columns["level3_rank_worst_band"], made.summary.rank_interval()[1][:, 1])
        assert any(text.startswith(note) for text in data["notes"])
        for model in data["summary"]["models"]:
            board = model["level3"]
            assert "ranks" not in board
            assert sum(n for _, _, n in board["rank_bands"]) == 60
        json.dumps(data)
        axes = made.plot.ranks(level=3)
        assert "ends of bands" in axes.get_xlabel()
    assert "boards" not in boot.to_dict()
    assert not [name for name in boot.columns() if "joint" in name]
    assert any("pairs of models are not told apart" in text for text in boot.notes)
    for call in (boot.compare, boot.all_above, boot.joint_ranks, lambda: scorer.bootstrap(raw, 5, compare=[2])):
        with pytest.raises(GLevelError, match="at most 20 models all are compared, not of 40"):
            call()
    assert 0 <= boot.above(boot.models[0], boot.models[1]) <= 1
    few = scorer.bootstrap(raw[:20], 60)
    assert few.ranks_pairs
    assert not few.notes or "bands" not in "".join(few.notes)
    assert "boards" in few.to_dict()


def test_more_than_ten_thousand_models():
    """Scores move by far less than one rank in 10,000 can: all is in the right band."""
    benchmark, _ = random_case(1, 6, seed=2)
    raw = np.random.default_rng(3).uniform(10, 90, (MOST_MODELS + 1, 6))
    scorer = Scorer(benchmark, fractions="keep", invalid="missing")
    sets = SpecialistSets.perturbed(benchmark, 2, seed=1)
    summary = scorer.ablate(raw, sets).summary
    full = scorer.ablate(raw, sets, full=True).scores
    first, _ = summary.rank_bands
    assert summary.rank_counts.shape == (MOST_MODELS + 1, 4, len(first))
    best, worst = summary.rank_interval()
    held = np.stack([_core.ranks(scores).T for scores in full])
    ranked = (held > 0).all(axis=0)
    assert ranked.any()
    assert (best[ranked] <= held.min(axis=0)[ranked]).all()
    assert (worst[ranked] >= held.max(axis=0)[ranked]).all()
    assert (worst - best)[ranked & (held.max(axis=0) < 512)].max() < 512
    assert len(pickle.dumps(summary)) < 10_000_000
    assert scorer.ablate(raw, sets, ranks=False).summary.bands.exact == 0
