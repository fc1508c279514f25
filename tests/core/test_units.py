"""Units: judged per group, for the benchmark and for each model; what is scaled is scaled exactly."""

import pickle

import numpy as np
import pytest
from generate import random_case, usual_case
from hypothesis import given
from hypothesis import strategies as st

import glevel_fast as gl
from glevel_fast import Benchmark, BenchmarkError, InvalidScoreError, Scorer, load_benchmark, load_results
from glevel_fast.cli.main import main
from glevel_fast.io.cells import hundredfold, hundredfolds, widened

PARTS = [("image", "comprehension")] * 3 + [("image", "generation")] * 2 + [("language", "")] * 2
NAMES = ("vqa", "ocr", "cap", "t2i", "edit", "mt", "sum")


def bench(
    sota=(76, 80, 110, 25, 60, 35, 40), metric=("Acc", "ANLS", "CIDEr", "FID", "Acc", "BLEU-4", "ROUGE-L"), **more
):
    modality, paradigm = zip(*PARTS, strict=True)
    return Benchmark(NAMES, modality, paradigm, metric, sota, **more)


def score(values, benchmark=None, **options):
    benchmark = benchmark or bench()
    return Scorer(benchmark, **options).score({"M": dict(zip(NAMES, values, strict=True))})


def test_one_specialist_in_a_fraction_is_noted():
    """0.76 among percents: whoever has 60.5 percent would win, and nobody would know why."""
    said = "specialists of at most 1 among percents, which may be fractions: 'vqa' (Acc 0.76)"
    values = [60.5, 80, 90, 20, 50, 36, 40]
    assert said in score(values, bench((0.76, 80, 110, 25, 60, 35, 40))).notes
    assert not any("at most 1 among" in note for note in score(values).notes)
    assert not any("at most 1 among" in note for note in score(values, bench((2, 0.8, 3, 25, 4, 3, 2))).notes)


# The model


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ([70, 80, 90, 20, 50, 0.36, 0.4], ["language"]),  # a real pipeline: language in fractions, the rest not
        ([0.7, 0.8, None, 20, 50, 36, 40], ["image comprehension"]),
        ([0.7, None, 1.0, 20, 50, 36, 40], ["image comprehension"]),  # CIDEr is a percentage too
        ([0.7, 0.8, 0.9, 20, 0.5, 0.3, 0.4], ["image comprehension", "image generation", "language"]),
        ([0.7, None, None, 20, 0.5, 0.3, None], ["image comprehension", "image generation", "language"]),  # one each
    ],
)
def test_a_group_in_fractions(values, groups):
    with pytest.raises(InvalidScoreError) as caught:
        score(values)
    for word in ("model 'M'", *groups, "--fractions scale", "--fractions keep"):
        assert word in str(caught.value)
    scaled, kept = score(values, fractions="scale"), score(values, fractions="keep")
    given = np.array([np.nan if v is None else v for v in values], dtype=float)
    exact = [hundredfold(x) if x == x else x for x in given.tolist()]
    whole = np.array([" ".join(filter(None, part)) in groups for part in PARTS]) & (np.arange(7) != 3)
    np.testing.assert_array_equal(scaled.raw[0], np.where(whole, exact, given))
    np.testing.assert_array_equal(kept.raw[0], given)
    assert any(note.startswith("percentages given as fractions, multiplied by 100: 'M'") for note in scaled.notes)
    assert any(note.startswith("percentages all at most 1, as they are: 'M'") for note in kept.notes)


@pytest.mark.parametrize(
    "values",
    [
        [70, 80, 90, 20, 50, 36, 40],
        [0.7, 80, 90, 20, 50, 36, 40],
        [0.7, 1.1, None, 20, 50, 36, 40],
        [0.7, 0, 0, 20, 50, 36, 40],  # exact zeros are not supported
        [None] * 7,
        [0] * 7,
    ],
)
def test_what_is_no_group_in_fractions(values):
    scores = score(values)
    assert scores.looked == ()


