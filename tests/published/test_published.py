"""The paper's tables: names, units, and which printed figures come out again."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from glevel_fast import Scores, published
from glevel_fast.api import Scorer
from glevel_fast.core.benchmark import MODALITIES, Benchmark
from glevel_fast.errors import BenchmarkError
from glevel_fast.published import paper
from glevel_fast.published.paper import Comparison, Reason

# Level-2 as printed, and the tolerance the tables allow.
EXACT = {
    "audio": [
        "Qwen-Audio-Chat",
        "Qwen2-Audio-Instruct",
        "GAMA",
        "Pengi",
        "SALMONN-13B",
        "WavLLM",
        "PandaGPT-13B",
    ],
    "3d": ["3D-VisTA", "PointLLM-7B", "PointLLM-13B", "3D-LLM-2.1B", "AvatarGPT", "LLaMA-mesh"],
    "video": [
        "InternVL-2.5-8B",
        "InternVL-2.5-26B",
        "Qwen2-VL-72B",
        "DeepSeek-VL-2",
        "LLaVA-One-Vision-72B",
        "InternVL-2-8B",
        "Long-LLaVA-9B",
    ],
}
CLOSE = [
    "GPT4-V",
    "GPT4-o",
    "Phi-3.5-Vision-Instruct",
    "DeepSeek-VL-7B-Base",
    "MoE-LLAVA-Phi2-2.7B-4e-384",
    "mPLUG-Owl2-LLaMA2-7b",
]


@pytest.fixture(scope="module")
def scores() -> Scores:
    return Scorer(published.benchmark()).score(published.results())


@pytest.fixture(scope="module")
def comparisons(scores: Scores) -> dict[tuple[str, str, int], Comparison]:
    return {(c.model, c.modality, c.level): c for c in published.compare(scores)}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("glevel_fast.published").joinpath("data", name).read_text("utf-8").splitlines()))


# --- the tables ------------------------------------------------------------------------------


def test_bundled_tables_are_unmodified_copies(shared: Path) -> None:
    for source in (shared / "published").glob("*.csv"):
        assert files("glevel_fast.published").joinpath("data", source.name).read_bytes() == source.read_bytes(), (
            source.name
        )


def test_importing_published_reads_nothing_and_loads_no_scorer() -> None:
    code = (
        "import sys\n"
        "import glevel_fast.core.results\n"
        "before = set(sys.modules)\n"
        "from glevel_fast import published\n"
        "assert not published.skills.cache_info().currsize\n"
        "heavy = {'pandas', 'polars', 'pyarrow', 'narwhals', 'rich', 'python_calamine'}\n"
        "assert not heavy & (set(sys.modules) - before)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_benchmark_has_the_weights_of_table_2() -> None:
    bench = published.benchmark()
    assert bench.n_tasks == 145
    totals = np.bincount(bench.group_of_task, bench.weight).tolist()
    assert totals == [271, 45, 126, 46, 24, 20, 30, 22, 22]
    assert bench.tasks[10] == "image comprehension 11"
    assert bench.tasks[-1] == "language 22"
    assert published.benchmark() is bench


def test_metrics_scales_and_mixed_skills() -> None:
    bench = published.benchmark()
    at = {task: i for i, task in enumerate(bench.tasks)}
    expected = {
        "image comprehension 11": ("RMS", 1.0),
        "image comprehension 24": ("MAE", 1.0),
        "image comprehension 3": ("Percent", 1.0),  # Acc;mIoU
        "video comprehension 20": ("Percent", 1.0),  # BLEU-1;CIDEr;F-score;Macro-Acc
        "audio generation 6": ("CIDEr", 1.0),
        "audio generation 9": ("WER", 0.01),
        "3d comprehension 7": ("RTE", 0.01),
        "language 13": ("RMSE", 1.0),
        "language 1": ("Percent", 1.0),
    }
    for task, (metric, scale) in expected.items():
        assert (bench.metrics[at[task]].name, bench.scale[at[task]]) == (metric, scale), task
    mixed = published.mixed_skills()
    assert len(mixed) == 14
    assert {"image comprehension 27", "image generation 3", "audio generation 4", "video generation 1"} <= set(mixed)
    assert np.isnan(bench.sota[[at[task] for task in mixed]]).all()
    assert not np.isnan(np.delete(bench.sota, [at[task] for task in mixed])).any()
    assert [s.name for s in published.skills() if s.metric is not None and not s.exact] == [
        "image comprehension 24",
        "video comprehension 13",
        "video comprehension 19",
        "audio generation 9",
        "3d generation 2",
    ]


def test_a_sum_of_four_values_below_100_cannot_meet_the_bound_of_cider() -> None:
    """Video comprehension 20 holds one CIDEr among percents; its mean maps to itself only below 100."""
    values = published.results().values[:, published.benchmark().tasks.index("video comprehension 20")]
    assert np.nanmax(values) * 4 < 100


def test_results_merge_the_tables_under_one_name() -> None:
    results, bench = published.results(), published.benchmark()
    assert len(results.models) == len(set(results.models)) == 55
    at = {task: i for i, task in enumerate(bench.tasks)}

    def value(model: str, task: str) -> float:
        return float(results.values[results.models.index(model), at[task]])

    assert value("Emu2-37B", "image comprehension 1") == 53.76
    assert value("Emu2-37B", "image generation 1") == 93.52
    assert value("Emu2-37B", "language 1") == 32.91
    assert value("InternVL2_5-8B", "image comprehension 1") == 59.96
    assert value("InternVL-2.5-8B", "video comprehension 1") == 33.15
    assert np.isnan(value("InternVL-2.5-8B", "image comprehension 1"))
    assert value("Audio-GPT4", "audio generation 1") == 0.50
    assert np.isnan(value("GPT4-V", "image comprehension 4"))  # printed 0.00
    assert not (results.values == 0).any()
    assert np.isnan(results.values[:, [at[task] for task in published.mixed_skills()]]).all()
    assert results.absent is not None
    assert results.absent[results.models.index("GPT4-V")] == 145 - 40 - 22
    assert "LM4LV" in results.notes[0]


def test_boards_and_support_as_printed() -> None:
    boards = published.leaderboards()
    assert Counter(row.level for row in boards) == {2: 102, 3: 102, 4: 3}
    best = boards[0]
    assert (best.level, best.model, best.rank, best.overall, best.score("audio")) == (
        2,
        "Unified-io-2-XXL",
        1,
        13.70,
        25.63,
    )
    assert next(r for r in boards if r.model == "Mini-Gemini").overall == 6.975
    support = published.task_support()
    assert len(support) == 77
    emu = next(r for r in support if r.model == "Emu2-37B" and r.paradigm == "generation")
    assert (emu.printed_name, emu.supported, emu.wins, emu.level4, emu.level5) == ("Emu2-32B", 34, 2, 1.25, None)
    assert len(published.generalists()) == 102


# --- names -----------------------------------------------------------------------------------


def test_every_name_of_the_tables_is_on_the_level_2_board() -> None:
    board = {row.model for row in published.leaderboards() if row.level == 2}
    assert {row.model for row in published.leaderboards()} == board
    assert {row.model for row in published.task_support()} <= board
    assert set(published.results().models) == {row.model for row in published.task_support()}
    unknown = {row.model for row in published.generalists()} - board
    assert unknown == {"Baichuan2-7B-Chat", "Mini-InternVL-Chat-2B-V1-5"}  # other models than the boards'


def test_aliases_are_used_and_lead_to_the_level_2_board() -> None:
    board = {row.model for row in published.leaderboards() if row.level == 2}
    names: dict[int, set[str]] = {
        4: {row.printed_name for row in published.generalists()},
        14: {row.printed_name for row in published.leaderboards() if row.level == 3},
    }
    for support in published.task_support():
        names.setdefault(paper.GROUP_TABLE[support.modality, support.paradigm], set()).add(support.printed_name)
    aliases = rows("aliases.csv")
    assert len({(row["table"], row["printed"]) for row in aliases}) == len(aliases)
    for row in aliases:
        assert row["printed"] in names[int(row["table"])], row
        assert row["canonical"] in board, row
        assert row["evidence"], row


def test_an_alias_is_borne_out_by_the_figures_beside_it() -> None:
    """Tables 6 to 10 print the modality's levels again: they must be the board's, name by name."""
    boards = {(row.level, row.model): row for row in published.leaderboards()}
    checked = 0
    for row in published.task_support():
        for level, printed in ((2, row.level2), (3, row.level3), (4, row.level4)):
            if printed:
                assert boards[level, row.model].score(row.modality) == printed, row
                checked += 1
    assert checked == 112


def test_names_that_look_alike_stay_apart() -> None:
    assert published.canonical_name("InternVL2.5-8B", 6) == "InternVL2_5-8B"
    assert published.canonical_name("InternVL-2.5-8B", 8) == "InternVL-2.5-8B"
    assert published.canonical_name("InternVL2.5-8B", 8) == "InternVL2.5-8B"  # no guessing


# --- the figures -----------------------------------------------------------------------------


@pytest.mark.parametrize(("modality", "model"), [(m, model) for m, models in EXACT.items() for model in models])
def test_level_2_comes_out_as_printed(
    comparisons: dict[tuple[str, str, int], Comparison], modality: str, model: str
) -> None:
    comparison = comparisons[model, modality, 2]
    assert comparison.reproduced, comparison
    assert abs(comparison.difference) <= 0.015


@pytest.mark.parametrize("model", CLOSE)
def test_level_2_with_a_mapped_mean_comes_close(
    comparisons: dict[tuple[str, str, int], Comparison], model: str
) -> None:
    comparison = comparisons[model, "image", 2]
    assert abs(comparison.difference) <= 0.15
    assert comparison.reproduced or comparison.reason == Reason.MEAN


def test_comparisons_add_up(scores: Scores, comparisons: dict[tuple[str, str, int], Comparison]) -> None:
    for c in comparisons.values():
        i = scores.models.index(c.model)
        column = ("overall", *MODALITIES).index(c.modality) - 1
        expected = scores.overall[i, c.level - 2] if column < 0 else scores.modality[i, column, c.level - 2]
        assert c.recomputed == expected
        assert c.reproduced == (not c.why)
        assert c.printed or c.recomputed
        if c.reproduced:
            assert abs(c.difference) <= paper.TOLERANCE
        else:
            assert abs(c.difference) > paper.TOLERANCE or c.reason in (Reason.OVERALL, Reason.ABSENT)


def test_lower_bounds_hold(comparisons: dict[tuple[str, str, int], Comparison]) -> None:
    bounds = [c for c in comparisons.values() if c.reason == Reason.MIXED]
    assert len(bounds) == 15
    assert all(c.recomputed < c.printed for c in bounds)


def test_what_is_not_reproduced_and_why(comparisons: dict[tuple[str, str, int], Comparison]) -> None:
    def odd(level: int) -> set[tuple[str, str]]:
        return {(c.model, c.modality) for c in comparisons.values() if c.reason == Reason.ODD and c.level == level}

    modalities = {(model, modality) for model, modality in odd(2) if modality != "overall"}
    assert modalities == {
        ("InternVL2_5-8B", "image"),
        ("Gemini-1.5-Pro", "image"),
        ("Gemini-1.5-Flash", "image"),
        ("Claude-3.5-Opus", "image"),
        ("Qwen2-VL-72B", "image"),
        ("Sa2VA-8B", "video"),
        ("Sa2VA-26B", "video"),
        ("CoLVA-4B", "video"),
        ("MotionGPT-T5", "3d"),
        ("MotionGPT-LLaMA", "3d"),
    }
    why = comparisons["ModaVerse-7b-v0", "3d", 3].why
    assert why == "odd printed figure (above the printed Level-2 of 0.00)"
    assert comparisons["AvatarGPT", "3d", 3].why == "odd printed figure (the tables count no win)"
    assert comparisons["InternVL-2.5-8B", "image", 2].reason == Reason.ABSENT
    assert comparisons["AnyGPT", "image", 2].detail == "image comprehension"
    assert comparisons["Vitron-V1", "image", 2].detail == "image generation 3, 4, 6, 12, 14, 15"
    assert comparisons["GPT4-o", "image", 2].detail == "image comprehension 24: 9 x MAE"
    assert comparisons["Emu2-37B", "image", 4].reason == Reason.WINS


def test_an_overall_that_leaves_out_a_modality_is_not_reproduced(
    comparisons: dict[tuple[str, str, int], Comparison],
) -> None:
    """DeepSeek-VL-2 and Long-LLaVA-9B: print divides the video score alone by 4, and so would we."""
    for model, mean in (("DeepSeek-VL-2", "5.80"), ("Long-LLaVA-9B", "4.02")):
        c = comparisons[model, "overall", 2]
        assert abs(c.difference) < 0.015
        assert not c.reproduced
        assert c.reason == Reason.OVERALL
        assert c.detail == f"{mean}; only video entered it"


def test_summary_counts_and_names(scores: Scores) -> None:
    comparisons = published.compare(scores)
    summary = published.summary(comparisons)
    assert summary.by_level == {2: (37, 77), 3: (0, 64), 4: (0, 4)}
    assert (summary.reproduced, summary.recomputable) == (37, 145)
    assert sum(map(len, summary.groups.values())) + summary.reproduced == len(comparisons)
    text = str(summary)
    assert text.splitlines()[0] == (
        "Reproduced within 0.015: 37 of 145 printed figures (Level-2: 37 of 77, Level-3: 0 of 64, Level-4: 0 of 4)."
    )
    assert max(map(len, text.splitlines())) <= 116
    assert "2: the printed overall is not the mean of its printed modalities: Long-LLaVA-9B, DeepSeek-VL-2" in text


def test_compare_needs_the_published_benchmark() -> None:
    other = Benchmark(("a",), ("image",), ("generation",), ("Acc",), np.array([1.0]))
    with pytest.raises(BenchmarkError, match=r"published\.benchmark"):
        published.compare(Scorer(other).score(np.array([[2.0]])))


def test_compare_leaves_out_models_the_paper_does_not_list() -> None:
    bench = published.benchmark()
    scores = Scorer(bench).score(np.full((1, bench.n_tasks), np.nan), models=["mine"])
    assert published.compare(scores) == ()


def test_the_released_scorer_knows_no_weights() -> None:
    scores = Scorer(published.benchmark(), "release").score(published.results())
    reasons = {c.reason for c in published.compare(scores)}
    assert reasons <= {Reason.NONE, Reason.RELEASE, Reason.OVERALL, Reason.ABSENT}
