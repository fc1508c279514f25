"""Ids of leaderboards, and the names of archives."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries import small_benchmark

import glevel_fast as gl
from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.registry.ids import (
    archive_name,
    find_leaderboard,
    known_leaderboards,
    read_leaderboards,
    slug,
    split_name,
)

KNOWN = known_leaderboards(small_benchmark())


def test_every_scope_has_an_id():
    assert {name: str(board.scope) for name, board in KNOWN.items()} == {
        "A": "A",
        "B.image": "B:image",
        "B.audio": "B:audio",
        "B.image+audio": "B:image+audio",
        "C.image.comprehension": "C:image/comprehension",
        "C.image.generation": "C:image/generation",
        "C.audio.comprehension": "C:audio/comprehension",
        "C.audio.generation": "C:audio/generation",
        "D.looking-closely": "D:Looking Closely",
        "D.painting": "D:Painting",
        "D.hearing": "D:Hearing",
        "D.speaking": "D:Speaking",
        "D.reading": "D:Reading",
    }
    published = known_leaderboards(gl.published.benchmark())
    assert "B.image+video" in published
    assert "B.video+image" not in published  # one board, one id
    assert len([name for name in published if name.startswith("B.")]) == 15


@pytest.mark.parametrize(
    ("name", "model", "board"),
    [
        ("Gen-A.zip", "Gen", "A"),
        ("Gen-1-A.zip", "Gen-1", "A"),
        ("Gen-A-A.zip", "Gen-A", "A"),
        ("Gen-A.quick.zip", "Gen", "A.quick"),
        ("in/a/folder/Gen-B.image.zip", "Gen", "B.image"),
        ("Gen-B.image+audio.ZIP", "Gen", "B.image+audio"),
        ("Qwen2.5-VL-72B-C.image.generation.zip", "Qwen2.5-VL-72B", "C.image.generation"),
        ("Gen-D.looking-closely.zip", "Gen", "D.looking-closely"),
        ("A-D.looking-closely.zip", "A", "D.looking-closely"),
        ("通才-A.zip", "通才", "A"),
        ("Cafe\u0301-A.zip", "Café", "A"),
    ],
)
def test_names_split(name, model, board):
    assert split_name(name, KNOWN) == (model, board)


def test_the_last_dash_that_leaves_an_id_splits():
    assert split_name("Gen-D.x-A.zip", [*KNOWN, "D.x-A"]) == ("Gen-D.x", "A")
    assert split_name("Gen-D.x-y.zip", [*KNOWN, "D.x-y"]) == ("Gen", "D.x-y")


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), st.sampled_from(sorted(KNOWN)))
def test_split_undoes_the_name(model, board):
    name = archive_name(model, board)
    assert archive_name(*split_name(name, KNOWN)) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name", ["Gen.zip", "Gen-E.zip", "Gen-a.zip", "-A.zip", "A.zip", "Gen-A.tar", "Gen-A", "Gen_A.zip"]
)
def test_other_names_are_refused(name):
    with pytest.raises(GLevelError, match=r"\[Model Name\]-\[Leaderboard ID\]\.zip"):
        split_name(name, KNOWN)


def test_near_ids_are_named():
    with pytest.raises(GLevelError, match=r"nearest: 'B\.image'"):
        split_name("Gen-B.imag.zip", KNOWN)
    with pytest.raises(GLevelError, match=r"unknown leaderboard 'B\.imge' \(nearest: 'B\.image'"):
        find_leaderboard("B.imge", KNOWN)
    with pytest.raises(GLevelError, match=r"A\.quick has no tasks here"):
        find_leaderboard("A.quick", KNOWN)


def test_slugs():
    assert slug("Image  Captioning (COCO)") == "image-captioning-coco"
    assert slug("Ⅳ 视觉 Q&A") == "iv-视觉-q-a"
    columns = small_benchmark().to_dict()
    columns["skill"] = ["Look", "look!", "", "", ""]
    with pytest.raises(BenchmarkError, match=r"'Look' and 'look!' both have the id D\.look"):
        known_leaderboards(gl.load_benchmark(columns))


def test_a_table_names_others(tmp_path):
    quick = "task,modality,paradigm,metric,sota\nsee,image,comprehension,Acc,60\nRead ,language,,Acc,60\n"
    (tmp_path / "quick.csv").write_text(quick)
    table = tmp_path / "boards.csv"
    table.write_text("id,scope,tasks\nA.quick,A,quick.csv\nears,B:audio,\n")
    known = known_leaderboards(small_benchmark(), read_leaderboards(table))
    assert known["A.quick"].tasks == ("see", "read")
    assert (str(known["ears"].scope), known["ears"].tasks) == ("B:audio", None)
    again = known_leaderboards(small_benchmark(), {name: known[name].to_dict() for name in ("A.quick", "ears")})
    assert again == known
    assert split_name("Gen-ears.zip", known) == ("Gen", "ears")
    assert find_leaderboard("A.quick", known).tasks == ("see", "read")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,tasks\nx,\n", "needs the columns id and scope"),
        ("id,scope\nx,A\nx,A\n", "line 3: the id 'x'"),
        ("id,scope\na b,A\n", "letters, digits"),
        ("id,scope\n../x,A\n", "letters, digits"),
        ("id,scope\nx,\n", "has a scope"),
        ("id,scope,tasks\nx,A,none.csv\n", "no such file"),
    ],
)
def test_tables_that_are_refused(tmp_path, content, why):
    table = tmp_path / "boards.csv"
    table.write_text(content)
    with pytest.raises(GLevelError, match=why):
        read_leaderboards(table)


def test_tables_that_do_not_fit_the_benchmark():
    with pytest.raises(BenchmarkError, match="'video' is not one of the benchmark's modalities"):
        known_leaderboards(small_benchmark(), {"x": {"scope": "B:video"}})
    with pytest.raises(BenchmarkError, match="leaderboard 'x': unknown task 'sea'"):
        known_leaderboards(small_benchmark(), {"x": {"scope": "A", "tasks": ["sea"]}})
    with pytest.raises(BenchmarkError, match="leaderboard 'x': has no tasks"):
        known_leaderboards(small_benchmark(), {"x": {"scope": "A", "tasks": []}})
