"""The audit: what it finds in the paper's tables, and in tables that were broken on purpose."""

from __future__ import annotations

import json
from dataclasses import replace

import hostile
import numpy as np
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
    count_digits,
    findings_sheet,
)
from glevel_fast.trust.audit_tables import read_tables


def row(model, parts, rank, level=2, overall=None, paradigm="C+G", table="T"):
    names = ("image", "video", "audio", "3d")
    mean = round(sum(parts) / 4, 2) if overall is None else overall
    return Row(table, level, model, model, paradigm, dict(zip(names, parts, strict=True)), mean, rank)


IN_FULL = dict.fromkeys(("overall", "image", "video", "audio", "3d"), 17)
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
        ({3: {"rank": 4}}, []),  # a score of 0.00 may have been above 0 before it was rounded
        ({3: {"rank": 1}, 0: {"rank": 2}, 1: {"rank": 3}, 2: {"rank": 4}}, [("rank", "d")]),
        ({1: {"model": "A!", "printed_name": "A!"}}, [("duplicate", "A!")]),
        ({2: {"parts": {"image": 60.0}, "overall": 60.0, "rank": None}}, [("range", "c"), ("range", "c")]),
        ({1: {"parts": SOUND[0].parts, "overall": 17.0}}, [("duplicate", "b")]),  # both may have been rounded
        (
            {i: {"parts": SOUND[0].parts, "overall": 17.0, "digits": IN_FULL} for i in (0, 1)},
            [("rank", "b"), ("duplicate", "b")],
        ),
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
    """Every slip that docs/spec.md section 7 names, and the others known."""
    findings = audit_paper.audit_published()
    of = {}
    for f in findings:
        of.setdefault(f.kind, set()).add(f.model)
    wrong = {"Qwen-VL-Chat", "Long-LLaVA-9B", "DeepSeek-VL-2", "DeepSeek-VL-2-small"}
    assert of["overall"] == wrong
    assert of["level-order"] == (wrong - {"Qwen-VL-Chat"}) | {"ModaVerse-7b-v0"}
    assert of["no-wins"] == {"Unified-io-2-XXL", "PandaGPT-13B", "InternVL-2-8B", "AvatarGPT"}
    assert of["support"] == {"Qwen-Audio-Chat"}
    assert {"InternVL2_5-8B", "Monkey-10B-chat", "MotionGPT-T5"} <= of["tasks"]
    assert {"Sa2VA-8B", "SoTA Specialist"} <= of["skill-means"]
    assert {"GPT-4o", "Qwen2-VL-72B"} <= of["counts"]
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
        rows, support, _ = read_tables(path)
        assert rows
        assert not support
        findings = [f for f in audit_boards(rows) if f.kind != "duplicate"]
        assert findings == [], path.name


