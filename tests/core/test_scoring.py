"""Scorer and Scores: what goes in, what comes out, what is refused."""

import copy
import json
import pickle
import threading

import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl

BENCH = gl.Benchmark(
    ("vqa", "caption", "draw", "edit", "listen", "read"),
    ("image", "image", "image", "image", "audio", "language"),
    ("comprehension", "comprehension", "generation", "generation", "comprehension", ""),
    ("Acc", "BLEU-1", "FID", "PSNR", "Acc", "F1"),
    np.array([60.0, 40.0, 25.0, 20.0, np.nan, 80.0]),
)
RAW = np.array([[60.0, 30.0, 25.0, np.nan, 50.0, 90.0], [np.nan, 50.0, 30.0, 0.0, 0.0, np.nan]])


def test_by_hand():
    """Every number of one small board, worked out on paper."""
    scores = gl.Scorer(BENCH).score(RAW, models=["A", "B"])
    fid = 100 * np.tanh(0.5)  # 25/(2*25)
    assert scores.groups[-1] == ("language", "")
    c, g, s_c, s_g = 45.0, fid / 2, 30.0, fid / 2
    image = [(c + g) / 2, (s_c + s_g) / 2, 2 * s_c * s_g / (s_c + s_g)]
    np.testing.assert_allclose(scores.modality[0, 0], image, rtol=1e-14)
    np.testing.assert_allclose(scores.modality[0, 1], [25.0, 0.0, 0.0], rtol=1e-14)  # nobody beats a missing specialist
    np.testing.assert_allclose(scores.overall[0, :3], [(image[0] + 25) / 2, image[1] / 2, image[2] / 2], rtol=1e-14)
    np.testing.assert_allclose(scores.overall[0, 3], image[2] / 2 * 0.9, rtol=1e-14)
    assert scores.level.tolist() == [5, 3]
    assert scores.supported.tolist() == [[2, 1, 1, 0, 1], [1, 1, 0, 0, 0]]
    assert scores.wins.tolist() == [[1, 1, 0, 0, 1], [1, 0, 0, 0, 0]]
    assert scores.models == ("A", "B")
    assert scores.language.tolist() == [90.0, 0.0]


def test_equal_values_average_to_themselves():
    """29 everywhere is 29, not 28.999999999999996."""
    bench, _ = random_case(1, 271, seed=3)
    bench = gl.Benchmark(bench.tasks, ("image",) * 271, ("comprehension",) * 271, ("Acc",) * 271, np.full(271, 99.0))
    for value in (29.0, 7.0, 0.5, 100.0, 62.5):
        assert gl.Scorer(bench, fractions="keep").score(np.full((1, 271), value)).means[0, 0, 0] == value


def test_rounding_never_lifts_s4_above_s3():
    """1/(1/x) is above x for some x: where S_C and S_G are equal, S4 must still be at most S3."""
    bench = gl.Benchmark(
        ("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([0.25, 0.25])
    )
    x = np.arange(1, 401) / 4
    assert (2 / (1 / x + 1 / x) > x).any()
    scores = gl.Scorer(bench, fractions="keep").score(np.column_stack([x, x]))
    assert np.array_equal(scores.overall[:, 1], x)
    assert (scores.overall[:, 2] <= x).all()
    np.testing.assert_allclose(scores.overall[:, 2], x, rtol=1e-15)


def test_zero_is_missing_unless_it_scores():
    bench = gl.Benchmark(("w",), ("audio",), ("generation",), ("WER",), np.array([0.1]))
    assert gl.Scorer(bench).score(np.array([[0.0]])).supported.sum() == 0
    perfect = gl.Scorer(bench, zero="score").score(np.array([[0.0]]))
    assert perfect.overall[0, 0] == 50.0
    assert perfect.wins.sum() == 1
    fid = gl.Benchmark(("f",), ("image",), ("generation",), ("FID",), np.array([0.1]))
    with pytest.raises(gl.InvalidScoreError, match="z > 0"):
        gl.Scorer(fid, zero="score").score(np.array([[0.0]]))


def test_wins_are_decided_before_mapping():
    """An FID of 0.51 and the specialist's 0.228 both map to 100; the paper counts no win there."""
    bench = gl.Benchmark(("f",), ("3d",), ("generation",), ("FID",), np.array([0.228]))
    scores = gl.Scorer(bench).score(np.array([[0.51], [0.228], [0.2]]))
    assert scores.means[:, 1, 0].tolist() == [100.0, 100.0, 100.0]
    assert scores.wins.sum(axis=1).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "same", [RAW.astype(np.float64, order="F"), np.repeat(RAW, 2, axis=1)[:, ::2], RAW[::-1][::-1], RAW.tolist(),
             np.ma.masked_invalid(RAW)],
    ids=["Fortran", "strided", "reversed", "list", "masked"],
)  # fmt: skip
def test_other_arrays_are_copied_once(same):
    scores = gl.Scorer(BENCH).score(same)
    assert np.array_equal(scores.overall, gl.Scorer(BENCH).score(RAW).overall)