def test_low_percents_of_a_hard_group():
    """Where the median specialist has 5 % or less, values of at most 1 % are what one expects."""
    hard = bench(sota=(3, 5, 4, 25, 60, 35, 40))
    assert score([0.5, 0.8, 0.4, 20, 50, 36, 40], hard).looked == ()
    with pytest.raises(InvalidScoreError, match=r"median specialist has 5\.5"):
        score([0.5, 0.8, None, 20, 50, 36, 40], bench(sota=(5, 6, 4, 25, 60, 35, 40)))


def test_tasks_with_a_scale_are_in_their_own_unit():
    own = bench(sota=(0.76, 0.8, 110, 25, 60, 35, 40), scale=[100.0, 100.0, 1, 1, 1, 1, 1])
    scores = score([0.7, 0.8, 90, 20, 50, 36, 40], own)
    assert scores.looked == ()
    assert scores.means[0, 0, 0] == pytest.approx((70 + 80 + 90) / 3)
    assert scores.wins[0, 0] == 1


def test_single_values_are_noted():
    scores = score([0.36, 80, 90, 20, 50, 36, 40])
    assert "'M' on 'vqa' (0.36, specialist 76)" in scores.notes[-1]
    assert "1 value of at most 1 among percents" in scores.notes[-1]
    alone = score([70, 80, 90, 20, 50, 0.01, None])  # its hundredfold is far from 35, but there is no other to judge by
    assert "'M' on 'mt' (0.01, specialist 35)" in alone.notes[-1]
    assert not any("may be fractions" in note for note in score([0.01, 80, 90, 20, 50, 36, 40]).notes)
    array = Scorer(bench()).score(np.array([[0.36, 80, 90, 20, 50, 36, 40.0]]))
    assert "'model 0' on 'vqa'" in array.notes[-1]


@pytest.mark.parametrize("command", ["score", "board", "explain", "report", "snapshot"])
def test_in_every_command(tmp_path, monkeypatch, capsys, command):
    if command == "report":
        pytest.importorskip("jinja2", reason="the extra `report` is not installed")
    monkeypatch.chdir(tmp_path)
    lines = [",".join((n, m, p, "Acc", "70")) for n, (m, p) in zip(NAMES, PARTS, strict=True)]
    (tmp_path / "b.csv").write_text("\n".join(["task,modality,paradigm,metric,sota", *lines]))
    (tmp_path / "r.csv").write_text("model," + ",".join(NAMES) + "\nM,70,80,90,20,50,0.3,0.4\n")
    model, output = (["M"] if command == "explain" else []), {"report": ["-o", "out"], "snapshot": ["-o", "s.json"]}
    arguments = [command, *model, "r.csv", "-b", "b.csv", *output.get(command, [])]
    assert main(arguments) == 1
    assert "r.csv: model 'M', language: 2 values, the largest Acc 0.4" in capsys.readouterr().err
    assert main([*arguments, "--fractions", "scale"]) == 0
    if command in ("score", "board", "explain", "report"):
        assert "multiplied by 100: 'M' (language)" in capsys.readouterr().err


# The benchmark


def test_a_benchmark_in_fractions():
    fractions = bench(sota=(0.76, 0.8, 1.1, 25, 60, 0.57, 0.29))
    with pytest.raises(BenchmarkError) as caught:
        Scorer(fractions)
    for word in ("in language", "'mt' BLEU-4 0.57", "`scale` of 100", "--fractions scale"):
        assert word in str(caught.value)
    values = [70, 80, 90, 20, 50, 0.57, 0.3]
    scores = score(values, fractions, fractions="scale")
    assert scores.benchmark.sota.tolist() == [0.76, 0.8, 1.1, 25, 60, 57.0, 29.0]
    assert scores.raw[0].tolist() == [70, 80, 90, 20, 50, 57.0, 30.0]
    assert scores.wins[0, -1] == 2  # a tie, and one more
    assert "specialists given as fractions, multiplied by 100, in language: 'mt', 'sum'" in scores.notes
    again = pickle.loads(pickle.dumps(Scorer(fractions, fractions="scale")))
    assert again.score(scores.given).raw.tolist() == scores.raw.tolist()
    kept = score(values, fractions, fractions="keep")
    assert kept.benchmark.sota[-1] == 0.29
    assert "specialists all at most 1 percent, taken as they are, in language: 'mt', 'sum'" in kept.notes


