"""Files of other tools with anything anywhere in them: results, or one error of ours, and never another exception."""

from __future__ import annotations

import copy
import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_tools import CARD, HELM_SPEC, INSPECT, LM_EVAL, MTEB, OPENCOMPASS, stat

from glevel_fast.errors import GLevelError
from glevel_fast.loading.importing import import_results

EEE = {
    "schema_version": "0.3.0",
    "evaluation_timestamp": "1750000000",
    "model_info": {"id": "org/m", "name": "m", "additional_details": {}},
    "evaluation_results": [
        {
            "evaluation_name": "bench",
            "source_data": {"dataset_name": "d", "samples_number": 5},
            "metric_config": {"metric_name": "acc", "min_score": 0, "max_score": 1, "lower_is_better": False},
            "score_details": {"score": 0.75, "uncertainty": {"standard_error": {"value": 0.02}, "num_samples": 5}},
        }
    ],
}
HELM = [stat("exact_match", "test", 0.6), stat("num_instances", "test", 400)]
MTEB_OLD = {"mteb_dataset_name": "A", "test": {"en": {"accuracy": 0.7, "main_score": 0.7}, "cos_sim": {"pearson": 0.1}}}
FILES = [
    ("lm-eval", "results.json", LM_EVAL),
    ("lmms-eval", "results.json", LM_EVAL),
    ("inspect", "log.json", INSPECT),
    ("mteb", "org__m/abcdef1/A.json", MTEB),
    ("mteb", "org__m/abcdef1/A.json", MTEB_OLD),
    ("eee", "98ea850e.json", EEE),
    ("helm", "stats.json", HELM),
    ("helm", "run_spec.json", HELM_SPEC),
]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.just([None, {}, [1]]), st.just({"name": {"name": []}}),
)  # fmt: skip


def places(value, at=()):
    """Every place in nested data."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def replaced(value, at, junk):
    if not at:
        return junk
    value = copy.copy(value)
    value[at[0]] = replaced(value[at[0]], at[1:], junk)
    return value


def take(format, path):  # noqa: A002
    try:
        imported = import_results(format, path, groups="both", limited="keep", on_duplicate="keep")
    except GLevelError:
        return
    assert all(row.task and row.metric and row.model and row.value == row.value for row in imported.rows)
    assert all(isinstance(cell, str | float) for column in imported.columns().values() for cell in column)
    assert tomllib.loads(imported.map())["format"] == format
    assert len(imported.sheet().rows) <= len(imported)


@settings(max_examples=40)
@given(st.data())
@pytest.mark.parametrize(("format", "name", "content"), FILES)
def test_anything_anywhere(tmp_path_factory, format, name, content, data):  # noqa: A002
    for _ in range(data.draw(st.integers(1, 2))):
        content = replaced(content, data.draw(st.sampled_from(list(places(content)))), data.draw(JUNK))
    folder = tmp_path_factory.mktemp("run")
    for other, text in (("run_spec.json", HELM_SPEC), ("stats.json", HELM)):
        (folder / other).write_text(json.dumps(text))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    take(format, folder / "stats.json" if format == "helm" else path)


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize(
    ("format", "name", "text"),
    [
        ("opencompass", "summary_1.csv", OPENCOMPASS),
        ("model-index", "README.md", CARD),
        ("vlmevalkit", "m/m_MMStar_acc.csv", '"split","math","Overall","art"\n"none","0.4","0.45","0.5"\n'),
    ],
)
def test_any_text_anywhere(tmp_path_factory, format, name, text, data):  # noqa: A002
    if format == "model-index":
        pytest.importorskip("yaml")
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, min(len(text), first + 20)))
    text = text[:first] + data.draw(st.text(max_size=8)) + text[last:]
    path = tmp_path_factory.mktemp("run") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    take(format, path)
