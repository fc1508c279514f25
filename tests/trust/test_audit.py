"""The audit: what it finds in the paper's tables, and in tables that were broken on purpose."""

from __future__ import annotations

import json
from dataclasses import replace

import hostile
import pytest
from recorded import golden

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.io import write
from glevel_fast.published import audit as audit_paper
from glevel_fast.trust import audit_tables
from glevel_fast.trust.audit import (
    Row,
    Support,
    audit_boards,
    audit_support,
    corrected,
    corrected_sheet,
    findings_sheet,
)
from glevel_fast.trust.audit_tables import read_tables


def row(model, parts, rank, level=2, overall=None, paradigm="C+G", table="T"):
    names = ("image", "video", "audio", "3d")
    mean = round(sum(parts) / 4, 2) if overall is None else overall
    return Row(table, level, model, model, paradigm, dict(zip(names, parts, strict=True)), mean, rank)


SOUND = (
    row("a", (40, 20, 8, 0), 1),
    row("b", (20, 20, 8, 0), 2),
    row("c", (8, 0, 0, 0), 3, paradigm="C"),
    row("d", (0, 0, 0, 0), None),
)


def kinds(rows, support=()):
    return [(f.kind, f.model) for f in (*audit_boards(rows), *audit_support(support, rows))]


def test_a_sound_board_has_no_findings():
    assert audit_boards(SOUND) == ()
    above = tuple(replace(r, level=3, table="T3") for r in SOUND)
    assert audit_boards(SOUND + above) == ()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({0: {"overall": 10.0}}, [("overall", "a"), ("rank", "a")]),
        ({0: {"overall": 10.0, "rank": 2}, 1: {"rank": 1}}, [("overall", "a")]),
        ({0: {"rank": 2}, 1: {"rank": 1}}, [("rank", "b")]),
        ({3: {"rank": 4}}, [("rank", "d")]),
        ({1: {"model": "A!", "printed_name": "A!"}}, [("duplicate", "A!")]),
        ({2: {"parts": {"image": 60.0}, "overall": 60.0, "rank": None}}, [("range", "c"), ("range", "c")]),
        ({1: {"parts": SOUND[0].parts, "overall": 17.0}}, [("rank", "b"), ("duplicate", "b")]),
        ({2: {"level": 4}}, [("no-support", "c")]),
    ],
)
def test_each_slip_alone(change, found):
    rows = tuple(replace(r, **change.get(i, {})) for i, r in enumerate(SOUND))
    assert kinds(rows) == found


def test_level_order_per_modality_and_overall():
    above = row("a", (41, 18, 0, 0), 1, level=3, table="T3")
    findings = audit_boards((SOUND[0], above))
    assert [(f.kind, f.table, f.printed) for f in findings] == [("level-order", "T3", 41)]
    assert "Level-3 of 41 is above Level-2 of 40 (T)" in findings[0].message


def counts(**changes):
    group = ("image", "comprehension")
    base = Support("S", group, "c", "c", 40, 40.0, 10, 10.0, {2: 8.0}, 100)
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"supported": 110}, "support"),
        ({"wins": 41, "wins_pct": 41.0}, "support"),
        ({"wins_pct": 11.0}, "percent"),
        ({"levels": {2: 8.5}}, "level-column"),
        ({"supported": 0, "supported_pct": 0.0, "wins": 0, "wins_pct": 0.0}, "no-support"),
        ({"group": ("image", "generation")}, "claim"),
    ],
)
def test_counts(changes, kind):
    assert [k for k, _ in kinds(SOUND, (counts(**changes),))] == ([kind] if kind else [])


def test_wins_behind_level_3_and_4():
    three = replace(SOUND[2], level=3, table="T3")
    assert kinds((*SOUND, three), (counts(wins=0, wins_pct=0.0),)) == [("no-wins", "c")]
    four = replace(SOUND[0], level=4, parts={"image": 4.0, "video": 0.0, "audio": 0.0, "3d": 0.0}, overall=1.0)
    entries = [
        counts(model="a", printed_name="a", group=("image", p), wins=w, wins_pct=w, levels={})
        for p, w in (("comprehension", 5), ("generation", 0))
    ]
    assert kinds((SOUND[0], four), entries) == [("no-wins", "a")]