def test_a_whole_table_in_fractions():
    modality, paradigm = ("image", "image", "language"), ("comprehension", "generation", "")
    table = Benchmark(("a", "b", "c"), modality, paradigm, ("Acc",) * 3, [0.7, 0.8, 0.04])
    with pytest.raises(BenchmarkError, match="image comprehension, image generation, language"):
        Scorer(table)
    scores = Scorer(table, fractions="scale").score([[0.7, 0.9, 0.03], [70.0, 90.0, 3.0]])
    np.testing.assert_array_equal(scores.raw, [[70, 90, 3], [70, 90, 3]])
    assert Scorer(Benchmark(("a",), ("image",), ("generation",), ("Acc",), [0.7])) is not None  # one says little


def test_other_policies_and_scales_are_not_judged():
    fractions = bench(sota=(0.76, 0.8, 1.1, 25, 60, 0.57, 0.29))
    assert Scorer(fractions, "release").score([[70, 80, 90, 20, 50, 0.5, 0.3]]).looked == ()
    assert Scorer(bench(sota=(76, 80, 110, 25, 60, 0.57, 0.29), scale=[1, 1, 1, 1, 1, 100, 100])) is not None


# Word error rates


def asr(sota, values, **options):
    names = [f"asr {i}" for i in range(len(sota))]
    table = {"task": names, "modality": ["audio"] * len(sota), "paradigm": ["comprehension"] * len(sota),
             "metric": ["WER"] * len(sota), "sota": sota}  # fmt: skip
    benchmark = load_benchmark(table)
    return Scorer(benchmark, **options).score(load_results({"M": dict(zip(names, values, strict=True))}, benchmark))


def test_a_fraction_among_percents():
    with pytest.raises(InvalidScoreError, match=r"fraction among percents.*\n.*'asr 1': WER of 0\.12, where.* 5\.6"):
        asr([4.0, 5.6], [4.2, 0.12])
    assert asr([4.0, 5.6], [4.2, 0.12], fractions="scale").raw.tolist() == [[4.2, 12.0]]
    kept = asr([4.0, 5.6], [4.2, 0.12], fractions="keep")
    assert kept.raw.tolist() == [[4.2, 0.12]]
    assert "word error rates that look like fractions, as they are: 'M' on 'asr 1'" in kept.notes
    near = asr([4.0, 5.6], [4.2, 0.3])  # 18.7 times better: not sure enough for an error
    assert "'M' on 'asr 1' (0.3, specialist 5.6)" in near.notes[-1]
    assert not any("may be fractions" in note for note in asr([4.0, 1.2], [4.2, 0.8]).notes)


def test_a_percent_among_fractions():
    with pytest.raises(InvalidScoreError, match=r"percent among fractions.*\n.*'asr 0': WER of 5\.6, where.* 0\.04"):
        asr([0.04, 0.056], [5.6, 0.06])
    assert asr([0.04, 0.056], [1.9, 0.06]).looked == ()  # more errors than words: it happens
    assert asr([0.04, 0.056], [5.6, 0.06], fractions="keep").overall[0, 0] > 0


def test_a_scale_that_was_given_is_believed():
    table = {"task": ["a"], "modality": ["audio"], "paradigm": ["generation"], "metric": ["WER"], "sota": [5.6]}
    benchmark = load_benchmark(table | {"scale": [0.01]})
    assert Scorer(benchmark).score({"M": {"a": 0.12}}).looked == ()


# Exactness


