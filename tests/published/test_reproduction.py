"""Which printed figures come out of the tasks, and why the others do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast import published
from glevel_fast.core.benchmark import MODALITIES, PARADIGMS
from glevel_fast.published import Cause, Figure
from glevel_fast.published.causes import ROUNDING
from glevel_fast.published.recomputed import appendix
from glevel_fast.published.reproduction import scored

# Each group of the appendix, as counted by hand from the tasks in an own script: Level-2 and Level-3 to two decimals.
BY_HAND = {
    ("GPT4-o", "image"): (19.67, 14.51),
    ("Otter", "image"): (3.15, 0.68),
    ("LaVIT-V2 (7B)", "image"): (29.50, 3.71),
    ("Qwen2-VL-72B", "video"): (6.89, 5.22),
    ("VidAgent", "video"): (25.00, 8.65),
    ("Qwen-Audio-Chat", "audio"): (28.40, 10.57),
    ("NExT-GPT-V1.5", "audio"): (25.05, 1.34),
    ("PointLLM-13B", "3d"): (7.00, 0.00),
    ("MotionGPT-T5", "3d"): (2.27, 0.00),
}
AS_100 = [
    "AnyGPT", "Emu2-37B", "SEED-LLaMA-13B", "Qwen2-VL-72B", "Gemini-1.5-Pro", "Claude-3.5-Sonnet", "Claude-3.5-Opus",
    "Gemini-1.5-Flash", "Idefics3-8B-Llama3", "DetGPT", "Show-o", "OMG-LLaVA-InternLM20B",
]  # fmt: skip


@pytest.fixture(scope="module")
def comparisons() -> tuple[Figure, ...]:
    return published.compare()


@pytest.fixture(scope="module")
def at(comparisons: tuple[Figure, ...]) -> dict[tuple[str, str, str], Figure]:
    return {(c.kind, c.model, c.where): c for c in comparisons if c.kind != "level beside the skills"}


def test_levels_of_modalities_by_hand() -> None:
    scores = scored()
    for (model, modality), expected in BY_HAND.items():
        found = scores.modality[scores.models.index(model), MODALITIES.index(modality), :2]
        assert np.abs(found - expected).max() < 0.006, model


def test_every_printed_figure_is_compared(comparisons: tuple[Figure, ...]) -> None:
    counted = {kind: total for kind, (total, _, _) in published.summary(comparisons).kinds.items()}
    rows = published.task_support()
    assert counted["skill mean"] == len(published.skill_means()) == 1672
    for kind in ("supported", "supported %", "wins", "wins %"):
        assert counted[kind] == len(rows) == 77
    boards = [(c.kind, c.printed_name, c.where) for c in comparisons if c.table in (12, 14, 16)]
    assert len(set(boards)) == len(boards)
    for row in published.leaderboards():
        for where in MODALITIES:
            if row.score(where):
                assert (f"Level-{row.level} of a modality", row.printed_name, where) in boards
        if row.overall:
            assert (f"Level-{row.level} overall", row.printed_name, "overall") in boards
    beside = sum(bool(level) for row in rows for level in (row.level2, row.level3, row.level4))
    assert sum(bool(c.printed) for c in comparisons if c.kind == "level beside the skills") == beside == 112


def test_comparisons_add_up(comparisons: tuple[Figure, ...]) -> None:
    scores = scored()
    for c in comparisons:
        assert c.kind in published.KINDS
        assert c.reproduced == (not c.why)
        tolerance = 0 if c.kind in ("supported", "wins") else 0.0501 if c.kind.endswith("%") else ROUNDING
        if c.reproduced:
            assert abs(c.difference) <= tolerance, c
        else:
            assert abs(c.difference) > tolerance or c.cause == Cause.PARTS, c
        if c.level and c.model in scores.models:
            i = scores.models.index(c.model)
            column = scores.overall[i] if c.where == "overall" else scores.modality[i, MODALITIES.index(c.where)]
            assert c.recomputed == column[c.level - 2]


def test_counts(comparisons: tuple[Figure, ...]) -> None:
    summary = published.summary(comparisons)
    assert summary.kinds == {
        "skill mean": (1672, 1617, 0),
        "supported": (77, 61, 0),
        "supported %": (77, 48, 0),
        "wins": (77, 48, 0),
        "wins %": (77, 45, 0),
        "level beside the skills": (116, 79, 0),
        "Level-2 of a modality": (120, 66, 24),
        "Level-3 of a modality": (111, 71, 23),
        "Level-4 of a modality": (3, 2, 1),
        "Level-2 overall": (90, 50, 15),
        "Level-3 overall": (82, 57, 17),
        "Level-4 overall": (3, 2, 1),
    }
    assert (summary.reproduced, summary.recomputable) == (2146, 2424)
    assert sum(map(len, summary.groups.values())) + summary.reproduced == len(comparisons)
    lines = str(summary).splitlines()
    assert lines[0] == "2,146 of 2,424 printed figures agree with the tasks within rounding."
    assert max(map(len, lines)) <= 116
    assert max(map(len, summary.text(80).splitlines())) <= 80


def test_three_tasks_as_100_points(at: dict[tuple[str, str, str], Figure]) -> None:
    """Model by model: Image Level-2 alone, by 300 points over 271 tasks and two paradigms."""
    bench, results = published.benchmark(), published.results()
    matting = [i for i, metric in enumerate(bench.metrics) if metric.name in ("SAD", "MSE")]
    assert len(matting) == 3
    found = [c.model for c in at.values() if c.cause == Cause.AS_100]
    assert sorted(found) == sorted(AS_100)
    for model in found:
        c = at["Level-2 of a modality", model, "image"]
        assert abs(c.printed - c.recomputed - 300 / 271 / 2) <= ROUNDING
        assert np.isnan(results.values[results.models.index(model), matting]).all()
        level3 = at.get(("Level-3 of a modality", model, "image"))
        assert level3 is not None
        assert level3.reproduced, "such points are no wins"
    others = [m for m in results.models if ("Level-2 of a modality", m, "image") in at and m not in found]
    alike = [m for m in others if np.isnan(results.values[results.models.index(m), matting]).all()]
    assert sum(at["Level-2 of a modality", m, "image"].reproduced for m in alike) > 30  # printed alike, not counted so


def test_scaled_scores(at: dict[tuple[str, str, str], Figure]) -> None:
    scaled = {(c.model, c.where): c.detail for c in at.values() if c.cause == Cause.SCALED and c.level == 2}
    up, down = "comprehension x 271/158", "comprehension x 158/271"
    assert scaled == {
        ("InternVL2_5-4B", "image"): up,
        ("InternVL2_5-2B", "image"): up,
        ("Monkey-10B-chat", "image"): up,
        ("DeepSeek-VL-7B-Chat", "image"): up,
        ("Vitron-V1", "image"): down,
        ("Sa2VA-8B", "video"): "comprehension x 86/126",
        ("CoLVA-4B", "video"): "comprehension x 86/126",
        ("CoLVA-2B", "video"): "comprehension x 86/126",
    }


def test_one_model_under_two_names(at: dict[tuple[str, str, str], Figure]) -> None:
    assert at["Level-2 of a modality", "InternVL-2.5-8B", "image"].reproduced
    assert at["Level-3 of a modality", "InternVL-2.5-8B", "video"].reproduced
    for level in (2, 3):
        for where, ratio in (("image", "271/158"), ("video", "126/86")):
            c = at[f"Level-{level} of a modality", "InternVL2_5-8B", where]
            assert (c.cause, c.detail) == (Cause.NAME, f"InternVL-2.5-8B x {ratio}")
    assert at["Level-2 of a modality", "ImageBind-LLM", "audio"].detail == "ModaVerse-7b-v0"


def test_wins_of_table_6_are_raw_values_above_the_specialists(at: dict[tuple[str, str, str], Figure]) -> None:
    """Against an own count: also where lower is better, ties left out, all fourteen rows."""
    bench, results = published.benchmark(), published.results()
    group = np.array([g == ("image", "comprehension") for g in zip(bench.modality, bench.paradigm, strict=True)])
    rows = [row for row in published.task_support() if row.group == ("image", "comprehension")]
    assert len(rows) == 14
    for row in rows:
        value = results.values[results.models.index(row.model)][group]
        assert np.count_nonzero(value > bench.sota[group]) == row.wins, row.model
    causes = [at["wins", row.model, "image comprehension"].cause for row in rows]
    assert sorted(set(causes)) == sorted({Cause.NONE, Cause.RAW})
    assert causes.count(Cause.RAW) == 11


def test_other_causes(at: dict[tuple[str, str, str], Figure]) -> None:
    assert at["skill mean", "Sa2VA-8B", "video comprehension 12"].cause == Cause.SHIFTED
    assert at["skill mean", "Sa2VA-8B", "video comprehension 11"].detail == "the mean is printed at skill 12"
    assert at["skill mean", "DeepSeek-VL-2", "video comprehension 1"].cause == Cause.DECIMAL
    assert at["skill mean", "Qwen2-VL-72B", "image comprehension 17"].detail == "39 of 40"
    assert at["skill mean", "AnyGPT", "audio generation 10"].why == (
        "a task printed as not supported has a value in the mean (1.00 more than the sum)"
    )
    assert at["supported", "Qwen-Audio-Chat", "audio comprehension"].detail == "more than the 24 tasks of the group"
    assert (
        at["supported %", "GPT4-V", "image comprehension"].why
        == "a percentage of one task more than the group has (272)"
    )
    assert at["supported %", "LLaMA-mesh", "3d generation"].cause == Cause.FOLLOWS_COUNT
    assert at["Level-3 of a modality", "VidAgent", "video"].cause == Cause.ZERO
    assert at["Level-2 of a modality", "Sa2VA-26B", "video"].cause == Cause.OTHER
    assert at["Level-2 of a modality", "InternVL-2-26B", "video"].detail == "13 tasks of video comprehension"
    parts = at["Level-2 overall", "DeepSeek-VL-2", "overall"]
    assert (parts.cause, parts.detail) == (Cause.PARTS, "5.80; only video entered it")
    assert at["Level-2 overall", "Emu2-37B", "overall"].why.endswith("(image)")
    assert at["skill mean", "SoTA Specialist", "3d comprehension 7"].cause == Cause.CORRECTED
    assert at["skill mean", "SoTA Specialist", "video comprehension 12"].cause == Cause.OTHER


def test_the_parts_of_a_level_are_its_means() -> None:
    scores = scored()
    board = appendix()
    for model in ("Vitron-V1", "AnyGPT", "GPT4-o"):
        for modality in MODALITIES:
            for k, won in enumerate((False, True)):
                mean = sum(board.parts(model, modality, won)) / len(PARADIGMS)
                expected = scores.modality[scores.models.index(model), MODALITIES.index(modality), k]
                assert math.isclose(mean, expected, abs_tol=1e-9)


def test_compare_needs_the_published_scores() -> None:
    other = gl.Benchmark(("a",), ("image",), ("generation",), ("Acc",), np.array([1.0]))
    with pytest.raises(gl.BenchmarkError, match=r"published\.results"):
        published.compare(gl.Scorer(other).score(np.array([[2.0]])))
    bench = published.benchmark()
    with pytest.raises(gl.BenchmarkError, match=r"published\.results"):
        published.compare(gl.Scorer(bench).score(np.full((1, bench.n_tasks), np.nan), models=["mine"]))


def test_the_released_policy_says_so() -> None:
    scores = gl.Scorer(published.benchmark(), "release").score(published.results())
    causes = {c.cause for c in published.compare(scores) if c.level}
    assert causes == {Cause.NONE, Cause.RELEASE}


def test_readings_count_what_they_say() -> None:
    by = {(r.figures, r.reading): r for r in published.readings()}
    wins = [r for r in by.values() if r.figures == "wins"]
    assert [r.taken for r in wins] == [True, False, False, False, False, False]
    assert [(r.agree, r.printed) for r in wins] == [(48, 77), (41, 77), (46, 77), (41, 77), (29, 77), (30, 77)]
    assert by["wins", "raw value > the specialist's, whatever is better"].by_table[6] == (14, 14)
    level2 = [r.agree for r in by.values() if r.figures == "Level-2 of a modality"]
    level3 = [r.agree for r in by.values() if r.figures == "Level-3 of a modality"]
    assert level2 == [66, 44, 34, 66]
    assert level3 == [71, 46, 71]
    summary = published.summary(published.compare())
    assert level2[0] == summary.kinds["Level-2 of a modality"][1]
    assert level3[0] == summary.kinds["Level-3 of a modality"][1]
    assert wins[0].agree == summary.kinds["wins"][1]
    percent = [r for r in by.values() if r.figures == "percentages of the printed counts"]
    assert [r.by_table[6] for r in percent] == [(0, 28), (28, 28)]
    zero = [r.agree for r in by.values() if r.figures == "supported tasks"]
    assert zero == [61, 5]


def test_no_published_cider_is_clipped() -> None:
    bench, results = published.benchmark(), published.results()
    cider = [i for i, metric in enumerate(bench.metrics) if metric.name == "CIDEr"]
    assert cider
    assert np.nanmax(results.values[:, cider]) < 100
