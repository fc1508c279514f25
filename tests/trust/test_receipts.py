"""Receipts: contributions that are the score, on every level, scope and policy."""

from __future__ import annotations

import json
import math

import hostile
import numpy as np
import pytest
from generate import random_case, scored
from hypothesis import given, settings

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.trust.receipts import compare


@pytest.fixture(scope="module")
def paper():
    return gl.Scorer(gl.published.benchmark()).score(gl.published.results())


def every_score(scores):
    """(model, level, scope) -> score, of all scopes but skills."""
    for i, model in enumerate(scores.models):
        if not scores.modalities:  # a benchmark of language alone has the board of language in Scope-A's place
            for level in (2, 3):
                yield model, level, "A", scores.means[i, -1, level - 2]
            continue
        for level in (2, 3, 4, 5):
            yield model, level, "A", scores.overall[i, level - 2]
        for m, modality in enumerate(scores.modalities):
            for level in (2, 3, 4):
                yield model, level, f"B:{modality}", scores.modality[i, m, level - 2]
        for g, (modality, paradigm) in enumerate(scores.groups[:-1]):
            for level in (2, 3):
                yield model, level, f"C:{modality}/{paradigm}", scores.means[i, g, level - 2]


@settings(max_examples=40, deadline=None)
@given(scored(max_models=2, min_models=1, max_tasks=20))
def test_steps_add_up_to_the_last_bit(case):
    """Making a receipt adds the engine's steps up again and refuses to go on where a bit differs."""
    benchmark, raw = case
    scores = gl.Scorer(benchmark, invalid="missing", fractions="keep").score(raw)
    for model, level, scope, score in every_score(scores):
        receipt = scores.receipt(model, level, scope)
        assert receipt.score == score
        total = math.fsum(receipt.contribution.tolist())
        assert total + receipt.rounding == pytest.approx(score, rel=1e-15, abs=0)
        # only the 1-step floor of sums that are too small for a step may be more than rounding
        assert abs(receipt.rounding) <= 1e-14 * score + 1e-12
        assert math.fsum(receipt.by_group.values()) == pytest.approx(total, rel=1e-12, abs=1e-300)
        assert (receipt.contribution >= 0).all()


def test_skills_add_up(paper):
    for name in paper.skills.names[::9]:
        for level in (2, 3):
            j = paper.skills.names.index(name)
            for i, model in enumerate(paper.models[::11]):
                receipt = paper.receipt(model, level, f"D:{name}")
                assert receipt.score == paper.skills.means[i * 11, j, level - 2]
                assert abs(receipt.rounding) <= 1e-14 * max(receipt.score, 1e-9)


def test_level_2_contribution_by_hand(paper):
    receipt = paper.receipt("Qwen2-VL-72B", 2)
    i = receipt.tasks.index("Road Crack Detection")
    assert receipt.contribution[i] == 0
    i = receipt.tasks.index("ATM Booths Suspicious Behavior Recognition")
    raw = receipt.raw[i]
    assert receipt.contribution[i] == pytest.approx(raw / 271 / 2 / 4, rel=1e-12)
    assert receipt.won[i] == (raw >= 21.7)
    assert receipt.specialists[i] == "CLIP"
    j = receipt.tasks.index("Crowd Counting")
    assert receipt.metrics[j] == "MAE"
    assert receipt.points[j] == pytest.approx(100 * math.tanh(25 / 9.64), rel=1e-14)


def two_groups():
    bench = gl.Benchmark(
        ("c", "g", "l"), ("image", "image", "language"), ("comprehension", "generation", ""), ("Acc",) * 3,
        np.array([10.0, 10.0, 10.0]),
    )  # fmt: skip
    return gl.Scorer(bench).score(np.array([[30.0, 60.0, 50.0]]), models=["m"])


def test_level_4_and_5_split_by_the_stated_rule():
    scores = two_groups()
    four = scores.receipt("m", 4)
    s4 = 2 * 30 * 60 / 90
    assert four.score == pytest.approx(s4)
    # the derivative's share: the scarcer paradigm gets more
    assert four.contribution[:2] == pytest.approx([s4 * 60 / 90, s4 * 30 / 90])
    five = scores.receipt("m")
    assert five.level == 5
    assert five.score == pytest.approx(s4 * 0.5)
    assert five.contribution == pytest.approx([s4 * 60 / 90 / 4, s4 * 30 / 90 / 4, s4 / 4])