def test_another_denominator_is_one_finding():
    entries = [counts(model=m, printed_name=m, supported=s, supported_pct=round(100 * s / 102, 1), wins=0, wins_pct=0.0,
                      levels={}) for m, s in (("p", 40), ("q", 77), ("r", 51))]  # fmt: skip
    findings = audit_support(entries)
    assert [(f.kind, f.printed, f.computed) for f in findings] == [("percent", 102, 100)]


def test_corrected_board():
    rows = (row("a", (10, 0, 0, 0), 1, overall=1.0), row("b", (8, 0, 0, 0), 2), row("c", (8, 0, 0, 0), 3),
            row("d", (30, 1, 0, 0), 4, overall=0.25), row("e", (0, 0, 0, 0), None))  # fmt: skip
    table = corrected(rows)
    assert [(c.row.model, c.rank, c.move) for c in table] == [
        ("d", 1, 3),
        ("a", 2, -1),
        ("b", 3, -1),
        ("c", 3, 0),
        ("e", None, 0),
    ]
    assert [c.overall for c in table[:2]] == [7.75, 2.5]
    assert len(corrected_sheet(rows, moved_only=True).rows) == 3


def test_the_paper():
    """Every slip that SPEC.md section 7 names, and the others known."""
    findings = audit_paper.audit_published()
    of = {}
    for f in findings:
        of.setdefault(f.kind, set()).add(f.model)
    wrong = {"Qwen-VL-Chat", "Long-LLaVA-9B", "DeepSeek-VL-2", "DeepSeek-VL-2-small"}
    assert of["overall"] == wrong
    assert of["level-order"] == (wrong - {"Qwen-VL-Chat"}) | {"ModaVerse-7b-v0"}
    assert of["no-wins"] == {"Unified-io-2-XXL", "PandaGPT-13B", "InternVL-2-8B", "AvatarGPT"}
    assert of["support"] == {"Qwen-Audio-Chat"}
    assert "InternVL2_5-8B" in of["skill-means"]
    assert {"GPT4-o", "Long-LLaVA-9B"} <= of["name"]
    alone = {f.model: f.message for f in findings if f.kind == "overall"}
    assert "image alone" in alone["Qwen-VL-Chat"]
    assert "video alone" in alone["Long-LLaVA-9B"]
    assert len({(f.kind, f.table, f.model, f.message) for f in findings}) == len(findings)


def test_the_paper_corrected():
    level2 = [r for r in audit_paper.boards() if r.level == 2]
    moves = {c.row.model: (c.rank, c.move) for c in corrected(level2)}
    assert moves["DeepSeek-VL-2"] == (30, 52)
    assert moves["Qwen-VL-Chat"] == (41, 18)
    assert moves["Unified-io-2-XXL"] == (1, 0)


def test_golden():
    findings = audit_paper.audit_published()
    golden("audit.json", write.json_text({"findings": [f.to_dict() for f in findings]}))


def test_own_boards_from_this_package(tmp_path):
    """What `glevel board` and `glevel score` write has no findings."""
    scores = gl.Scorer(gl.published.benchmark()).score(gl.published.results())
    paths = []
    for scope, level in (("A", 2), ("A", 3), ("A", 5), ("B:image", 4), ("B:image+video", 2), ("C:image/generation", 3)):
        paths.append(tmp_path / f"{len(paths)}.json")
        write.json(gl.board(scores, scope, level, date="2025-05-07").to_dict(), paths[-1])
    paths.append(tmp_path / "scores.json")
    write.json(scores.to_dict(), paths[-1])
    for path in paths:
        rows, support = read_tables(path)
        assert rows
        assert not support
        findings = [f for f in audit_boards(rows) if f.kind != "duplicate"]
        assert findings == [], path.name


