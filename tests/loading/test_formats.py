"""Each format, on files made here: what is read, what is left out, and how a file that is none is refused."""

from __future__ import annotations

import json
import math
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest
from other_tools import CARD, HELM_SPEC, INSPECT, LM_EVAL, MTEB, OPENCOMPASS, stat

from glevel_fast.errors import GLevelError, ResultsError
from glevel_fast.loading.formats import eee, helm, inspect_ai, lm_eval, model_index, mteb, opencompass, vlmevalkit
from glevel_fast.loading.formats.rows import AVERAGE, Row, Take


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def read(module, *paths, model=""):
    take = Take(model=model)
    for path in paths:
        module.read(str(path), take)
    return take


def is_row(row, **expected):
    """Whether a row holds this, and nothing where nothing is expected."""
    blank = asdict(Row(model="", task="", metric="", value=0.0))
    given = {name: value for name, value in asdict(row).items() if name != "source"}
    wanted = blank | expected
    assert {name: value for name, value in given.items() if value == value} == {
        name: wanted[name] for name in given if wanted[name] == wanted[name]
    }


ABOUT = {"model": "org/m", "revision": "abc", "limit": "80", "date": "2023-11-14T22:13:20Z"}


def test_lm_eval(tmp_path):
    take = read(lm_eval, written(tmp_path / "results.json", LM_EVAL))
    average, law, strict, flexible, words = take.rows
    is_row(average, task="mmlu", metric="acc", value=0.5, group=AVERAGE, **ABOUT)
    is_row(
        law, task="mmlu_law", metric="acc", value=0.25, stderr=0.05, n=80.0, shots="5", version="1", group="mmlu",
        **ABOUT,
    )  # fmt: skip
    shared = {"task": "gsm8k", "metric": "exact_match", "version": "3", "shots": "8", "better": "higher"}
    is_row(strict, filter="strict-match", value=0.75, stderr=0.01, **shared, **ABOUT)
    is_row(flexible, filter="flexible-extract", value=0.8, stderr=0.02, **shared, **ABOUT)
    is_row(
        words, task="wikitext", metric="word_perplexity", value=12.5, version="2", shots="0", better="lower", **ABOUT
    )
    assert take.left == {"the value is no number (N/A, empty, NaN, a text)": 1}


def test_lm_eval_names_its_model_in_a_dict_of_arguments(tmp_path):
    run = LM_EVAL | {"model_name": "", "config": {"model": "vllm", "model_args": {"pretrained": "org/other"}}}
    assert {row.model for row in read(lm_eval, written(tmp_path / "a.json", run)).rows} == {"org/other"}
    nameless = run | {"config": {"model": "vllm", "model_args": {}}}
    path = written(tmp_path / "b.json", nameless)
    with pytest.raises(ResultsError, match=r"b\.json: does not name its model \(run by 'vllm'\); give its name"):
        read(lm_eval, path)
    assert read(lm_eval, path, model="Given").rows[0].model == "Given"


def test_lm_eval_with_python_s_nan(tmp_path):
    path = written(tmp_path / "r.json", json.dumps(LM_EVAL | {"results": {"t": {"acc,none": math.nan}}}))
    take = read(lm_eval, path)
    assert not take.rows
    assert sum(take.left.values()) == 1


def test_lm_eval_0_3(tmp_path):
    run = {
        "results": {"piqa": {"acc": 0.7, "acc_stderr": 0.01}, "lambada": {"ppl": 5.5, "ppl_stderr": 0.1}},
        "versions": {"piqa": 0, "lambada": 0},
        "config": {"model": "hf", "model_args": "pretrained=org/m,revision=step1", "num_fewshot": 5, "limit": None},
    }
    piqa, lambada = read(lm_eval, written(tmp_path / "m_5-shot.json", run)).rows
    about = {"model": "org/m", "revision": "step1", "shots": "5", "version": "0"}
    is_row(piqa, task="piqa", metric="acc", value=0.7, stderr=0.01, **about)
    is_row(lambada, task="lambada", metric="ppl", value=5.5, stderr=0.1, **about)


