"""The registry: names, aliases, domains, and metrics of one's own."""

# ruff: noqa: E501

import pickle

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.core import metrics
from glevel_fast.core.metrics import find_metric

# As the released workbook spells them.
RELEASED = """ACC|AMOTA (Average Multi-Object Tracking Accuracy)|ANLS|AP|AP10|AP50|AP75|AUC|Acc|Aesthetic score|BLEU-1|BLEU@4|
BLUE_1|CD (Chamfer Distance)|CIDEr|CLAP|CLIP img score|CLIP score|CLIP-Style|CLIPScore|CodeBLEU|DICE|
DINO+ViCLIP+Optical flow+Motion Smooth|DINOScore|E-Acc|EM@1|EPE|F-score|F1|F1 Score|FAD|FID|FVD|Fram-Acc|GPT-Score|
Instance mIoU|L1 distance|MAE|MCD|MOS|MS-SSIM|MSE|MUSIQ|MUSIQ score|Macro-Acc|Micro-F1|Multi-Object Successful Rate|
Optical Flow Score|PCC|PQ|PSNR|R@50|RMS|RMSE|ROUGE-1|ROUGE-L|RTE ( Relative Translation Error)|Rouge-L f|SAD|
Single-Object Successful Rate|Structure measure|Style-CLAP|Successful rate|User preference rates|WER|absRel|mAP|mAP@50|
mIoU|m_vIoU""".replace("\n", "").split("|")


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(metrics, "_registry", dict(metrics._registry))


def test_every_released_spelling_resolves():
    assert len(RELEASED) == 70
    for name in RELEASED:
        find_metric(name)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("CD (Chamfer Distance)", "CD"), ("RTE ( Relative Translation Error)", "RTE"), ("  fid ", "FID"),
     ("BLUE_1", "BLEU-1"), ("BLEU@4", "BLEU-4"), ("Fram-Acc", "Frame-Acc"), ("F1 Score", "F1"), ("Rouge-L f", "ROUGE-L"),
     ("CLIP  score", "CLIPScore"), ("MUSIQ score", "MUSIQ"), ("Acc（准确率）", "Acc")],
)  # fmt: skip
def test_spellings(spelling, name):
    assert find_metric(spelling).name == name


def test_unknown_metric_names_the_nearest():
    with pytest.raises(gl.UnknownMetricError, match=r"'FIDD'.*nearest.*'FID'"):
        find_metric("FIDD")
    with pytest.raises(gl.UnknownMetricError, match=r"task 'draw'.*'FIDD'"):
        gl.Benchmark(("draw",), ("image",), ("generation",), ("FIDD",), np.array([1.0]))
    with pytest.raises(gl.UnknownMetricError, match="42"):
        find_metric(42)


@pytest.mark.parametrize(
    ("name", "better", "domain", "formula"),
    [("FID", "lower", "z > 0", "100·(2·sigmoid(25/z) - 1)"), ("PSNR", "higher", "z >= 0", "100·tanh(z/20)"),
     ("WER", "lower", "z >= 0", "max(0, 100·(1 - z))"), ("MS-SSIM", "higher", "[-1, 1]", "50·(z + 1)"),
     ("MOS", "higher", "[1, 5]", "25·(z - 1)"), ("CIDEr", "higher", "z >= 0", "min(100, z)"),
     ("Acc", "higher", "[0, 100]", "z"), ("L1 distance", "higher", "[0, 100]", "z")],
)  # fmt: skip
def test_known_metrics_say_what_they_are(name, better, domain, formula):
    metric = find_metric(name)
    assert (metric.better, metric.domain, metric.formula) == (better, domain, formula)


def test_a_metric_of_ones_own(registry):
    lpips = gl.register_metric(gl.Metric("LPIPS", "inverse", constant=0.5, aliases=("lpips alex",)))
    assert lpips in gl.known_metrics()
    bench = gl.Benchmark(("a",), ("image",), ("generation",), ("LPIPS Alex",), np.array([0.3]))
    assert gl.Scorer(bench).map(np.array([[0.5]]))[0, 0] == pytest.approx(100 * np.tanh(0.5), rel=1e-14)
    assert gl.register_metric(gl.Metric("LPIPS", "inverse", constant=0.5, aliases=("lpips alex",))) == lpips
    sent = pickle.loads(pickle.dumps(lpips))  # with a NaN of its own for what the family lacks
    assert (sent, hash(sent)) == (lpips, hash(lpips))
    assert sent != gl.Metric("LPIPS", "inverse", constant=0.5)
    assert gl.register_metric(sent) == lpips
    with pytest.raises(ValueError, match="replace=True"):
        gl.register_metric(gl.Metric("lpips", "inverse", constant=0.7))
    gl.register_metric(gl.Metric("lpips", "inverse", constant=0.7), replace=True)
    assert find_metric("LPIPS").constant == 0.7


