"""Plots: what is drawn, with every name a text, into any of the three kinds of file."""

from __future__ import annotations

from xml.etree import ElementTree

import hostile
import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast.boards.synergy import synergy
from glevel_fast.cli.main import main
from glevel_fast.errors import GLevelError, MissingExtraError
from glevel_fast.report import figure, plots, rank_plots
from glevel_fast.trust import snapshot

matplotlib = pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")


@pytest.fixture(scope="module")
def paper():
    return gl.Scorer(gl.published.benchmark()).score(gl.published.results())


@pytest.fixture(scope="module")
def case():
    """Six models with skills, and the scorer."""
    bench, raw = random_case(6, 80, 5, missing=0.2)
    bench = gl.Benchmark(
        bench.tasks, bench.modality, bench.paradigm, bench.metric, bench.sota,
        skill=tuple(f"skill {i % 7}" for i in range(80)),
    )  # fmt: skip
    scorer = gl.Scorer(bench)
    return scorer, raw, scorer.score(raw)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_the_ladder_shows_every_model_on_its_level(paper):
    ax = paper.plot.ladder()
    board = gl.board(paper)
    with_level = [name for name, level in zip(board.models, board.model_level, strict=True) if level]
    shown = [text.removeprefix("≥ ") for text in texts(ax) if text != "no model"]
    assert sorted(shown) == sorted(with_level)
    for k in (2, 3, 4):
        (dots,) = [line for line in ax.lines if line.get_gid() == f"dots{k}"]
        assert sorted(dots.get_xdata()) == sorted(board.score[board.model_level == k])
    bounds = {name for name, bound in zip(board.models, board.lower_bound, strict=True) if bound}
    assert {text.removeprefix("≥ ") for text in texts(ax) if text.startswith("≥")} == bounds & set(with_level)


def test_fewer_models_are_said_to_be_fewer(paper):
    assert "first 3 of" in paper.plot.ladder(top=3).get_title("left")
    assert "first 3 of" in paper.plot.synergy(top=3).get_title("left")
    assert "first 3 of" in paper.plot.coverage(top=3).get_title("left")


def test_labels_do_not_lie_over_each_other():
    at, widths = [0.0, 1.0, 1.5, 50.0, 98.0], [10.0, 10.0, 10.0, 10.0, 10.0]
    places = figure.rows_of_labels(at, widths, 100.0)
    assert [row for row, _ in places] == [0, 1, 2, 0, 0]
    assert places[-1][1] == 90.0
    for i, (row, left) in enumerate(places):
        others = [(r, x) for j, (r, x) in enumerate(places) if j != i and r == row]
        assert all(left >= x + 10 or x >= left + 10 for _, x in others)


def test_synergy_is_points_minus_the_specialists(case):
    scorer, raw, scores = case
    points = scorer.map(raw)
    sota = scores.compiled.sota_points
    for by, of_task in (("group", scores.benchmark.group_of_task), ("skill", scores.benchmark.skill_of_task)):
        found = synergy(scores, by)
        names = [" ".join(filter(None, g)) for g in scores.groups] if by == "group" else list(scores.skills.names)
        for j, name in enumerate(found.names):
            members = of_task == names.index(name)
            for i in range(len(scores)):
                has = members & ~np.isnan(raw[i]) & (raw[i] != 0) & ~np.isnan(sota)
                expected = (points[i, has] - sota[has]).mean() if has.any() else np.nan
                np.testing.assert_allclose(found.margin[i, j], expected, rtol=1e-12, atol=1e-12)
    assert found.to_pandas().shape[0] == int((found.supported > 0).sum())
    assert len(found.to_dict()["rows"]) == int((found.supported > 0).sum())


def test_synergy_needs_skills_to_go_by_them():
    bench, raw = random_case(3, 12, 1)
    with pytest.raises(gl.BenchmarkError, match="no skills"):
        gl.Scorer(bench).score(raw).plot.synergy(by="skill")


def test_synergy_under_the_release(paper):
    released = gl.Scorer(paper.benchmark, "release").score(gl.published.results())
    found = synergy(released)
    assert found.margin.shape == (len(paper), 9)
    assert ((found.supported > 0) <= ~np.isnan(found.margin)).all()


def test_the_map_marks_wins_and_what_is_not_supported(case):
    _, _, scores = case
    ax = scores.plot.synergy()
    board = gl.board(scores)
    wins = synergy(scores).wins[board.rows]
    assert sorted(texts(ax)) == sorted(str(n) for n in wins[wins > 0])
    assert ax.patch.get_hatch()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(board.models)