def test_lmms_eval_takes_the_clustered_error_first(tmp_path):
    values = {
        "mme_perception_score,none": 1500.0,
        "mme_perception_score_stderr,none": "N/A",
        "mme_perception_score_stderr_clt,none": 3.0,
        "mme_perception_score_stderr_clustered,none": "N/A",
        "acc,none": 0.5,
        "acc_stderr,none": 0.1,
        "acc_stderr_clt,none": 0.2,
        "acc_stderr_clustered,none": 0.3,
        "acc_consensus_accuracy,none": 0.9,
        "paired_ci_low,none": 0.1,
        "alias": "mme",
    }
    run = {"results": {"mme": values}, "config": {"model_args": "pretrained=m"}, "model_name": "m"}
    score, acc = (take := read(lm_eval, written(tmp_path / "2_results.json", run))).rows
    assert (score.value, score.stderr, acc.stderr) == (1500.0, 3.0, 0.3)
    assert take.left == {"statistics of repeated runs and of pairs, not results": 2}


def test_helm(tmp_path):
    stats = [
        stat("exact_match", "test", 0.6),
        stat("exact_match", "valid", 0.5),
        stat("exact_match", "test", 0.4, {"name": "robustness", "computed_on": "worst"}),
        stat("exact_match", "train", 0.9),
        stat("num_prompt_tokens", "test", 350.5),
        stat("quasi_exact_match", "test", None),
        stat("num_instances", "test", 400),
        stat("num_instances", "valid", 30),
    ]
    written(tmp_path / "run" / "run_spec.json", HELM_SPEC)
    take = read(helm, written(tmp_path / "run" / "stats.json", stats))
    about = {"model": "org/m", "task": "mmlu:subject=law", "group": "mmlu", "shots": "5", "metric": "exact_match"}
    test, valid, worst = take.rows
    is_row(test, value=0.6, split="test", n=400.0, **about)
    is_row(valid, value=0.5, split="valid", n=30.0, **about)
    is_row(worst, value=0.4, split="test", n=400.0, filter="robustness/worst", **about)
    assert take.left == {
        "statistics of the run (tokens, times, likelihoods), not scores": 3,
        "statistics of the training split": 1,
        "the value is no number (N/A, empty, NaN, a text)": 1,
    }


def test_helm_held_to_a_number_of_instances_is_a_limit(tmp_path):
    spec = HELM_SPEC | {"adapter_spec": {"model": "org/m", "max_eval_instances": 10}}
    written(tmp_path / "run_spec.json", spec)
    path = written(tmp_path / "stats.json", [stat("exact_match", "test", 0.6), stat("num_instances", "test", 10)])
    assert read(helm, path).rows[0].limit == "10"


def test_helm_needs_both_files(tmp_path):
    path = written(tmp_path / "stats.json", [])
    with pytest.raises(ResultsError, match=r"stats\.json with run_spec\.json in the same folder"):
        read(helm, path)


INSPECT_ROW = {
    "model": "org/m", "task": "arc", "metric": "accuracy", "filter": "choice", "value": 0.5, "stderr": 0.08, "n": 39.0,
    "version": "0", "date": "2025-10-20T23:12:03Z",
}  # fmt: skip


def archive(path, method, name="header.json", content=INSPECT, module=zipfile):
    with module.ZipFile(path, "w", method) as file:
        file.writestr("samples/1_epoch_1.json", "{}")
        file.writestr(name, json.dumps(content))
    return str(path)


def test_inspect_json_and_archive(tmp_path):
    paths = [written(tmp_path / "a.json", INSPECT), archive(tmp_path / "a.eval", zipfile.ZIP_DEFLATED)]
    for row in read(inspect_ai, *paths).rows:
        is_row(row, **INSPECT_ROW)


