"""Boxes, masks and tracks against brute force, and detections against pycocotools."""

import contextlib
import io
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from glevel_fast.evaluation import geometry
from glevel_fast.evaluation.catalogue import definitions

BY_ID = {one.id: one for one in definitions()}
SIDE = st.integers(1, 9)
BOX = st.tuples(st.integers(0, 9), st.integers(0, 9), SIDE, SIDE)


def pixels(box):
    x, y, w, h = box
    return set(itertools.product(range(x, x + w), range(y, y + h)))


def iou(a, b):
    return Fraction(len(pixels(a) & pixels(b)), len(pixels(a) | pixels(b)))


@given(BOX, BOX)
def test_overlap_of_boxes_is_that_of_their_pixels(a, b):
    assert geometry.box_iou(a, b) == float(iou(a, b))
    assert geometry.box_iou(a, b) == pytest.approx(float(mask.iou([list(a)], [list(b)], [0])[0, 0]), abs=1e-15)


def test_boxes_without_area_overlap_nothing():
    assert geometry.box_iou((1, 1, 0, 5), (1, 1, 0, 5)) == 0.0
    assert geometry.box_iou((1, 1, 2, 2), (5, 5, 2, 2)) == 0.0
    assert geometry.box_iou((0.1, 0.2, 0.3, 0.7), (0.1, 0.2, 0.3, 0.7)) == 1.0


@given(st.integers(0, 2**32 - 1))
def test_masks_overlap_as_their_pixels_do(seed):
    rng = np.random.default_rng(seed)
    p, g = rng.random((2, 3, 7, 5)) < rng.random()
    packed = [[mask.encode(np.asfortranarray(one.astype(np.uint8))) for one in frames] for frames in (p, g)]
    assert geometry.mask_overlap(*packed) == ((p & g).sum(), (p | g).sum())


FRAMES = st.lists(st.tuples(st.none() | BOX, st.none() | BOX), min_size=1, max_size=8)


@given(FRAMES.filter(lambda frames: any(gold for _, gold in frames)))
def test_success_auc_counts_thresholds_one_by_one(frames):
    overlaps = [iou(p, g) if p else Fraction(0) for p, g in frames if g]
    passed = sum(o > Fraction(k, 20) for o in overlaps for k in range(21))
    predicted, gold = zip(*frames, strict=True)
    assert geometry.success_auc(predicted, gold) == pytest.approx(passed / (21 * len(overlaps)), abs=1e-15)
    assert geometry.mean_overlap(predicted, gold) == pytest.approx(float(sum(overlaps) / len(overlaps)), abs=1e-15)


def test_overlaps_on_a_threshold_do_not_exceed_it():
    # IoU 1/20, 3/20, 1/4: exactly on a threshold each
    for width, k in ((1, 1), (3, 3), (5, 5)):
        assert geometry.success_auc([(0, 0, width, 1)], [(0, 0, 20, 1)]) == k / 21


@given(
    st.dictionaries(st.integers(0, 8), BOX, max_size=8), st.dictionaries(st.integers(0, 8), BOX, min_size=1, max_size=8)
)
def test_tube_overlap(predicted, gold):
    total = sum(iou(predicted[f], gold[f]) for f in range(9) if f in predicted and f in gold)
    frames = sum(f in predicted or f in gold for f in range(9))
    assert geometry.tube_iou(predicted, gold) == pytest.approx(float(total / frames), abs=1e-15)


OBJECTS = st.lists(st.tuples(st.sampled_from([1, 2]), BOX, st.integers(0, 4), st.booleans()), max_size=6)