def test_coverage(paper):
    ax = paper.plot.coverage()
    board = gl.board(paper, "A", 2)
    dots = [xy for line in ax.lines if line.get_gid() for xy in zip(*line.get_data(), strict=True)]
    ranked = board.rank > 0
    assert sorted(dots) == sorted(zip(100 * board.coverage[ranked], board.on_supported[ranked], strict=True))
    named = int(ax.get_title("left").split(",")[1].split()[0])
    assert 10 <= named <= len(dots)


def test_side_by_side(paper):
    models = list(gl.board(paper).models[:3])
    panels = paper.plot.side_by_side(models)
    assert [panel.get_title("left") for panel in panels] == list(paper.modalities)
    rows = [paper.row(model) for model in models]
    for m, panel in enumerate(panels):
        widths = [bar.get_width() for bar in panel.patches]
        assert widths == [*paper.modality[rows, m, 0], *paper.modality[rows, m, 1]]
    with pytest.raises(gl.ResultsError, match="no model 'x'"):
        paper.plot.side_by_side(["x"])
    with pytest.raises(GLevelError, match="nothing to draw"):
        paper.plot.side_by_side([])


def test_waterfall(paper):
    receipt = paper.receipt("GPT4-o", 3)
    ax = receipt.plot.waterfall()
    widths = [bar.get_width() for bar in ax.patches]
    assert widths[-1] == receipt.score
    np.testing.assert_allclose(sum(widths[:-1]), receipt.score, rtol=1e-12)


def test_waterfalls_end_at_the_scores(paper):
    """One line a model, in the order of the board, each from 0 to its score; a lower bound says so."""
    board = gl.board(paper)
    ax = paper.plot.waterfalls(top=40)
    assert len(ax.collections) == 40
    for i, bar in enumerate(ax.collections):
        ends = np.array([path.get_extents().intervalx for path in bar.get_paths()])
        np.testing.assert_allclose(ends[1:, 0], ends[:-1, 1], rtol=1e-12)
        np.testing.assert_allclose([ends[0, 0], ends[-1, 1]], [0.0, board.score[i]], atol=1e-12)
    texts = [text.get_text().strip() for text in ax.texts]
    assert [text.startswith("≥") for text in texts] == board.lower_bound[:40].tolist()
    assert any(board.lower_bound[:40])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[3] == f"{board.models[3]}  L{board.model_level[3]}"


def test_rank_plots_have_whole_ranks_and_all_models(case):
    scorer, raw, _ = case
    boot = scorer.bootstrap(raw, 200)
    ax = boot.plot.ranks()
    assert len(ax.get_yticklabels()) == 6
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2", "3", "4", "5", "6"]
    lines = [line for line in ax.lines if not line.get_clip_on()]
    assert len(lines) == sum(len(group) > 1 for group in boot.groups(2, 0.95))
    assert len(boot.plot.ranks(top=2).get_yticklabels()) == 2
    ablation = scorer.ablate(raw, gl.SpecialistSets.leave_one_out(scorer.benchmark))
    assert len(ablation.plot.ranks().get_yticklabels()) == int((ablation.summary.base_ranks[1] > 0).sum())
    pivots = ablation.plot.pivots(top=3)
    assert len(pivots.get_yticklabels()) == 3
    widths = [bar.get_width() for bar in pivots.patches]
    assert widths == sorted((wins for _, wins, _ in ablation.summary.pivotal()), reverse=True)[:3]


def test_many_ranks_get_few_ticks(paper):
    boot = gl.Scorer(paper.benchmark).bootstrap(gl.published.results(), 50)
    ticks = [int(t.get_text()) for t in boot.plot.ranks().get_xticklabels() if t.get_text() != "none"]
    assert ticks[0] == 1
    assert len(ticks) < 20


def test_what_if_shows_only_what_moves(case):
    scorer, raw, scores = case
    task = scores.benchmark.tasks[int(np.argmax(scores.benchmark.group_of_task == 0))]
    for value in (1e-6, 99.0):
        what = scorer.what_if(raw, {task: value})
        moved = what.prepared.base_ranks[1] != what.ranks[1]
        ax = what.plot.ranks()
        assert len(ax.get_yticklabels()) == int(moved.sum())
        assert moved.any() or "none of the 6 models" in ax.get_title("left")


def test_bump_from_old_to_new():
    old = snapshot.Difference("gone", 1, None, 9.0, None, {})
    up = snapshot.Difference("up $x$", 3, 1, 5.0, 9.0, {"data": 2})
    down = snapshot.Difference("down", 2, 2, 6.0, 6.0, {})
    new = snapshot.Difference("new", None, 3, None, 1.0, {})
    ax = rank_plots.bump((old, up, down, new))
    assert sorted(texts(ax)) == sorted(
        ["gone (gone)  1", "up $x$  3", "down  2", "1  up $x$", "2  down", "3  new (new)"]
    )
    assert "2 of 4 models" in rank_plots.bump((old, up, down, new), top=1).get_title("left")
    with pytest.raises(GLevelError, match="no model has a rank"):
        rank_plots.bump(())