def test_float32_and_integers():
    whole = np.array([[60, 30, 25, 20, 50, 90]])
    expected = gl.Scorer(BENCH).score(whole.astype(np.float64)).overall
    for dtype in (np.float32, np.int64, np.uint8):
        assert np.array_equal(gl.Scorer(BENCH).score(whole.astype(dtype)).overall, expected)


def test_one_model_as_a_vector():
    assert np.array_equal(gl.Scorer(BENCH).score(RAW[0]).overall, gl.Scorer(BENCH).score(RAW[:1]).overall)


def test_inputs_are_not_modified_and_may_be_read_only():
    raw = RAW.copy()
    raw[0, 0] = np.inf
    raw.flags.writeable = False
    before = raw.copy()
    gl.Scorer(BENCH).score(raw)
    assert np.array_equal(raw, before, equal_nan=True)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 5)), r"\(2, 5\).*\(n_models, 6\)"),
        (np.ones((1, 2, 6)), r"\(1, 2, 6\)"),
        (np.array([["a"] * 6]), "array of numbers"),
        (np.array([[True] * 6]), "array of numbers"),
        (np.array([[None] * 6]), "array of numbers"),
        (np.ones((1, 6), complex), "array of numbers"),
    ],
)
def test_wrong_arrays(bad, message):
    with pytest.raises(gl.ResultsError, match=message):
        gl.Scorer(BENCH).score(bad)


def test_a_value_outside_its_domain():
    raw = RAW.copy()
    raw[1, 0], raw[1, 2] = 140.0, -3.0
    with pytest.raises(gl.InvalidScoreError) as caught:
        gl.Scorer(BENCH).score(raw, models=["A", "B"])
    for part in ("'B'", "'vqa'", "Acc", "140", "[0, 100]", "'draw'", "FID", "-3", "z > 0", "invalid"):
        assert part in str(caught.value)
    scores = gl.Scorer(BENCH, invalid="missing").score(raw, models=["A", "B"])
    assert scores.supported[1].sum() == 1
    assert "140" in "".join(scores.notes)
    clean = raw.copy()
    clean[1, [0, 2]] = np.nan
    assert np.array_equal(scores.overall, gl.Scorer(BENCH).score(clean).overall)


def test_the_ends_of_percentages():
    """Alone in their row: nothing else makes the scorer look closer."""
    for value in (-3.0, -5e-324, 100.00000000000001):
        with pytest.raises(gl.InvalidScoreError, match="'vqa'"):
            gl.Scorer(BENCH).score(np.array([[value, 30.0, 25.0, 20.0, 50.0, 90.0]]))
    assert gl.Scorer(BENCH).score(np.array([[100.0, 30.0, 25.0, 20.0, 50.0, 90.0]])).supported[0, 0] == 2
    with pytest.raises(gl.InvalidScoreError, match="fractions"):
        gl.Scorer(BENCH).score(np.array([[1.0, 0.3, 25.0, 20.0, 0.5, 0.9]]))


def test_infinity_is_not_supported():
    raw = RAW.copy()
    raw[0, 2] = np.inf
    scores = gl.Scorer(BENCH).score(raw)
    assert scores.supported[0, 1] == 0
    assert scores.notes == BENCH.notes == ("tasks without a specialist, which nobody can win: 'listen'",)
    raw[0, 2] = -np.inf
    with pytest.raises(gl.InvalidScoreError, match="-inf"):
        gl.Scorer(BENCH).score(raw)


def test_fractions():
    raw = np.array([[0.6, 0.3, 25.0, np.nan, 0.5, 0.9], RAW[0]])
    with pytest.raises(gl.InvalidScoreError, match=r"(?s)'A'.*fractions"):
        gl.Scorer(BENCH).score(raw, models=["A", "B"])
    scaled = gl.Scorer(BENCH, fractions="scale").score(raw, models=["A", "B"])
    assert np.array_equal(scaled.overall[0], scaled.overall[1])
    assert any("'A'" in note for note in scaled.notes)
    kept = gl.Scorer(BENCH, fractions="keep").score(raw, models=["A", "B"])
    assert kept.means[0, 0, 0] == pytest.approx(0.45)
    assert any("'A'" in note for note in kept.notes)


