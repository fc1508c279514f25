"""Whatever stands for a prediction ends in a value or in an error that is the predictions' fault."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from predictions import Made, npy, packed, png

import glevel_fast as gl
from glevel_fast.evaluation import media
from glevel_fast.evaluation.catalogue import definitions

NUMBER = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 50)
KEYS = st.sampled_from(
    ["size", "counts", "bbox", "mask", "segmentation", "polygon", "score", "category", "objects", "0", "4", "answer"]
)
RUNS = st.text("0123456789:;<=>?@OP^_`abmno", max_size=8) | st.lists(st.integers(0, 900), max_size=6)
SHAPES = st.fixed_dictionaries({"size": st.lists(st.integers(0, 60), max_size=3), "counts": RUNS})
LEAF = st.none() | st.booleans() | NUMBER | st.text(max_size=6) | SHAPES
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
)


@pytest.mark.parametrize("name", [one.id for one in definitions() if not one.id.startswith("ms-ssim")])
@settings(max_examples=8)
@given(answers=st.lists(JSON, min_size=2, max_size=2))
def test_any_json(name, answers):
    made = Made([name])
    (task,) = made.definitions
    made.predictions = {}
    made.predict(task, dict(enumerate(answers)))
    ends_well(made)


def ends_well(made):
    caught, value = None, math.nan
    gold = packed(made.annotations)
    try:
        result = gl.evaluate(packed(made.predictions), gold, made.tasks, benchmark=made.benchmark, model="m")
        (value,) = result.values().values()
    except gl.EvaluationError as error:
        caught = error
    assert not math.isinf(value)
    assert caught is None or caught.by_predictions, caught


FILES = [png(np.array([[0, 255], [7, 9]], np.uint8)), npy([[1.0, 2.0, 3.0]]), b"PIEH" + bytes(16), b"1 2 3\n"]


@settings(max_examples=150)
@given(
    content=st.sampled_from(FILES),
    at=st.integers(0, 200),
    to=st.binary(max_size=6),
    cut=st.integers(0, 200),
    name=st.sampled_from(["a.png", "a.npy", "a.npz", "a.flo", "a.xyz", "a.tif"]),
)
def test_files_with_bytes_changed(content, at, to, cut, name):
    content = (content[:at] + to + content[at + len(to) :])[: cut or None]
    for read in (media.colours, media.grey, media.labels):
        with suppress(media.AnswerError):
            assert read(content).size
    for read in (media.array, media.flow, media.points):
        with suppress(media.AnswerError):
            assert read(name, content).dtype == float
