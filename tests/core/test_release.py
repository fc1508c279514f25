"""policy="release" against what the released scorer printed, and what the paper's policy makes of the same files."""

import json

import numpy as np
import pytest

import glevel_fast as gl

MODALITIES = {"Image": "image", "Video": "video", "Audio": "audio", "3D": "3d"}


@pytest.fixture(scope="module")
def official(shared):
    bench = gl.load_benchmark(shared / "general_level" / "sota_result.xlsx")
    files = sorted((shared / "official").glob("*_result.xlsx"))
    return bench, gl.load_results(files, bench), json.loads((shared / "official" / "expected.json").read_text())


def test_equals_the_released_scorer(official):
    bench, results, expected = official
    scores = gl.Scorer(bench, policy="release").score(results)
    assert set(scores.models) == set(expected)
    for model, got in zip(scores.models, scores.to_dict()["models"], strict=True):
        want = expected[model]
        assert got["overall"] == pytest.approx(want["overall"], abs=1e-9), model
        for theirs, ours in MODALITIES.items():
            for level, value in want["modality"][theirs].items():
                assert got["modality"][ours][level] == pytest.approx(value, abs=1e-9), (model, ours, level)
            for paradigm, counts in want["counts"][theirs].items():
                for what, count in counts.items():
                    assert got["modality"][ours][what][paradigm.lower()] == count, (model, ours, paradigm, what)


def test_the_papers_policy_stays_within_bounds(official):
    bench, results, _ = official
    scores = gl.Scorer(bench).score(results)
    assert (scores.overall >= 0).all()
    assert (scores.overall <= 100).all()
    assert (np.diff(scores.overall, axis=1) <= 0).all()
    assert any("0.01" in note for note in scores.notes)  # WER given in percent


def simple(metric, modality="image", paradigm="generation", sota=10.0):
    return gl.Benchmark(("t",), (modality,), (paradigm,), (metric,), np.array([sota]))


def release(benchmark, *rows):
    return gl.Scorer(benchmark, policy="release").score(np.array(rows, dtype=float))


def test_spelled_out_metrics_stay_raw():
    assert release(simple("CD (Chamfer Distance)"), [6540.0]).modality[0, 0, 0] == 3270.0
    assert release(simple("cd"), [6540.0]).modality[0, 0, 0] < 0.1


def test_missing_values_of_mapped_metrics_count_as_zero_points():
    scores = release(simple("WER", sota=5.6), [np.nan], [0.0], [4.6])
    assert scores.means[:, 1, 0].tolist() == [0.0, 0.0, pytest.approx(-360.0)]
    assert scores.wins[:, 1].tolist() == [1, 1, 1]  # 0 points beat the specialist's -460
    assert scores.supported[:, 1].tolist() == [0, 0, 1]


def test_negative_values_of_mapped_metrics_are_refused():
    with pytest.raises(gl.InvalidScoreError, match=r"model 'bad', task 't'.*FID.*-3"):
        gl.Scorer(simple("FID"), policy="release").score(np.array([[-3.0]]), models=["bad"])


def test_nothing_is_clipped():
    assert release(simple("Acc"), [140.0]).means[0, 1, 0] == 140.0


def test_level5_maps_the_first_rmse_only_and_fails_on_zero():
    bench = gl.Benchmark(
        ("c", "g", "l1", "l2"), ("image", "image", "language", "language"), ("comprehension", "generation", "", ""),
        ("Acc", "Acc", "RMSE", "RMSE"), np.array([1.0, 1.0, 2.0, 2.0]),
    )  # fmt: skip
    scores = release(bench, [50, 50, 2.5, 3.0], [50, 50, 0.0, 3.0], [50, 50, np.nan, 3.0])
    mapped = 100 * (2 / (1 + np.exp(-2.0)) - 1)
    assert scores.language[0] == pytest.approx((mapped + 3.0) / 2)
    assert np.isnan(scores.overall[1, 3])
    assert scores.to_dict()["models"][1]["overall"]["level5"] is None
    assert any("model 1" in note and "'l1'" in note for note in scores.notes)
    assert scores.language[2] == pytest.approx(1.5)


def test_a_negative_specialist_of_a_mapped_metric_is_refused():
    with pytest.raises(gl.InvalidScoreError, match=r"refuses a negative MS-SSIM of a specialist, here -0.5"):
        release(simple("MS-SSIM", sota=-0.5), [0.5])