@given(st.floats(0, 1) | st.decimals(0, 1, places=4).map(float) | st.floats(0, 1e300))
def test_a_hundredfold_is_that_of_the_decimals(x):
    from decimal import Decimal

    exact = float(Decimal(repr(x)) * 100)
    assert hundredfold(x) == exact
    assert hundredfolds(np.array([x]))[0] == exact


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@given(data=st.data())
def test_narrow_floats_are_widened_by_their_shortest_decimal(dtype, data):
    width = 32 if dtype is np.float32 else 16
    values = np.array(data.draw(st.lists(st.floats(width=width), min_size=1)), dtype=dtype)
    np.testing.assert_array_equal(widened(values), [float(str(x)) for x in values])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_ties_do_not_hang_on_the_type(tmp_path, dtype):
    pd, pl = (pytest.importorskip(name, reason="the group `test` is not installed") for name in ("pandas", "polars"))
    sota = [78.1, 35.1, 76.4, 21.4, 57.3, 0.1, 99.9]
    benchmark = bench(sota=sota)
    row = np.array(sota, dtype=dtype)
    arrays = {name: row[i : i + 1] for i, name in enumerate(NAMES)}
    frame = pd.DataFrame({"model": ["M"]} | arrays)
    if dtype is np.float32:
        frame.to_parquet(tmp_path / "r.parquet", index=False)
    sources = [row, row[np.newaxis], frame, {"M": dict(zip(NAMES, row, strict=True))}]
    sources.append(gl.Results.from_array(["M"], row[np.newaxis], benchmark))
    if dtype is np.float32:
        sources += [tmp_path / "r.parquet", pl.DataFrame({"model": ["M"]} | arrays)]
    for source in sources:
        scores = Scorer(benchmark).score(source)
        assert scores.wins.sum() == 7, source
        assert scores.raw.tolist() == [sota]


def test_near_ties_are_noted():
    scores = score([76 * (1 - 1e-12), 80, 90, 25 + 1e-9, 50, 36, 40])
    (note,) = [note for note in scores.notes if note.startswith("near ties")]
    assert "'vqa' (75.999999999924, specialist 76.0)" in note
    assert "'t2i' (25.000000001, specialist 25.0)" in note
    assert "'ocr'" not in note
    assert scores.wins[0, 0] == 1
    receipt = scores.receipt("M", 2)
    text = receipt.sheet().text()
    assert "75.999999999924" in text
    assert "25.000000001" in text
    assert "75.999999999924" in receipt.lacking_sheet().text()
    assert "7.6e-11" in receipt.lacking_sheet().text()
    assert not any("near ties" in note for note in score([76 * (1 - 1e-8), 80, 90, 26, 50, 36, 40]).notes)


# The engine


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zero", ["missing", "score"])
def test_the_engine_sees_every_group_in_fractions(seed, zero):
    """Its quick look may see too many, never too few, and just what its twin sees."""
    benchmark, raw = (random_case if seed % 2 else usual_case)(60, 90, seed)
    raw[raw < 0] = np.nan
    rng = np.random.default_rng(seed)
    for i in range(0, 60, 2):
        group = benchmark.group_of_task == rng.integers(0, 9)
        raw[i, group] = np.where(rng.random(group.sum()) < 0.5, rng.random(group.sum()), np.nan)
    scorer = Scorer(benchmark, zero=zero, invalid="missing", fractions="keep")
    *_, suspect = scorer.compiled.engine.score(raw, 2)
    twin = scorer.compiled.twin
    np.testing.assert_array_equal(suspect, twin.score(raw)[-1])
    from glevel_fast.core.units import doubts

    found = doubts(raw, benchmark, zero).fractions.any(axis=1)
    assert found.any()
    assert suspect[found].all()
    for i in range(60):
        one = Scorer(benchmark, zero=zero, invalid="missing")
        if found[i]:
            with pytest.raises(InvalidScoreError, match="look like fractions"):
                one.overall(raw[i : i + 1])