@settings(max_examples=40)
@given(st.lists(st.tuples(OBJECTS, OBJECTS), min_size=1, max_size=4))
def test_average_precision_is_that_of_pycocotools(images):
    gold = [one for _, objects in images for one in objects]
    if not images or not any(not crowd for _, _, _, crowd in gold):
        return
    data, ours, found = [], [], []
    for image, (predicted, objects) in enumerate(images, start=1):
        for category, box, _, crowd in objects:
            area = box[2] * box[3]
            data.append({"id": len(data) + 1, "image_id": image, "category_id": category, "bbox": list(box),
                         "area": area, "iscrowd": int(crowd)})  # fmt: skip
        ours += [{"image_id": image, "category_id": c, "bbox": list(box), "score": s / 4} for c, box, s, _ in predicted]
        for category in (1, 2):
            found.append((category, *geometry.match_instances(
                [(list(box), s / 4) for c, box, s, _ in predicted if c == category],
                [list(box) for c, box, _, _ in objects if c == category],
                [crowd for c, _, _, crowd in objects if c == category], 100)))  # fmt: skip
    mine = [geometry.average_precision(found, thresholds) for thresholds in (range(10), [0], [5])]
    if ours:
        assert mine == pytest.approx(coco(data, ours, len(images)), abs=1e-12)
    else:
        assert mine == [0.0] * 3


def coco(gold, ours, images):
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = {"images": [{"id": i + 1} for i in range(images)], "annotations": gold,
                        "categories": [{"id": 1}, {"id": 2}]}  # fmt: skip
        data.createIndex()
        run = COCOeval(data, data.loadRes(ours), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats[:3].tolist()


def test_an_object_is_found_once():
    box = [0, 0, 10, 10]
    found = geometry.match_instances([(box, 0.9), (box, 0.8)], [box], [False], 100)
    assert found == (1, [0.9, 0.8], ["1" * 10, "0" * 10])
    # the better of two objects, though the first in order overlaps enough too
    near = [0, 0, 10, 9]
    marks = geometry.match_instances([(near, 0.9), (box, 0.8)], [box, near], [False, False], 100)[2]
    assert marks == ["1" * 10, "1" * 10]


def test_more_objects_than_100_can_all_be_found():
    from glevel_fast.evaluation.answers import Instances

    boxes = [([float(i), 0.0, 0.5, 1.0], 1.0, False) for i in range(150)]
    one = BY_ID["ap/coco-bbox@1"]
    gold = Instances({"a": boxes}, None)
    assert one.total([one.sample(gold, gold, one.context([gold]))], 100.0) == 100.0
    few = Instances({"a": boxes[:1]}, None)
    many = Instances({"a": [([0.0, 9.0, 1.0, 1.0], 0.9, False)] * 120 + boxes[:1]}, None)
    objects, scores, marks = one.sample(many, few, one.context([few]))[0][1:]
    assert (objects, len(scores), len(marks)) == (1, 100, 100)


def test_overlap_of_classes_by_hand():
    one = BY_ID["miou/classes@1"]
    gold = np.array([[0, 0, 1, 1], [2, 2, 255, 255]])
    ours = np.array([[0, 1, 1, 1], [2, 0, 7, 2]])
    # 0: 1 of 3, 1: 2 of 3, 2: 1 of 2; where gold is 255 nothing counts
    assert one.total([one.sample(ours, gold, None)], 1.0) == pytest.approx((1 / 3 + 2 / 3 + 1 / 2) / 3)
    twice = [one.sample(ours, gold, None), one.sample(gold, gold, None)]
    assert one.total(twice, 1.0) == pytest.approx((3 / 5 + 4 / 5 + 3 / 4) / 3)


def test_empty_masks_agree():
    one = BY_ID["miou/masks@1"]
    empty = mask.encode(np.zeros((4, 4), np.uint8, order="F"))
    full = mask.encode(np.ones((4, 4), np.uint8, order="F"))
    assert one.sample({"0": empty}, {"0": empty}, None) == [1.0]
    assert one.sample({"0": full}, {"0": empty}, None) == [0.0]


def test_boxes_of_corners_are_those_of_sizes():
    for way, box in (("xywh", [2, 3, 4, 5]), ("xyxy", [2, 3, 6, 8])):
        one = BY_ID[f"miou/box-{way}@1"]
        read = one.kind.gold(box, {}, None)
        assert read == (2, 3, 4, 5)
        assert one.sample(read, one.kind.prediction({"bbox": box}, read, None), None) == [1.0]
