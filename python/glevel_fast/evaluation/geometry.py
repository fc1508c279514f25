"""Metrics of boxes, masks and tracks. Overlaps are pycocotools', on run lengths: no mask is ever unpacked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.extras import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "THRESHOLDS",
    "average_precision",
    "box_iou",
    "mask_overlap",
    "match_instances",
    "mean_overlap",
    "success_auc",
    "tube_iou",
]

Box = Sequence[float]
"""x, y, width, height."""
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""IoU from which a detection counts: 0.50, 0.55, ... 0.95 (COCO)."""
RECALLS = np.linspace(0.0, 1.0, 101)
MOST_DETECTIONS = 100


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes; 0 where either has no area."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0 or min(*a[2:], *b[2:]) <= 0:
        return 0.0
    if tuple(a) == tuple(b):
        return 1.0
    common = across * down
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def mask_overlap(predicted: Sequence[Any], gold: Sequence[Any]) -> tuple[int, int]:
    """Pixels of intersection and of union, over pairs of masks (one image, or the frames of a video).

    Parameters
    ----------
    predicted, gold : sequence of compressed run lengths
        ``{"size": [height, width], "counts": bytes}``, pair by pair of one size.
    """
    mask = require("pycocotools.mask", "evaluate")
    common = union = 0
    for pair in zip(predicted, gold, strict=True):
        common += int(mask.area(mask.merge(list(pair), intersect=True)))
        union += int(mask.area(mask.merge(list(pair))))
    return common, union


def match_instances(
    predicted: Sequence[tuple[Any, float]], gold: Sequence[Any], crowd: Sequence[bool], most: int
) -> tuple[int, list[float], list[str]]:
    """Which detections of one image and category find an object, as COCO matches them.

    Parameters
    ----------
    predicted : sequence of (shape, score)
        Shapes are boxes or compressed run lengths.
    gold : sequence of shapes
    crowd : sequence of bool
        Which of `gold` are crowds: what falls on one counts neither way.
    most : int
        How many detections count, best first.

    Returns
    -------
    objects : int
        Objects to find, crowds left out.
    scores : list of float
        Of the detections, best first.
    found : list of str
        Per detection a character per threshold: "1" found, "0" not, "-" counts neither way.
    """
    order = sorted(range(len(predicted)), key=lambda i: -predicted[i][1])[:most]
    # objects before crowds: a crowd only takes what no object does
    last = sorted(range(len(gold)), key=lambda j: crowd[j])
    objects = len(gold) - sum(crowd)
    marks = np.full((len(order), len(THRESHOLDS)), "0")
    if order and gold:
        iou = require("pycocotools.mask", "evaluate").iou
        shapes = [predicted[i][0] for i in order]
        overlap = np.asarray(iou(shapes, [gold[j] for j in last], [int(crowd[j]) for j in last]))
        for t, threshold in enumerate(THRESHOLDS):
            free = np.ones(len(gold), bool)
            for i, row in enumerate(overlap):
                j = _best(row[:objects], free, min(threshold, 1 - 1e-10))
                if j is not None:
                    free[j], marks[i, t] = False, "1"
                elif (row[objects:] >= min(threshold, 1 - 1e-10)).any():
                    marks[i, t] = "-"
    return objects, [predicted[i][1] for i in order], ["".join(row) for row in marks]


def _best(row: NDArray[np.float64], free: NDArray[np.bool_], least: float) -> int | None:
    """Of the free objects that overlap enough, the one that overlaps most; of equals the last, as COCO has it."""
    row = np.where(free[: len(row)], row, -1.0)
    if not len(row) or row.max() < least:
        return None
    return len(row) - 1 - int(row[::-1].argmax())


def average_precision(matches: Iterable[tuple[str, int, list[float], list[str]]], thresholds: Sequence[int]) -> float:
    """Mean over categories and thresholds of the precision at 101 recalls (COCO), a share.

    Parameters
    ----------
    matches : iterable of (category, objects, scores, found)
        `match_instances` of each image and category.
    thresholds : sequence of int
        Which of `THRESHOLDS`.
    """
    by_category: dict[str, list[tuple[int, list[float], list[str]]]] = {}
    for category, *rest in matches:
        by_category.setdefault(category, []).append(tuple(rest))  # type: ignore[arg-type]
    precisions: list[float] = []
    for images in by_category.values():
        objects = sum(image[0] for image in images)
        if not objects:
            continue
        scores = np.array([score for image in images for score in image[1]], dtype=np.float64)
        order = np.argsort(-scores, kind="stable")
        found = [found for image in images for found in image[2]]
        for t in thresholds:
            precisions.append(_precision(np.array([marks[t] for marks in found], dtype="<U1")[order], objects))
    return math.fsum(precisions) / len(precisions) if precisions else math.nan


def _precision(marks: NDArray[Any], objects: int) -> float:
    """Mean precision at the recalls of `RECALLS`, each the best at that recall or a higher one."""
    hit = np.cumsum(marks == "1")
    seen = hit + np.cumsum(marks == "0")
    best = np.maximum.accumulate((hit / np.maximum(seen, 1))[::-1])[::-1]
    at = np.searchsorted(hit / objects, RECALLS)
    return math.fsum(best[at[at < len(best)]].tolist()) / len(RECALLS)


def success_auc(predicted: Sequence[Box | None], gold: Sequence[Box | None]) -> float:
    """Mean share of frames whose overlap exceeds 0, 0.05, ... 1 (OTB); frames without a gold box are left out.

    A perfect track has 20/21: no overlap exceeds 1.
    Source: Wu, Lim, Yang, "Object Tracking Benchmark", 2015.
    """
    overlaps = np.array([0.0 if p is None else box_iou(p, g) for p, g in zip(predicted, gold, strict=True) if g])
    # k / 20 is the double that 0.05 k is meant to be
    passed = (overlaps[:, None] > np.arange(21) / 20).sum()
    return float(passed) / (21 * len(overlaps))


def mean_overlap(predicted: Sequence[Box | None], gold: Sequence[Box | None]) -> float:
    """Mean overlap over the frames with a gold box: the area under the success curve at ever finer thresholds."""
    overlaps = [0.0 if p is None else box_iou(p, g) for p, g in zip(predicted, gold, strict=True) if g]
    return math.fsum(overlaps) / len(overlaps)


def tube_iou(predicted: dict[str, Box], gold: dict[str, Box]) -> float:
    """vIoU: overlaps summed over the frames that both have, over the number of frames that either has.

    Source: Zhang et al., "Where Does It Exist", 2020 (m_vIoU is its mean over samples).
    """
    shared = predicted.keys() & gold.keys()
    frames = predicted.keys() | gold.keys()
    return math.fsum(box_iou(predicted[f], gold[f]) for f in shared) / len(frames)
