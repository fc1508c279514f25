"""metadata.json: what it must say, and that every fault is listed at once."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast.errors import GLevelError
from glevel_fast.registry.metadata import Metadata, fold_email, read_metadata

GOOD = {"model": "Gen-1 通才", "parameters": "7B", "description": "One model.\nAll tasks.", "email": "ann@lab.org"}


def read(content):
    return read_metadata(json.dumps(content).encode(), "metadata.json")


def test_reads_what_participants_write():
    assert read(GOOD) == Metadata(**GOOD)
    more = {"report": "https://lab.org/paper.pdf", "date": "2026-01-31"}
    assert read(GOOD | more) == Metadata(**GOOD, **more)
    assert read(GOOD | {"report": None, "date": None}) == Metadata(**GOOD)
    assert read(GOOD | {"parameters": 7_000_000_000}).parameters == "7,000,000,000"
    assert read(GOOD | {"parameters": 1.5}).parameters == "1.5"
    assert Metadata(**read(GOOD).to_dict()) == read(GOOD)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("model", "", "length"),
        ("model", "  ", "regex"),
        ("model", 7, "Expected `str`"),
        ("model", None, "Expected `str`"),
        ("model", " Gen-1", "white space"),
        ("model", "lab/Gen-1", "has a /"),
        ("model", "a:b", "has a :"),
        ("model", "..", "begins with ."),
        ("model", "m" * 201, "length"),
        ("model", "a\u202eb", "bidirectional character, U+202E"),
        ("model", "a\nb", "U+000A"),
        ("parameters", "", "length"),
        ("parameters", -1, "> 0"),
        ("parameters", True, "Expected"),
        ("description", "", "length"),
        ("description", "x" * 4001, "length"),
        ("description", "a\x00b", "U+0000"),
        ("email", "ann", "not an e-mail address"),
        ("email", "ann@lab", "not an e-mail address"),
        ("email", "ann@lab.org, bob@lab.org", "not an e-mail address"),
        ("report", "javascript:alert(1)", "begins with https://"),
        ("report", "https://", "begins with https://"),
        ("report", "see our page", "begins with https://"),
        ("date", "31.01.2026", "YYYY-MM-DD"),
        ("date", "2026-02-30", "YYYY-MM-DD"),
        ("colour", "red", "not a field"),
        ("modle", "Gen-1", "nearest: 'model'"),
    ],
)
def test_refuses(field, value, why):
    with pytest.raises(GLevelError, match=r"metadata\.json: cannot be taken") as caught:
        read(GOOD | {field: value})
    message = str(caught.value)
    assert why in message
    assert message.count("\n  - ") == 1
    assert message.replace("\n  - ", "").isprintable()


def test_lists_every_fault():
    with pytest.raises(GLevelError) as caught:
        read({"model": "a/b", "parameters": -1, "report": "x", "date": "y", "colour": 1})
    for name in ("model", "parameters", "description is missing", "email is missing", "report", "date", "'colour'"):
        assert name in str(caught.value)
    assert str(caught.value).count("\n  - ") == 7


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"model": "a", "model": "b"}', "twice"),
        (b"[" * 10_000, "nested too deep|is not JSON"),  # from Python 3.14 on, its end is reached
        (b"[1]", "not an object"),
        (b"", "is not JSON"),
        (b" " * 70_000, "more than the limit of 65,536"),
    ],
)
def test_refuses_other_files(raw, why):
    with pytest.raises(GLevelError, match=why):
        read_metadata(raw, "metadata.json")


VALUES = (
    st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.none())
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*GOOD, "report", "date"]) | st.text(), VALUES))
def test_any_content_is_metadata_or_an_error(content):
    try:
        found = read_metadata(json.dumps(content).encode(), "metadata.json")
    except GLevelError:
        return
    assert all(isinstance(value, str) for value in (found.model, found.parameters, found.description, found.email))


@given(st.emails())
def test_folding_is_done_once_and_for_all(email):
    assert fold_email(fold_email(email)) == fold_email(email) == fold_email(email.upper())