def test_axes_are_taken_and_returned(case):
    scorer, raw, scores = case
    ax = matplotlib.figure.Figure().subplots()
    for draw in (scores.plot.ladder, scores.plot.coverage, scores.plot.synergy, scorer.bootstrap(raw, 20).plot.ranks):
        ax.clear()
        assert draw(ax) is ax


def test_nothing_to_draw_is_said(case):
    scorer, raw, _ = case
    nobody = scorer.score(raw[:0])
    for draw in (nobody.plot.ladder, nobody.plot.coverage, nobody.plot.synergy, nobody.plot.waterfalls):
        with pytest.raises(GLevelError, match="nothing to draw"):
            draw()
    with pytest.raises(GLevelError, match="no model is on the board"):
        scorer.bootstrap(np.full((2, 80), np.nan), 5).plot.ranks()


@pytest.mark.parametrize("kind", figure.KINDS)
def test_files_are_the_same_each_time(case, tmp_path, kind):
    _, _, scores = case
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind]
    for name in "ab":
        figure.save(scores.plot.ladder(), tmp_path / f"{name}.{kind}")
    assert (tmp_path / f"a.{kind}").read_bytes().startswith(start)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    with pytest.raises(GLevelError, match=r"\.png, \.svg, \.pdf"):
        figure.save(scores.plot.ladder(), tmp_path / "a.gif")


def test_hostile_names_stay_text_in_svg():
    n = len(hostile.NAMES)
    bench = gl.Benchmark(
        hostile.NAMES, ("image",) * n, ("comprehension", "generation") * (n // 2), ("Acc",) * n, np.full(n, 40.0),
        skill=hostile.NAMES,
    )  # fmt: skip
    scores = gl.Scorer(bench).score(np.random.default_rng(1).uniform(2, 90, (n, n)), models=hostile.NAMES)
    drawn = {"a": scores.plot.ladder(), "b": scores.plot.synergy(by="skill"), "c": scores.plot.coverage()}
    allowed = {
        "svg", "title", "desc", "g", "path", "defs", "use", "text", "clipPath", "rect", "pattern", "image", "tspan",
    }  # fmt: skip
    for name, ax in drawn.items():
        tips = {"dots4": [hostile.IMAGE] * int((scores.level == 4).sum())} if name == "a" else {}
        svg = figure.inline_svg(ax, name, hostile.SCRIPT, hostile.END, tips)
        root = ElementTree.fromstring(svg)
        found = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert found <= allowed
        attributes = {key.rpartition("}")[2] for element in root.iter() for key in element.attrib}
        assert not {key for key in attributes if key.startswith("on") or key == "style"}
        assert root.find("{*}title").text == hostile.SCRIPT
        assert all(element.get("id", name).startswith(name) for element in root.iter())
        assert "<script" not in svg
        assert hostile.SCRIPT in [text.text for text in root.iter(f"{{{figure.SVG}}}text")]


def test_names_without_glyphs(case, tmp_path):
    """A name in a script that the font lacks is no warning, and stays text in an SVG."""
    scorer, raw, _ = case
    scores = scorer.score(raw, models=["模型甲", "b$\\frac{1}{0}$", "c", "d", "e", "f"])
    for kind in figure.KINDS:
        figure.save(scores.plot.ladder(), tmp_path / f"a.{kind}")
    assert "模型甲" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_commands(tmp_path, capsys):
    for picture in ("ladder", "synergy", "skills", "coverage"):
        path = tmp_path / f"{picture}.svg"
        assert main(["score", "--plot", str(path), "--picture", picture]) == 0
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    assert main(["explain", "GPT4-o", "--level", "3", "--plot", str(tmp_path / "w.pdf")]) == 0
    assert (tmp_path / "w.pdf").read_bytes().startswith(b"%PDF")
    for name, policy in (("old", "paper"), ("new", "release")):
        assert main(["snapshot", "-o", str(tmp_path / f"{name}.json"), "--policy", policy]) == 0
    pair = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    assert main(["diff", *pair, "--plot", str(tmp_path / "bump.png")]) == 0
    assert (tmp_path / "bump.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["score", "--plot", "x.gif"])
    assert ".pdf" in capsys.readouterr().err


def test_missing_extra_is_named(case, monkeypatch):
    import sys

    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"glevel-fast\[plots\]"):
        case[2].plot.ladder()


def test_waterfall_of_nothing(case):
    scorer, _, _ = case
    nothing = scorer.score(np.full((1, 80), np.nan)).receipt("model 0", 3)
    with pytest.raises(GLevelError, match="score is 0"):
        plots.waterfall(nothing)