def test_gain_is_what_rescoring_gives():
    benchmark, raw = random_case(3, 120, 8)
    scorer = gl.Scorer(benchmark)
    scores = scorer.score(raw)
    for level in (2, 3, 4, 5):
        receipt = scores.receipt("model 1", level)
        assert receipt.lacking
        assert [x.gain for x in receipt.lacking] == sorted((x.gain for x in receipt.lacking), reverse=True)
        for lacking in receipt.lacking:
            better = raw.copy()
            better[1, benchmark.task_index[lacking.task]] = lacking.sota
            gain = scorer.score(better).overall[1, level - 2] - scores.overall[1, level - 2]
            assert lacking.gain == pytest.approx(gain, rel=1e-9, abs=1e-12)
            assert lacking.gap >= 0


def test_release_policy():
    benchmark, raw = random_case(4, 150, 2)
    raw = np.where(raw < 0, np.nan, raw)
    scores = gl.Scorer(benchmark, "release").score(raw)
    for i, model in enumerate(scores.models):
        for level in (2, 3, 4):
            receipt = scores.receipt(model, level)
            assert receipt.score == scores.overall[i, level - 2]
            assert abs(receipt.rounding) <= 1e-12 * max(1.0, abs(receipt.score))
    assert scores.overall[0, 3] > 0
    assert scores.receipt("model 0").level == 4
    with pytest.raises(gl.BenchmarkError, match="Level-5"):
        scores.receipt("model 0", 5)


def test_two_models(paper):
    one, two = (paper.receipt(m, 3) for m in ("GPT4-o", "GPT4-V"))
    sheet = compare(one, two)
    assert float(sheet.rows[-1][-1]) == pytest.approx(one.score - two.score, abs=1e-4)
    assert sum(float(row[-1]) for row in sheet.rows[:-1]) == pytest.approx(one.score - two.score, abs=2e-3)
    short = compare(one, two, 3)
    assert len(short.rows) == 5
    assert short.rows[-1] == sheet.rows[-1]
    with pytest.raises(gl.ResultsError, match="same tasks and level"):
        compare(one, paper.receipt("GPT4-V", 2))


def test_changed_array_is_noticed():
    benchmark, raw = random_case(2, 50, 1)
    scores = gl.Scorer(benchmark).score(raw)
    with pytest.raises(ValueError, match="read-only"):
        scores.raw[0, 0] = 1.0
    raw[0] = np.where(np.isnan(raw[0]), raw[0], raw[0] * 0.999)
    with pytest.raises(gl.ResultsError, match="changed after it was scored"):
        scores.receipt("model 0", 2)


def test_fractions_that_were_scaled_are_explained():
    benchmark, raw = random_case(1, 60, 4)
    percent = np.array([m.is_percent for m in benchmark.metrics])
    raw[:, percent] /= 1000.0
    scores = gl.Scorer(benchmark, fractions="scale").score(raw)
    assert scores.receipt("model 0", 2).score == scores.overall[0, 0]


def test_unknown_model(paper):
    with pytest.raises(gl.ResultsError, match="'GPT4-o'"):
        paper.receipt("GPT4o")
    assert paper.receipt(" gpt4-O ").model == "GPT4-o"


def test_shown(paper):
    receipt = paper.receipt("GPT4-o", 3)
    assert receipt.tasks[int(np.argmax(receipt.contribution))] in repr(receipt)
    assert repr(receipt.score) in receipt.sheet().title
    assert "<table" in receipt._repr_html_()
    rows = receipt.sheet(3).rows
    assert len(rows) == 5
    assert float(rows[-1][-1]) == pytest.approx(receipt.score, abs=1e-4)
    data = json.loads(json.dumps(receipt.to_dict(), allow_nan=False))
    assert sum(task["contribution"] for task in data["tasks"]) == pytest.approx(receipt.score)


def test_command(capsys, tmp_path):
    assert main(["explain", "GPT4-o", "--level", "3", "--most", "2"]) == 0
    out = capsys.readouterr().out
    assert "Level-3 of GPT4-o" in out
    assert "nearest wins" in out
    assert main(["explain", "GPT4-o", "--against", "GPT4-V", "--scope", "B:image"]) == 0
    assert "GPT4-V" in capsys.readouterr().out
    assert main(["explain", "GPT4-o", "--json", "-", "--markdown", str(tmp_path / "r.md")]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "GPT4-o"
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("**Level-3 of GPT4-o")
    assert main(["explain", "nobody"]) == 1
    assert "no model 'nobody'" in capsys.readouterr().err


def test_hostile_names():
    bench = gl.Benchmark(hostile.NAMES, ("image",) * 12, ("generation",) * 12, ("Acc",) * 12, np.full(12, 20.0))
    scores = gl.Scorer(bench).score(np.full((1, 12), 30.0), models=[hostile.END])
    receipt = scores.receipt(hostile.END, 3)
    for text in (receipt._repr_html_(), receipt.sheet().markdown()):
        assert "<script" not in text
        assert "</script" not in text
    assert "\\input" not in receipt.sheet().latex()
    assert not [c for c in repr(receipt) if not c.isprintable() and c != "\n"]