def test_every_kind_is_offered():
    import glevel_fast.trust.audit
    from glevel_fast.cli.audit import KINDS

    assert {f.kind for f in audit_paper.audit_published()} <= set(KINDS)
    for kind in KINDS:
        assert f"\n{kind} " in glevel_fast.trust.audit.__doc__


def test_own_tables(tmp_path, capsys):
    board = tmp_path / "board.csv"
    board.write_text(
        "model,Image,Video,overall,rank,level\nx,10,0,9,1,2\ny,8,8,8,2,2\nx,12,0,6,1,3\n", encoding="utf-8"
    )
    count = tmp_path / "counts.csv"
    count.write_text("model,modality,paradigm,supported,wins,tasks\nx,image,comprehension,12,13,20\n", encoding="utf-8")
    assert main(["audit", str(board), str(count), "--json", "-"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["kind"], f["model"]) for f in findings] == [("overall", "x"), ("level-order", "x"), ("support", "x")]
    assert set(findings[0]) == {"kind", "table", "model", "printed", "computed", "message"}
    assert main(["audit", str(board), "--corrected", "--markdown", "-"]) == 0
    assert "| 1 | y | 8.00 | 2 |" in capsys.readouterr().out
    assert main(["audit", str(board), "--kind", "overall"]) == 0
    out = capsys.readouterr().out
    assert "1 finding: 1 overall" in out
    assert "corrected" not in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model,score\nx,1\n", "neither a board"),
        ("model,overall\nx,high\n", "line 2: 'overall' is 'high', not a number"),
    ],
)
def test_wrong_tables(tmp_path, capsys, content, message):
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    assert main(["audit", str(path)]) == 1
    assert message in capsys.readouterr().err


def test_limits(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    monkeypatch.setattr(audit_tables, "MAX_FIGURES", 20)
    for content, message in (
        ("model,overall,image\n" + "x,1,1\n" * 7, "21 cells are more than the limit of 20"),
        ("model,overall,level\nx,1,7\n", "line 2: the level is 7.0, not 1 to 5"),
        ("model,overall,image\nx,1,1e308\n", "'image' is 1e[+]308, beyond 1e[+]09"),
        ("model,modality,supported,wins,tasks\nx,image,5,1,1e12\n", "'tasks' is 1000000000000.0, beyond"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(gl.BenchmarkError, match=message):
            read_tables(path)


def test_percentages_of_a_huge_group():
    """Sizes are computed, not tried: a count of a thousand million tasks took for ever."""
    entries = [Support("T", ("image", "generation"), m, m, 5, 50.0, 3, 30.0, {}, 10**9) for m in ("a", "b")]
    assert [(f.kind, f.printed) for f in audit_support(entries)] == [("percent", 10)]


def test_wrong_json(tmp_path):
    path = tmp_path / "t.json"
    for content in (
        '{"rows": [{"model": "m", "rank": 1, "paradigm": "C", "score": "nan"}], "level": 2, "scope": "A"}',
        '{"rows": [{"model": "m", "rank": 1e300, "paradigm": "C", "score": 1}], "level": 2, "scope": "A"}',
        '{"rows": [], "level": [], "scope": "A"}',
        '{"rows": [{}], "level": 2, "scope": "A"}',
        '{"models": 3}',
        '{"x": 1}',
        '{"rows": [], "level": null}',
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(gl.BenchmarkError):
            read_tables(path)


def test_command_on_the_paper(capsys):
    assert main(["audit"]) == 0
    out = capsys.readouterr().out
    assert "Qwen-VL-Chat: Level-2 overall 3.48 is not the mean" in out.replace("\n      ", " ")
    assert "+52" in out


def test_hostile_names():
    rows = [row(name, (40 - i, 0, 0, 0), i + 1, overall=1.0) for i, name in enumerate(hostile.NAMES)]
    sheets = [findings_sheet(audit_boards(rows)), corrected_sheet(rows)]
    for sheet in sheets:
        assert "<script" not in sheet.markdown() + sheet.html()
        assert "\\input" not in sheet.latex()
        assert not [c for c in sheet.text() if not c.isprintable() and c != "\n"]