def test_inspect_archive_packed_with_zstd(tmp_path):
    module = zipfile if sys.version_info >= (3, 14) else pytest.importorskip("backports.zstd.zipfile")
    path = archive(tmp_path / "a.eval", 93, module=module)
    is_row(read(inspect_ai, path).rows[0], **INSPECT_ROW)
    whole = (tmp_path / "a.eval").read_bytes()
    at = whole.index(b"header.json") + len("header.json") + 20
    (tmp_path / "b.eval").write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    with pytest.raises(ResultsError, match=r"b\.eval: is no `\.eval` archive that can be read"):
        read(inspect_ai, tmp_path / "b.eval")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_inspect_archive_that_is_damaged(tmp_path, method):
    """Wherever three bytes of the packed header are others."""
    whole = Path(archive(tmp_path / "a.eval", method)).read_bytes()
    start = whole.index(b"header.json") + len("header.json")
    for at in range(start, whole.index(b"PK\x01\x02"), 7):
        (tmp_path / "b.eval").write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
        with pytest.raises(GLevelError, match=r"b\.eval: (is no `\.eval` archive that can|cannot) be read"):
            read(inspect_ai, tmp_path / "b.eval")


def test_inspect_that_did_not_end(tmp_path):
    failed = written(tmp_path / "a.json", INSPECT | {"status": "error"})
    assert read(inspect_ai, failed).left == {"logs that did not end well (status 'error')": 1}
    with pytest.raises(ResultsError, match=r"has no header\.json"):
        read(inspect_ai, archive(tmp_path / "a.eval", zipfile.ZIP_STORED, "_journal/start.json"))
    (tmp_path / "b.eval").write_bytes(b"PK no archive")
    with pytest.raises(ResultsError, match=r"is no `\.eval` archive"):
        read(inspect_ai, tmp_path / "b.eval")


def test_mteb(tmp_path):
    take = read(mteb, written(tmp_path / "org__m" / "no_revision_available" / "STS.json", MTEB))
    about = {
        "model": "org/m", "revision": "no_revision_available", "task": "STS", "split": "test",
        "version": "d1, mteb 1.36",
    }  # fmt: skip
    default, german, french = take.rows
    is_row(default, metric="cosine_spearman", value=0.83, **about)
    is_row(german, metric="accuracy", value=0.7, subset="de", **about)
    is_row(french, metric="main_score", value=0.2, subset="fr", **about)
    assert take.left == {"values beside the main score": 3}


def test_mteb_s_old_layout(tmp_path):
    similar = {"cos_sim": {"pearson": 0.5, "spearman": 0.6}, "evaluation_time": 4.8}
    by_language = {"en": {"accuracy": 0.7, "f1": 0.6, "main_score": 0.7}, "de": {"accuracy": 0.4, "main_score": 0.4}}
    old = {"mteb_dataset_name": "A", "mteb_version": "1.2.0", "validation": similar, "test": by_language}
    take = read(mteb, written(tmp_path / "org__m" / "abcdef1" / "A.json", old))
    assert [(r.split, r.subset, r.metric, r.value) for r in take.rows] == [
        ("validation", "", "cos_sim_pearson", 0.5),
        ("validation", "", "cos_sim_spearman", 0.6),
        ("test", "en", "accuracy", 0.7),
        ("test", "de", "accuracy", 0.4),
    ]
    assert take.left == {"values beside the main score": 1}


def test_mteb_outside_its_folders(tmp_path):
    path = written(tmp_path / "plain" / "here" / "STS.json", MTEB)
    with pytest.raises(ResultsError, match=r"MODEL/REVISION/TASK\.json, which names the model"):
        read(mteb, path)
    assert {row.model for row in read(mteb, path, model="M").rows} == {"M"}
    meta = written(tmp_path / "org__m" / "abcdef1" / "model_meta.json", {"name": "org/m"})
    assert read(mteb, meta).left == {"files about a model, not results": 1}


