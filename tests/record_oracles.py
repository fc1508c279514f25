"""Record what other packages say of the cases below, in oracles.json; run again when a definition or an oracle changes.

    pip install scikit-learn scikit-image nltk sacrebleu rouge rouge-score anls jiwer pycocoevalcap pycocotools \
        faster-coco-eval sewar pysodmetrics
    python tests/record_oracles.py

They are too heavy, or tied to too old a NumPy, to be needed by every run of the tests; the tests read the file.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
from importlib.metadata import version

import numpy as np
from oracles import GOLDEN, large, maps, runs, stacked

from glevel_fast.evaluation.text import words

WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "dogs",
    "running",
    "quickly",
    ",",
    "ran",
    "runs",
    "Hello",
    "it's",
    "3.5",
]
WORDS += ["Running", "sat.", "happily"]


def text_cases(random):
    """Pairs of texts, a quarter of them alike; ASCII, so that every oracle's tokens are its own."""
    cases = [["the cat", "the cat"], ["a", "b"], ["a b c d e", "a b c d e"], ["", "word"], ["Cat", "cat"]]
    for _ in range(60):
        gold = [random.choice(WORDS) for _ in range(random.randint(1, 14))]
        ours = list(gold) if random.random() < 0.5 else [random.choice(WORDS) for _ in range(random.randint(1, 14))]
        for _ in range(random.randint(0, 3)):
            ours[random.randrange(len(ours))] = random.choice(WORDS)
        cases.append([" ".join(ours), " ".join(gold)])
    return cases


def label_cases(random):
    labels = ["cat", "dog", "cow", "hen"]
    return [[random.choice(labels), random.choice(labels[:3])] for _ in range(50)]


def set_cases(random):
    labels = ["red", "green", "blue", "grey"]
    pick = lambda: sorted(random.sample(labels, random.randint(1, 3)))  # noqa: E731
    return [[pick(), pick()] for _ in range(40)]


def number_cases(random):
    return [[round(random.uniform(-9, 9), 3), round(random.uniform(-9, 9), 3)] for _ in range(40)]


def detection_cases(random):
    """Images of a board of 60 x 60: [predicted [category, box, score], gold [category, box, crowd]]."""

    def box():
        return [random.randint(0, 25), random.randint(0, 25), random.randint(4, 30), random.randint(4, 30)]

    cases = []
    for _ in range(12):
        gold = [[random.choice("abc"), box(), random.random() < 0.1] for _ in range(random.randint(0, 5))]
        ours = [[random.choice("abc"), box(), round(random.random(), 2)] for _ in range(random.randint(0, 3))]
        for category, (x, y, w, h), _ in gold:
            if random.random() < 0.8:
                moved = [x + random.randint(-2, 2), y + random.randint(-2, 2), w, h]
                ours.append([category, [max(0, moved[0]), max(0, moved[1]), w, h], round(random.random(), 1)])
        cases.append([ours, gold])
    return cases


def digits():
    """Handwritten digits of scikit-learn, 8 x 8 pixels of 0 to 16."""
    from sklearn.datasets import load_digits

    return load_digits().images[:6].astype(int).tolist()


