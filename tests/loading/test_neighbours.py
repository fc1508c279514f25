"""Real result files of other tools, which are not bundled: what is in them comes out."""

from __future__ import annotations

from collections import Counter

import pytest

from glevel_fast.errors import ResultsError
from glevel_fast.loading.importing import import_results


@pytest.fixture(scope="module")
def neighbours(shared):
    folder = shared / "neighbours"
    if not folder.is_dir():
        pytest.skip(f"no results of other tools at {folder}")
    return folder


def everything(neighbours, format, folder):  # noqa: A002
    options = {"groups": "both", "limited": "keep", "on_duplicate": "keep"}
    return import_results(format, neighbours / folder, **options)


def test_together_most_values_share_their_name_with_another(neighbours):
    """What an import must not settle by taking the last one."""
    names = Counter()
    for format, folder in (  # noqa: A001
        ("lm-eval", "lm_eval"), ("lm-eval", "lm_eval_old"), ("helm", "helm"), ("inspect", "inspect"),
        ("mteb", "mteb"), ("mteb", "mteb_old"), ("eee", "eee"), ("vlmevalkit", "vlmevalkit"),
    ):  # fmt: skip
        names.update((row.model, row.task, row.metric) for row in everything(neighbours, format, folder).rows)
    shared = sum(n for n in names.values() if n > 1)
    assert (names.total(), shared) == (1471, 1266)


def test_lm_eval(neighbours):
    perturbed, rephrased = everything(neighbours, "lm-eval", "lm_eval").rows
    assert (perturbed.task, perturbed.value, perturbed.n, perturbed.shots) == ("math_perturbed_full", 0.0, 5000, "0")
    assert (rephrased.value, rephrased.stderr, rephrased.better) == (0.0004, 0.0002828144211304471, "higher")
    assert perturbed.model == "RylanSchaeffer/mem_Qwen3-93M_minerva_math_rep_0_sbst_1.0000_epch_1_ot_1"
    assert (perturbed.revision[:8], perturbed.date) == ("82047f5e", "2026-01-21T02:59:43Z")


def test_lm_eval_0_3_differs_in_shots(neighbours):
    files = neighbours / "lm_eval_old"
    with pytest.raises(ResultsError, match=r"1024 values share model.*\n.*differ in shots \('5', '0'\)"):
        import_results("lm-eval", files)
    five = import_results("lm-eval", files, only={"shots": "5"})
    assert len({row.model for row in five.rows}) == 4
    assert five.left == {"shots is not '5'": 688}


def test_helm(neighbours):
    with pytest.raises(ResultsError, match=r"118 values come from runs held to a number of samples"):
        import_results("helm", neighbours / "helm")
    only = {"filter": "", "split": "test"}
    rows = import_results("helm", neighbours / "helm", limited="keep", only=only).rows
    found = {(row.task, row.metric): (row.value, row.n) for row in rows}
    assert found["mmlu:subject=philosophy", "exact_match"] == (1 / 9, 9.0)
    assert {row.model for row in rows} == {"openai/gpt2"}
    assert found["narrative_qa", "exact_match"] == (0.0, 4.0)


def test_inspect(neighbours):
    rows = everything(neighbours, "inspect", "inspect").rows
    assert [(r.model, r.task, r.value, r.stderr, r.n, r.limit) for r in rows] == [
        ("ollama/qwen2.5:0.5b", "inspect_evals/arc_easy", 1 / 3, 0.33333333333333337, 3.0, "3"),
        ("anthropic/claude-sonnet-4-0", "inspect_evals/arc_easy", 1.0, 0.0, 5.0, "5"),
        ("openai/azure/gpt-4o-mini", "inspect_evals/pubmedqa", 1.0, 0.0, 2.0, "2"),
    ]


def test_mteb(neighbours):
    with pytest.raises(ResultsError, match=r"differ in split \('test', 'train'\)"):
        import_results("mteb", neighbours / "mteb")
    rows = import_results("mteb", neighbours / "mteb", only={"split": "test"}).rows
    assert Counter(row.metric for row in rows) == {"ndcg_at_10": 6, "accuracy": 3, "cosine_spearman": 3}
    found = {(row.model, row.task): row.value for row in rows}
    assert found["sentence-transformers/LaBSE", "STSBenchmark"] == 0.7225055941558153
    old = everything(neighbours, "mteb", "mteb_old").rows
    assert ("cos_sim_spearman", 0.5847419994907959) in {(row.metric, row.value) for row in old}


def test_every_eval_ever(neighbours):
    *opened, demo = everything(neighbours, "eee", "eee").rows
    assert (demo.task, demo.metric, demo.value, demo.unit, demo.better) == (
        "demo-source.demo_bench", "accuracy", 0.75, "fraction", "higher",
    )  # fmt: skip
    assert {row.model for row in opened} == {"TencentARC/LLaMA-Pro-8B-Instruct"}
    assert [row.value for row in opened] == [0.4486, 0.4224, 0.0249, 0.2743, 0.419, 0.1946]


def test_model_index(neighbours):
    pytest.importorskip("yaml")
    rows = everything(neighbours, "model-index", "model_index").rows
    assert [row.metric for row in rows] == ["precision", "recall", "f1", "accuracy"]
    assert {(row.model, row.task, row.unit) for row in rows} == {
        ("distilbert-base-uncased-finetuned-ner", "conll2003", "fraction")
    }


def test_vlmevalkit_has_three_scales_in_one_folder(neighbours):
    rows = everything(neighbours, "vlmevalkit", "vlmevalkit").rows
    assert {(row.task, row.metric): row.unit for row in rows} == {
        ("ChartQA_TEST", "acc"): "percent",
        ("MME", "score"): "",
        ("MMStar", "acc"): "fraction",
        **{("POPE", metric): "percent" for metric in ("F1", "acc", "precision", "recall")},
        **{("HallusionBench", metric): "percent" for metric in ("aAcc", "fAcc", "qAcc")},
    }
    f1 = {(row.model, row.value) for row in rows if (row.task, row.metric, row.subset) == ("POPE", "F1", "")}
    assert f1 == {("vila_13b", 84.95773247140727), ("vila_8b", 83.33951762523192)}
    sums = {row.subset: row.value for row in rows if row.task == "MME" and row.model == "vila_8b"}
    assert (
        sums["reasoning"]
        == sums["code_reasoning"]
        + sums["commonsense_reasoning"]
        + sums["numerical_calculation"]
        + sums["text_translation"]
    )