@pytest.mark.parametrize("options", [{"policy": "Paper"}, {"zero": "none"}, {"invalid": "skip"}, {"fractions": True}])
def test_unknown_options(options):
    with pytest.raises(ValueError, match="choose one of"):
        gl.Scorer(BENCH, **options)


def test_results_of_another_benchmark():
    other = gl.Benchmark(("x",), ("image",), ("generation",), ("FID",), np.array([1.0]))
    results = gl.load_results({"A": {"x": 3.0}}, other)
    with pytest.raises(gl.ResultsError, match="another benchmark"):
        gl.Scorer(BENCH).score(results)


def test_dicts_and_frames_are_loaded():
    scores = gl.Scorer(BENCH).score(
        {"A": dict(zip(BENCH.tasks, RAW[0].tolist(), strict=True)), "B": {"caption": 50, "draw": 30.0}}
    )
    expected = gl.Scorer(BENCH).score(RAW, models=["A", "B"])
    assert scores.models == expected.models
    assert np.array_equal(scores.overall, expected.overall)
    assert scores.absent.tolist() == [0, 4]


def test_policies_pickles_and_repr():
    for scorer in (gl.Scorer(BENCH), gl.Scorer(BENCH, "release"), gl.reference.Scorer(BENCH, zero="score")):
        for twin in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
            assert repr(twin) == repr(scorer)
            assert type(twin) is type(scorer)
            assert np.array_equal(twin.score(RAW).overall, scorer.score(RAW).overall)
    scores = gl.Scorer(BENCH).score(RAW)
    assert np.array_equal(pickle.loads(pickle.dumps(scores)).overall, scores.overall)


def test_one_scorer_many_threads():
    bench, raw = random_case(400, 300, seed=9)
    scorer = gl.Scorer(bench)
    expected = scorer.score(raw, threads=1).overall
    wrong = []

    def work():
        for _ in range(20):
            if not np.array_equal(scorer.score(raw).overall, expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("threads", [0, -1])
def test_bad_threads(threads):
    with pytest.raises(ValueError, match="1 or more"):
        gl.Scorer(BENCH).score(RAW, threads=threads)


@pytest.mark.parametrize("make", [gl.Scorer, gl.reference.Scorer], ids=["engine", "reference"])
def test_overall_alone(make):
    """The quick way gives the same bits, and refuses the same input."""
    scorer = make(BENCH)
    for raw in (RAW, RAW[:1], RAW[1], RAW.tolist(), RAW.astype(">f8"), np.empty((0, 6))):
        assert np.array_equal(scorer.overall(raw), scorer.score(raw).overall)
    with pytest.raises(gl.ResultsError, match="n_models, 6"):
        scorer.overall(RAW[:, :5])
    with pytest.raises(gl.InvalidScoreError, match="140"):
        scorer.overall(np.array([[140.0, 30, 25, 20, 50, 90]]))
    assert np.array_equal(gl.Scorer(BENCH, "release").overall(RAW), gl.Scorer(BENCH, "release").score(RAW).overall)


def test_no_models():
    scores = gl.Scorer(BENCH).score(np.empty((0, 6)))
    assert scores.overall.shape == (0, 4)
    assert scores.to_dict()["models"] == []
    assert "0 models" in repr(scores)


def test_to_dict_is_json_in_full_precision():
    scores = gl.Scorer(BENCH).score(RAW, models=["A", "B"])
    back = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert back["models"][0]["overall"]["level3"] == scores.overall[0, 1]
    assert back["models"][0]["modality"]["image"]["wins"] == {"comprehension": 1, "generation": 1}
    assert back["models"][0]["language"] == {"supported": 1, "wins": 1, "score": 90.0}
    assert back["benchmark"] == {"tasks": 6, "sha256": BENCH.sha256}
    assert (back["models"][0]["level"], back["policy"]) == (5, "paper")


def test_frames_out():
    pytest.importorskip("narwhals")
    scores = gl.Scorer(BENCH).score(RAW, models=["A", "B"])
    frames = [scores.to_pandas(), scores.to_polars(), scores.to_arrow()]
    for frame in frames:
        column = frame["level2"].to_numpy() if hasattr(frame["level2"], "to_numpy") else np.array(frame["level2"])
        assert np.array_equal(column, scores.overall[:, 0])
    names = frames[0].columns.tolist()
    assert names[:6] == ["model", "level", "level2", "level3", "level4", "level5"]
    assert "image_generation_supported" in names
    assert "language_wins" in names


def test_shows_itself():
    scores = gl.Scorer(BENCH).score(RAW, models=["A", "<script>alert(1)</script>\x1b[31m"])
    text = repr(scores)
    assert "2 models" in text
    assert "\x1b" not in text
    page = scores._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