def test_every_eval_ever(tmp_path):
    config = {"metric_name": "accuracy", "metric_unit": "proportion", "lower_is_better": False}
    error = {"standard_error": {"value": 0.02}, "num_samples": 500}
    content = {
        "schema_version": "0.3.0",
        "evaluation_timestamp": "1750000000",
        "retrieved_timestamp": "1750000001",
        "model_info": {"id": "org/m", "name": "m"},
        "evaluation_results": [
            {
                "evaluation_name": "bench",
                "source_data": {"dataset_name": "d", "hf_split": "test"},
                "metric_config": config,
                "score_details": {"score": 0.75, "uncertainty": error},
            },
            {
                "evaluation_name": "loss",
                "source_data": {"dataset_name": "d"},
                "metric_config": {"metric_id": "rmse", "lower_is_better": True, "min_score": 0, "max_score": 7},
                "score_details": {"score": 3.5},
            },
            {
                "evaluation_name": "p",
                "metric_config": {"min_score": 0.0, "max_score": 100},
                "score_details": {"score": 40},
            },
        ],
    }
    bench, loss, percent = read(eee, written(tmp_path / "98ea850e.json", content)).rows
    about = {"model": "org/m", "date": "2025-06-15T15:06:40Z"}
    is_row(
        bench, task="bench", metric="accuracy", value=0.75, unit="fraction", better="higher", split="test", stderr=0.02,
        n=500.0, **about,
    )  # fmt: skip
    is_row(loss, task="loss", metric="rmse", value=3.5, better="lower", **about)
    is_row(percent, task="p", metric="score", value=40.0, unit="percent", **about)


@pytest.mark.parametrize("text", [False, True])
def test_opencompass(tmp_path, text):
    table = f"20240119_225509\ntabulate format\n^^^^\nno,csv\n\ncsv format\n^^^^\n{OPENCOMPASS}$$$$\n\nraw format\nx\n"
    name = "summary.txt" if text else "summary_20240119_225509.csv"
    take = read(opencompass, written(tmp_path / name, table if text else OPENCOMPASS))
    about = {"metric": "accuracy", "date": "2024-01-19T22:55:09"}
    small, large, art, *averages = take.rows
    is_row(small, model="m-7b", task="law", value=31.58, filter="gen", version="a1", **about)
    is_row(large, model="m-70b", task="law", value=82.0, filter="gen", version="a1", **about)
    is_row(art, model="m-7b", task="art", value=25.0, filter="ppl", version="b2", **about)
    assert [(row.group, row.metric, row.value) for row in averages] == [
        (AVERAGE, "naive_average", 28.29),
        (AVERAGE, "naive_average", 82.0),
    ]
    assert take.left == {
        "headings and data sets that were not run": 2,
        "the value is no number (N/A, empty, NaN, a text)": 1,
    }


def test_opencompass_counts_samples(tmp_path):
    path = written(tmp_path / "summary_1.csv", "dataset,version,metric,mode,total_count,m\nlaw,a1,accuracy,gen,8,50\n")
    is_row(
        read(opencompass, path, model="M").rows[0], model="M", task="law", metric="accuracy", value=50.0, n=8.0,
        filter="gen", version="a1",
    )  # fmt: skip
    with pytest.raises(ResultsError, match="holds 2 models"):
        read(opencompass, written(tmp_path / "summary_2.csv", OPENCOMPASS), model="M")


def test_model_index(tmp_path):
    pytest.importorskip("yaml")
    take = read(model_index, written(tmp_path / "README.md", CARD))
    about = {"model": "m", "task": "CoNLL", "subset": "en", "split": "test", "version": "r1"}
    f1, accuracy = take.rows
    is_row(f1, metric="f1", value=0.93, **about)
    is_row(accuracy, metric="accuracy", value=98.4, unit="percent", **about)
    assert sum(take.left.values()) == 1
    plain = CARD.split("---")[1]
    assert len(read(model_index, written(tmp_path / "card.yaml", plain)).rows) == 2


def test_model_index_refuses(tmp_path):
    pytest.importorskip("yaml")
    for text, reason in (
        ("# no front matter\n", "no front matter"),
        ("---\na: b\n---\n", "no list `model-index`"),
        ("---\na: [b\n---\n", "is not YAML"),
        ("---\n!!python/object:os.system {}\n---\n", "is not YAML"),
    ):
        with pytest.raises(ResultsError, match=reason):
            read(model_index, written(tmp_path / "README.md", text))