def test_containing(capsys):
    assert main(["audit", "--containing", "another MODEL's", "--json", "-"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {f["model"] for f in findings} == {"ImageBind-LLM", "InternVL2_5-8B"}
    assert main(["audit", "--containing", "another model's"]) == 0
    assert "corrected beside printed" not in capsys.readouterr().out


def test_readings(tmp_path, capsys):
    assert main(["audit", "--readings"]) == 0
    out = capsys.readouterr().out
    assert "*  48 raw value at least as good as the specialist's" in out
    assert max(map(len, out.splitlines())) <= 116
    assert main(["audit", "--readings", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["readings"]
    assert rows[0] | {"tables": {}} == {
        "figures": "wins",
        "reading": "raw value at least as good as the specialist's (≥)",
        "taken": True,
        "agree": 48,
        "printed": 77,
        "tables": {},
    }
    assert rows[0]["tables"]["Table 6"] == {"agree": 3, "printed": 14}
    with pytest.raises(SystemExit):
        main(["audit", str(tmp_path / "x.csv"), "--readings"])


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


def board_file(tmp_path, models, digits, header="rank,model,overall,image,video,audio,3d", extra=""):
    """A correct board, printed with so many decimals."""
    rng = np.random.default_rng(3)
    parts = rng.uniform(0, 45, (models, 4))
    order = np.argsort(-parts.mean(axis=1))
    lines = [header]
    for rank, i in enumerate(order, start=1):
        figures = [f"{v:.{digits}f}" for v in (parts[i].mean(), *parts[i])]
        lines.append(",".join([str(rank), f"M{i}", *figures]) + extra)
    path = tmp_path / "board.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 15])
def test_a_correct_board_of_any_decimals_has_no_findings(tmp_path, digits):
    rows, _, notes = read_tables(board_file(tmp_path, 60, digits))
    assert audit_boards(rows) == ()
    assert notes == ()
    assert {r.digits["overall"] for r in rows} == {digits}


@pytest.mark.parametrize("digits", [1, 2, 15])
def test_what_is_wrong_by_a_unit_is_found_at_any_decimals(tmp_path, digits):
    rows, _, _ = read_tables(board_file(tmp_path, 60, digits))
    by = 2.0 * 10.0 ** -min(digits, 8)
    changed = (replace(rows[0], overall=round(rows[0].overall + by, digits)), *rows[1:])
    assert [f.kind for f in audit_boards(changed)] == ["overall"]


def test_a_board_in_full_precision_with_few_scores(tmp_path):
    """Of Level-4 most are 0; those that are not have all their decimals."""
    lines = ["model,level,rank,overall,image,video,audio,3d", "A,4,1,0.21640625,0.865625,0,0,0"]
    lines += [f"M{i},4,,0,0,0,0,0" for i in range(20)]
    (tmp_path / "b.csv").write_text("\n".join(lines))
    assert audit_boards(read_tables(tmp_path / "b.csv").rows) == ()


def test_a_board_whose_last_models_print_as_zero(tmp_path):
    lines = ["rank,model,overall,image,video,audio,3d", "1,A,1.00,4.00,0.00,0.00,0.00", "2,B,0.00,0.01,0.00,0.00,0.00"]
    lines += ["3,C,0.00,0.01,0.00,0.00,0.00", "3,D,0.00,0.00,0.00,0.00,0.00"]
    (tmp_path / "b.csv").write_text("\n".join(lines))
    assert [f.kind for f in audit_boards(read_tables(tmp_path / "b.csv").rows) if f.kind != "duplicate"] == []


def test_columns_that_are_no_modality_are_passed_over(tmp_path, capsys):
    header = "rank,model,overall,image,video,audio,3d,params_b,year"
    path = board_file(tmp_path, 5, 2, header, ",7,2024")
    rows, _, notes = read_tables(path)
    assert audit_boards(rows) == ()
    assert set(rows[0].parts) == {"image", "video", "audio", "3d"}
    assert notes == ("board.csv: columns that are no modality are passed over: 'params_b', 'year'",)
    assert main(["audit", str(path), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"findings": [], "notes": list(notes)}
    assert err == f"note: {notes[0]}\n"


def test_modalities_of_your_own(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("model,overall,Touch,Smell,params\nA,30.0,40.0,20.0,7\n")
    with pytest.raises(gl.BenchmarkError, match=r"none of the columns 'Touch', 'Smell', 'params' is .*--modalit"):
        read_tables(path)
    rows, _, notes = read_tables(path, ["touch", " SMELL"])
    assert rows[0].parts == {"touch": 40.0, "smell": 20.0}
    assert notes == ("b.csv: columns that are no modality are passed over: 'params'",)
    with pytest.raises(gl.BenchmarkError, match="has no column 'taste'"):
        read_tables(path, ["touch", "taste"])


@pytest.mark.parametrize("rank", ["1.5", "-1"])
def test_a_rank_is_a_whole_number(tmp_path, rank):
    (tmp_path / "b.csv").write_text(f"rank,model,overall,image\n{rank},A,3.0,3.0\n")
    with pytest.raises(gl.BenchmarkError, match=f"line 2: the rank {rank} is not a whole number"):
        read_tables(tmp_path / "b.csv")


def test_the_exit_status_on_demand(tmp_path):
    good = board_file(tmp_path, 5, 2)
    assert main(["audit", str(good), "--exit-code"]) == 0
    bad = tmp_path / "bad.csv"
    bad.write_text("rank,model,overall,image,video\n1,A,30.00,40.00,10.00\n")
    assert main(["audit", str(bad)]) == 0
    assert main(["audit", str(bad), "--exit-code"]) == 1


@pytest.mark.parametrize(
    ("figure", "digits"),
    [("1.50", 2), ("7", 0), (1.5, 1), (2.0, 0), (7, 0), ("1e-3", 3), (1e-7, 7), ("2.5e1", 0), (0.1 + 0.2, 17)],
)
def test_decimals_of_a_figure(figure, digits):
    assert count_digits(figure) == digits