def coco(cases, evaluator, of_masks):
    """AP, AP50, AP75 by an evaluator with the interface of pycocotools."""
    from pycocotools.coco import COCO

    gold, ours = [], []
    for image, (predicted, golds) in enumerate(cases, start=1):
        for category, box, crowd in golds:
            gold.append({"id": len(gold) + 1, "image_id": image, "category_id": ord(category), "bbox": box,
                         "area": box[2] * box[3], "iscrowd": int(crowd), "segmentation": runs(box)})  # fmt: skip
        for category, box, score in predicted:
            shape = {"segmentation": runs(box)} if of_masks else {"bbox": box}
            ours.append({"image_id": image, "category_id": ord(category), "score": score} | shape)
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = {"images": [{"id": i + 1, "height": 60, "width": 60} for i in range(len(cases))],
                        "annotations": gold,
                        "categories": [{"id": ord(c)} for c in "abc"]}  # fmt: skip
        data.createIndex()
        run = evaluator(data, data.loadRes(ours), "segm" if of_masks else "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(value) for value in run.stats[:3]]


def record():
    import sacrebleu
    from anls import anls_score
    from faster_coco_eval import COCOeval_faster
    from jiwer import process_words
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from pycocoevalcap.cider.cider_scorer import CiderScorer
    from pycocotools.cocoeval import COCOeval
    from rouge import Rouge
    from rouge_score.rouge_scorer import RougeScorer
    from skimage.metrics import peak_signal_noise_ratio
    from sklearn import metrics
    from sklearn.preprocessing import MultiLabelBinarizer

    rng = random.Random(20250507)
    texts, labels, sets, numbers = text_cases(rng), label_cases(rng), set_cases(rng), number_cases(rng)
    detections, images = detection_cases(rng), digits()
    found = {}

    def say(definition, package, call, values):
        values = [float(value) for value in values]
        found.setdefault(definition, []).append(
            {"oracle": f"{package} {version(package)}", "call": call, "values": values}
        )

    smooth = SmoothingFunction().method4
    say("bleu1/nltk-method4@1", "nltk", "sentence_bleu(weights=(1, 0, 0, 0), smoothing_function=method4)",
        [sentence_bleu([words(g)], words(p), (1, 0, 0, 0), smooth) for p, g in texts])  # fmt: skip
    say("bleu4/sacrebleu-sentence@1", "sacrebleu", "sentence_bleu(tokenize='none', use_effective_order=True)",
        [sacrebleu.sentence_bleu(" ".join(words(p)), [" ".join(words(g))], tokenize="none").score / 100
         for p, g in texts])  # fmt: skip
    for stem in (False, True):
        scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=stem)
        both = [scorer.score(g, p) for p, g in texts]
        for name in ("rouge1", "rougeL"):
            say(f"{name}/google{'-stem' * stem}@1", "rouge-score", f"RougeScorer(use_stemmer={stem})",
                [score[name].fmeasure for score in both])  # fmt: skip
    pltrdy = [Rouge().get_scores(p, g)[0] if p else {"rouge-1": {"f": 0}, "rouge-l": {"f": 0}} for p, g in texts]
    for name in ("1", "L"):
        say(f"rouge{name}/pltrdy@1", "rouge", "Rouge().get_scores", [s[f"rouge-{name.lower()}"]["f"] for s in pltrdy])
    say("anls/0.5@1", "anls", "anls_score(threshold=0.5)", [anls_score(p, [g], 0.5) for p, g in texts])
    scorer = CiderScorer()
    for p, g in texts:
        scorer += (" ".join(words(p.lower(), punctuation=False)), [" ".join(words(g.lower(), punctuation=False))])
    say("cider/coco-d@1", "pycocoevalcap", "CiderScorer (tokens ours)", scorer.compute_score()[1])
    whole = process_words([g for _, g in texts], [p for p, _ in texts])
    say("wer/corpus@1", "jiwer", "wer of all samples at once", [whole.wer])

    ours, gold = zip(*labels, strict=True)
    right = metrics.accuracy_score(gold, ours)
    for name in ("acc/exact@1", "acc/casefold@1", "em@1/exact@1", "micro-f1/single@1"):
        say(name, "scikit-learn", "accuracy_score", [right])
    say("macro-acc/exact@1", "scikit-learn", "balanced_accuracy_score", [balanced(metrics, gold, ours)])
    say("f1/macro@1", "scikit-learn", "f1_score(average='macro')", [metrics.f1_score(gold, ours, average="macro")])
    binary = MultiLabelBinarizer().fit([one for pair in sets for one in pair])
    p, g = (binary.transform([pair[i] for pair in sets]) for i in (0, 1))
    say("micro-f1/labels@1", "scikit-learn", "f1_score(average='micro')", [metrics.f1_score(g, p, average="micro")])
    ours, gold = zip(*numbers, strict=True)
    say("mae/pooled@1", "scikit-learn", "mean_absolute_error", [metrics.mean_absolute_error(gold, ours)])
    say("rmse/pooled@1", "scikit-learn", "root_mean_squared_error", [metrics.root_mean_squared_error(gold, ours)])
    for package, evaluator in (("pycocotools", COCOeval), ("faster-coco-eval", COCOeval_faster)):
        for way, of_masks in (("bbox", False), ("segm", True)):
            values = coco(detections, evaluator, of_masks)
            for name, value in zip(("ap", "ap50", "ap75"), values, strict=True):
                say(f"{name}/coco-{way}@1", package, f"{evaluator.__name__}.stats", [value])
    pixels = stacked(images)
    p, g = np.ravel(pixels[1:]), np.ravel(pixels[:-1])
    say(
        "miou/classes@1",
        "scikit-learn",
        "jaccard_score(average='macro')",
        [metrics.jaccard_score(g, p, average="macro")],
    )
    say("psnr/rgb-cap100@1", "scikit-image", "peak_signal_noise_ratio",
        [peak_signal_noise_ratio(large(d, 0), large(d, 1)) for d in images])  # fmt: skip
    say(
        "ms-ssim/rgb@1",
        "sewar",
        "ssim of each scale, halved by 2 x 2 means",
        [scales(large(d, 1), large(d, 0)) for d in images],
    )
    say(
        "structure/fan2017@1", "pysodmetrics", "Smeasure", [smeasure(*maps(images[i], images[i - 1])) for i in range(6)]
    )
    cases = {"texts": texts, "labels": labels, "sets": sets, "numbers": numbers, "detections": detections,
             "digits": images}  # fmt: skip
    return {"cases": cases, "oracles": dict(sorted(found.items()))}


def balanced(metrics, gold, ours):
    """Of the golds' classes; a predicted class that is no gold has no share that is right."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return metrics.balanced_accuracy_score(gold, ours)


def scales(predicted, gold):
    """MS-SSIM from sewar's SSIM; its own msssim halves from one pixel on, and across channels."""
    from sewar.full_ref import ssim
    from sewar.utils import Filter

    x, y = predicted.astype(np.float64), gold.astype(np.float64)
    value = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            x, y = (blocks(image) for image in (x, y))
        whole, contrast = ssim(y, x, MAX=255, fltr_specs={"fltr": Filter.GAUSSIAN, "sigma": 1.5, "ws": 11})
        value *= max(0.0, whole if scale == 4 else contrast) ** weight
    return value


def blocks(image):
    image = np.pad(image, [(0, side % 2) for side in image.shape], mode="symmetric")
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2).mean(axis=(1, 3))


def smeasure(grey, gold):
    from py_sod_metrics import Smeasure

    measure = Smeasure()
    measure.step(grey, gold.astype(np.uint8) * 255)
    return float(measure.get_results()["sm"])


if __name__ == "__main__":
    text = json.dumps(record(), ensure_ascii=False, indent=None, separators=(",", ":"), allow_nan=False)
    GOLDEN.write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n", encoding="utf-8")
    print(f"{GOLDEN.name}: {len(text):,} characters", file=sys.stderr)