@pytest.mark.parametrize(
    "fields",
    [{"family": "cubic"}, {"family": "linear"}, {"family": "linear", "worst": 1.0, "best": 1.0}, {"family": "inverse"},
     {"family": "tanh", "constant": -1.0}, {"family": "inverse", "constant": 1.0, "low": -1.0},
     {"family": "linear", "worst": 0.0, "best": 1.0, "low": 2.0, "high": 1.0}],
)  # fmt: skip
def test_impossible_metrics(fields):
    with pytest.raises(ValueError, match=r"metric 'X'|domain"):
        gl.Metric("X", **fields)


def test_a_metric_needs_a_name():
    with pytest.raises(ValueError, match="needs a name"):
        gl.Metric("  ", "tanh", constant=1.0)


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        *(("Acc", name) for name in ("accuracy", "acc", "acc_norm", "mc1", "aAcc")),
        *(("EM@1", name) for name in ("exact_match", "quasi_exact_match")),
        *(("nDCG", name) for name in ("ndcg_at_10", "nDCG@10")),
        *(("ROUGE-L", name) for name in ("rougeL", "rouge_l", "rougeLsum")),
        ("ROUGE-1", "rouge1"), ("ROUGE-2", "rouge2"), ("BLEU-4", "bleu"), ("mIoU", "iou"), ("pass@1", "pass@1"),
        ("MCC", "mcc"), ("Perplexity", "perplexity"), ("Perplexity", "word_perplexity"), ("Spearman", "cosine_spearman"),
        ("F1", "f1_score"), ("V-measure", "v_measure"), ("CIDEr", "cider"), ("WER", "wer"), ("Precision", "precision"),
    ],
)  # fmt: skip
def test_names_that_tools_give_to_metrics(name, metric):
    assert find_metric(metric).name == name


def test_names_of_tools_take_none_of_the_paper_s():
    """PCC is pitch-class consistency, a percent, and no correlation."""
    assert find_metric("PCC").is_percent
    assert find_metric("pearson") is not find_metric("PCC")
    names = [metric.name for metric in gl.known_metrics()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "z", "points"),
    [("MCC", -0.5, 0.0), ("MCC", 0.25, 25.0), ("Spearman", 1.0, 100.0), ("Perplexity", 10.0, 100 * np.tanh(0.5))],
)
def test_mappings_that_are_our_choice(name, z, points):
    bench = gl.Benchmark(("a",), ("language",), ("",), (name,), np.array([np.nan]))
    assert gl.Scorer(bench).map(np.array([[z]]))[0, 0] == pytest.approx(points, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Accuracy", "Acc"), ("acc_norm", "Acc"), ("Top-1", "Acc"), ("top 1", "Acc"), ("exact_match", "EM@1"),
        ("Exact Match", "EM@1"), ("SSIM", "MS-SSIM"), ("MS_SSIM", "MS-SSIM"), ("IoU", "mIoU"), ("BLEU", "BLEU-4"),
        ("ROUGE", "ROUGE-L"), ("L1-Dis", "L1 distance"), ("Suc-Rate", "Successful rate"), ("UPR", "User preference rates"),
        ("OFS", "Optical Flow Score"), ("Aesth-Score", "Aesthetic score"), ("FID↓", "FID"), ("FID (↓)", "FID"),
        ("↑ Acc", "Acc"), ("Acc (%)", "Acc"), ("Acc % ↑", "Acc"), ("Acc(%)↑", "Acc"), ("RMSE ⬇️", "RMSE"),
        ("FID ↓ (lower is better)", "FID"), ("WER (%) ↓", "WER"), ("F1-score", "F1"), ("Acc.", "Acc"), ("CLIP-Score", "CLIPScore"),
    ],
)  # fmt: skip
def test_names_people_write(name, known):
    assert find_metric(name) is find_metric(known)


@pytest.mark.parametrize("name", ["", "↓", "%", "(↓)", "Acc ↓ or so", "FIDx", "BLEU-2", "-", None, 3, "x" * 2000])
def test_names_of_nothing(name):
    assert metrics.known_metric(name) is None


def test_no_two_metrics_are_one_when_squeezed():
    names = {}
    for spelling, metric in metrics._registry.items():
        assert names.setdefault(metrics._squeezed(spelling), metric) is metric, spelling