def test_vlmevalkit_parts_in_columns(tmp_path):
    text = '"split","math","Overall","art"\n"none","0.4","0.45","0.5"\n'
    math_, average, art = read(vlmevalkit, written(tmp_path / "m_8b" / "T2025" / "m_8b_MMStar_acc.csv", text)).rows
    about = {"model": "m_8b", "task": "MMStar", "metric": "acc"}
    is_row(math_, value=0.4, subset="math", group="MMStar", **about)
    is_row(average, value=0.45, group=AVERAGE, **about)
    is_row(art, value=0.5, subset="art", group="MMStar", **about)


def test_vlmevalkit_metrics_in_columns(tmp_path):
    text = "split,Overall,acc,precision,recall\nOverall,75,80,75,75\nrandom,60,80,50,75\n"
    rows = read(vlmevalkit, written(tmp_path / "m" / "m_POPE_score.csv", text)).rows
    assert [(r.metric, r.subset, r.group) for r in rows] == [
        *((metric, "", AVERAGE) for metric in ("F1", "acc", "precision", "recall")),
        *((metric, "random", "POPE") for metric in ("F1", "acc", "precision", "recall")),
    ]


def test_vlmevalkit_counts_and_judges(tmp_path):
    text = "Task&Skill,tot,prefetch,hit,acc\nOverall,1000,10,500,50.0\ngeometry,200,2,50,25.0\n"
    take = read(vlmevalkit, written(tmp_path / "m" / "m_MathVista_MINI_gpt-4-turbo_score.csv", text))
    overall, geometry = take.rows
    about = {"model": "m", "task": "MathVista_MINI", "metric": "acc", "filter": "gpt-4-turbo"}
    is_row(overall, value=50.0, n=1000.0, group=AVERAGE, **about)
    is_row(geometry, value=25.0, n=200.0, subset="geometry", group="MathVista_MINI", **about)
    assert take.left == {"counts beside the scores (tot, hit, prefetch)": 6}


def test_vlmevalkit_of_a_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    for row in (("split", "Overall"), ("dev", 70.5), ("test", 60.5)):
        book.active.append(row)
    (tmp_path / "m").mkdir()
    book.save(tmp_path / "m" / "m_MMBench_acc.xlsx")
    dev, test = read(vlmevalkit, tmp_path / "m" / "m_MMBench_acc.xlsx").rows
    about = {"model": "m", "task": "MMBench", "metric": "acc"}
    is_row(dev, value=70.5, split="dev", **about)
    is_row(test, value=60.5, split="test", **about)


def test_vlmevalkit_s_model_is_only_in_the_path(tmp_path):
    path = written(tmp_path / "m_MMStar_acc.csv", "Overall\n50\n")
    with pytest.raises(ResultsError, match="only the path names the model"):
        read(vlmevalkit, path)
    is_row(read(vlmevalkit, path, model="m").rows[0], model="m", task="MMStar", metric="acc", value=50.0)
    is_row(read(vlmevalkit, path, model="Other").rows[0], model="Other", task="m_MMStar", metric="acc", value=50.0)
    predictions = written(tmp_path / "m" / "m_MMStar_acc.csv", "index,question,prediction\n1,a,b\n")
    with pytest.raises(ResultsError, match="holds the predictions"):
        read(vlmevalkit, predictions)


@pytest.mark.parametrize(
    "module", [eee, inspect_ai, lm_eval, mteb, opencompass], ids=lambda module: module.__name__.rpartition(".")[2]
)
@pytest.mark.parametrize("content", ["{}", "[]", "3", '{"results": 5, "scores": []}', '{"evaluation_results": []}'])
def test_other_files_are_refused_by_name(tmp_path, module, content):
    path = written(tmp_path / "org__m" / "abcdef1" / "other.json", content)
    with pytest.raises(ResultsError, match=r"other\.json: "):
        read(module, path)
