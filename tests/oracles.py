"""The cases of oracles.json as each definition takes them, and what the definitions make of them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from glevel_fast.evaluation.answers import Instances
from glevel_fast.evaluation.catalogue import definitions
from glevel_fast.extras import require

GOLDEN = Path(__file__).parent / "golden" / "oracles.json"
SIDE = 60


def large(digit, shift):
    """uint8 (180, 184): a digit made large, with a ramp across it that `shift` moves."""
    rows, columns = np.mgrid[:180, :184]
    image = np.kron(np.array(digit), np.ones((23, 23), int))[:180] * 12 + (rows * 3 + columns * 2 + shift * 37) % 53
    return (image * (10 - shift) // 10).astype(np.uint8)


def maps(digit, other):
    """A grey map and a binary one, 24 x 24."""
    grow = np.ones((3, 3), int)
    return (np.kron(np.array(other), grow) * 15).astype(np.uint8), np.kron(np.array(digit), grow) > 7


def stacked(digits):
    """Maps of the classes 0 to 3: where one digit is, where the next is."""
    binary = [maps(digit, digit)[1].astype(int) for digit in digits]
    return [one + 2 * other for one, other in pairwise(binary)]


def runs(box):
    """Compressed run lengths of a box's pixels, as JSON has them."""
    inside = np.zeros((SIDE, SIDE), np.uint8, order="F")
    x, y, w, h = box
    inside[y : y + h, x : x + w] = 1
    found = require("pycocotools.mask", "evaluate").encode(inside)
    return {"size": found["size"], "counts": found["counts"].decode()}


def read():
    """The recorded cases, and the oracles' values by definition."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return golden["cases"], golden["oracles"]


def instances(objects, of_masks):
    by_category = {}
    for category, box, last in objects:
        score, crowd = (1.0, last) if isinstance(last, bool) else (last, False)
        by_category.setdefault(category, []).append((runs(box) if of_masks else box, score, crowd))
    return Instances(by_category, [SIDE, SIDE])


def samples(name, cases):
    """(prediction, gold) of a definition's cases, as its kind of answer reads them."""
    metric = name.partition("/")[0]
    if name in ("micro-f1/single@1", "macro-acc/exact@1", "f1/macro@1"):
        return cases["labels"]
    if metric in ("acc", "em@1"):
        return [(ours, (gold,)) for ours, gold in cases["labels"]]
    if metric == "micro-f1":
        return [(frozenset(ours), frozenset(gold)) for ours, gold in cases["sets"]]
    if metric in ("mae", "rmse"):
        return [((ours,), (gold,)) for ours, gold in cases["numbers"]]
    if metric in ("ap", "ap50", "ap75"):
        return [tuple(instances(one, "segm" in name) for one in pair) for pair in cases["detections"]]
    digits = cases["digits"]
    if metric == "miou":
        both = stacked(digits)
        return list(zip(both[1:], both, strict=False))
    if metric == "psnr":
        return [(large(digit, 1)[..., None], large(digit, 0)[..., None]) for digit in digits]
    if metric == "ms-ssim":
        return [(large(digit, 1)[..., None], large(digit, 0)[..., None]) for digit in digits]
    if metric == "structure":
        return [maps(digit, digits[i - 1]) for i, digit in enumerate(digits)]
    return [(ours, (gold,)) for ours, gold in cases["texts"]]


def ours(name, cases, count):
    """A definition's values of its cases: of each sample, or of all together where the oracle has one value."""
    definition = next(one for one in definitions() if one.id == name)
    pairs = samples(name, cases)
    context = definition.context([gold for _, gold in pairs]) if definition.context else None
    sums = [definition.sample(prediction, gold, context) for prediction, gold in pairs]
    return [definition.total(sums, 1.0)] if count == 1 else [definition.total([one], 1.0) for one in sums]


def difference(name, cases, oracle):
    """The largest difference from an oracle's values."""
    values = ours(name, cases, len(oracle["values"]))
    return max(abs(a - b) for a, b in zip(values, oracle["values"], strict=True))
