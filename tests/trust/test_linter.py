"""The linter of raw results, and the two policies side by side."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.trust.linter import suspects_sheet

NAN = float("nan")


def bench(*tasks):
    """Tasks as (metric, sota) or (metric, sota, scale)."""
    n = len(tasks)
    return gl.Benchmark(
        tuple(f"t{i}" for i in range(n)), ("image",) * n, ("generation",) * n, tuple(t[0] for t in tasks),
        np.array([t[1] for t in tasks], float), scale=np.array([t[2] if len(t) > 2 else 1.0 for t in tasks]),
    )  # fmt: skip


def lint(benchmark, *values):
    return gl.lint(gl.Results.from_array(["m"], [values], benchmark), benchmark)


@pytest.mark.parametrize(
    ("task", "value", "kind", "scale"),
    [
        (("WER", 0.08), 5.6, "percent", 0.01),
        (("WER", 8.0, 0.01), 0.056, "fraction", 100.0),
        (("WER", 8.0, 0.01), 94.0, None, None),  # one value alone may be that bad
        (("WER", 8.0, 0.01), 9.0, None, None),
        (("Acc", 80.0), 0.75, "fraction", 100.0),
        (("Acc", 80.0), 14.0, None, None),
        (("Acc", 80.0), 45.0, None, None),
        (("Acc", 80.0), 140.0, "domain", None),
        (("Acc", 80.0), 7500.0, "domain", 0.01),
        (("Acc", 80.0), 0.0, "zero", None),
        (("MS-SSIM", 0.9), 88.0, "domain", 0.01),
        (("MOS", 4.2), 84.0, "domain", None),
        (("FID", 12.0), -3.0, "domain", None),
        (("FID", 12.0), 0.02, "implausible", 1000.0),
        (("FID", 12.0), 40.0, None, None),
        (("CD", 0.9), 870.0, "implausible", 0.001),
        (("PSNR", 28.0), 0.3, "implausible", 100.0),
        (("Acc", NAN), 0.4, None, None),
    ],
)
def test_each_kind(task, value, kind, scale):
    found = lint(bench(task), value)
    assert [(s.kind, s.scale) for s in found] == ([(kind, scale)] if kind else [])


@pytest.mark.parametrize(
    ("tasks", "values", "reversed_"),
    [
        ([("Acc", 80.0)] * 5, [14.0, 22.0, 17.0, 19.0, 18.0], 5),
        ([("WER", 8.0, 0.01)] * 6, [94.0, 91.0, 95.0, 93.0, 92.0, 20.0], 5),
        ([("Acc", 80.0)] * 4, [14.0, 22.0, 17.0, 19.0], 0),  # four may be chance
        ([("Acc", 80.0)] * 7, [14.0, 22.0, 17.0, 19.0, 18.0, 75.0, 65.0], 0),  # too many are not
        ([("Acc", 80.0)] * 4 + [("F1", 80.0)], [14.0, 22.0, 17.0, 19.0, 18.0], 0),  # of two metrics
        ([("Acc", 80.0)] * 5 + [("Acc", 50.0)] * 2, [14.0, 22.0, 17.0, 19.0, 18.0, 40.0, 40.0], 5),  # these cannot tell
    ],
)
def test_reversed_needs_more_than_chance(tasks, values, reversed_):
    found = lint(bench(*tasks), *values)
    assert [s.kind for s in found] == ["reversed"] * reversed_


def test_the_papers_own_data_is_not_reversed():
    bench, results = gl.published.benchmark(), gl.published.results()
    assert not [s for s in gl.lint(results, bench) if s.kind == "reversed"]


def test_the_exit_status_on_demand(workbook, capsys):
    sota, results = workbook
    assert main(["lint", str(results), "-b", str(sota)]) == 0
    assert main(["lint", str(results), "-b", str(sota), "--exit-code"]) == 1
    capsys.readouterr()


def test_a_suggested_scale_is_right():
    """What the linter suggests is no longer suspicious."""
    benchmark = bench(("WER", 0.08), ("Acc", 80.0), ("MS-SSIM", 0.9), ("FID", 12.0), ("CD", 0.9))
    values = np.array([5.6, 0.75, 88.0, 0.02, 870.0])
    scale = [s.scale for s in lint(benchmark, *values)]
    assert lint(benchmark, *(values * np.array(scale, float))) == ()


def test_a_model_in_fractions():
    benchmark = bench(("Acc", 4.0), ("F1", 9.0), ("mIoU", 12.0))
    found = lint(benchmark, 0.04, 0.09, 0.12)
    assert [(s.kind, s.scale) for s in found] == [("fraction", 100.0)] * 3


def test_sheet_counts_zeros():
    sheet = suspects_sheet(lint(bench(("Acc", 80.0), ("Acc", 80.0), ("Acc", 80.0)), 0.0, 0.0, 140.0))
    assert len(sheet.rows) == 1
    assert "2 exact zeros of m" in sheet.notes[0]


@pytest.fixture
def workbook(tmp_path):
    """A benchmark and results in the released layout, with a WER in another unit in row 3 of a sheet."""
    from openpyxl import Workbook

    from glevel_fast.io.workbook import HEADER, SHEETS

    paths = []
    for title, value in (("SoTA Performance", (50.0, 0.09)), ("mine", (40.0, 9.4))):
        book = Workbook()
        for n, sheet in enumerate(SHEETS):
            tab = book.active if n == 0 else book.create_sheet()
            tab.title = sheet
            tab.append([*HEADER, title])
            tab.append([1, f"{sheet} one", "one", "Acc", value[0]])
            tab.append([2, f"{sheet} two", "two", "WER", value[1]])
        paths.append(tmp_path / f"{title.split()[0]}.xlsx")
        book.save(paths[-1])
    return paths


def test_command_names_the_cell(workbook, capsys):
    sota, mine = map(str, workbook)
    assert main(["lint", mine, "-b", sota, "--json", "-"]) == 0
    suspects = json.loads(capsys.readouterr().out)["suspects"]
    assert len(suspects) == 9
    assert suspects[1]["cell"] == "mine.xlsx, sheet 'Image-Comprehension', row 3"
    assert suspects[1]["scale"] == 0.01
    assert main(["lint", mine, "-b", sota]) == 0
    assert "x 0.01" in capsys.readouterr().out


def test_policy_diff():
    benchmark = gl.Benchmark(
        ("shape", "speech", "plain"), ("3d", "audio", "image"), ("generation", "generation", "comprehension"),
        ("CD (Chamfer Distance)", "WER", "Acc"), np.array([0.5, 8.0, 40.0]), scale=np.array([1.0, 0.01, 1.0]),
    )  # fmt: skip
    results = gl.Results.from_array(["a", "b"], [[6540.0, NAN, 30.0], [0.4, 9.0, 50.0]], benchmark)
    diff = gl.policy_diff(results, benchmark)
    reasons = {(c.model, c.task): c.reason for c in diff.cells}
    assert reasons["a", "shape"] == "the name 'CD (Chamfer Distance)' is not met: the value stays raw"
    assert reasons["b", "speech"] == "WER is mapped without its scale of 0.01"
    assert ("a", "plain") not in reasons
    move = {(m.level, m.model): m for m in diff.moves}
    assert (move[2, "a"].paper_rank, move[2, "a"].release_rank) == (2, 1)
    paper, release = (gl.Scorer(benchmark, p).score(results) for p in ("paper", "release"))
    assert move[2, "a"].release == release.overall[0, 0]
    assert move[2, "a"].paper == paper.overall[0, 0]
    assert move[2, "a"].why[0].startswith("the name 'CD")
    json.dumps(diff.to_dict(), allow_nan=False)
    # the specialist's WER of 8, without its scale, is -700 points: a missing value beats that
    assert reasons["a", "speech"] == "a missing value is 0 points, and those may win"


def test_a_cause_is_ranked_by_what_it_moves():
    """Weights matter little here, and the metric that is not met very much: that comes first."""
    benchmark = gl.Benchmark(
        ("shape", "one", "two"), ("image",) * 3, ("generation",) * 3, ("CD (Chamfer Distance)", "Acc", "Acc"),
        np.array([0.5, 90.0, 90.0]), weight=np.array([1.0, 1.0, 1.01]),
    )  # fmt: skip
    results = gl.Results.from_array(["a"], [[6540.0, 30.0, 31.0]], benchmark)
    (move,) = (m for m in gl.policy_diff(results, benchmark).moves if m.level == 2)
    assert move.why == (
        "the name 'CD (Chamfer Distance)' is not met: the value stays raw",
        "the weights of tasks are not used",
    )
    heavy = gl.Benchmark(
        benchmark.tasks, benchmark.modality, benchmark.paradigm, ("Acc", "Acc", "CIDEr"), np.array([90.0] * 3),
        weight=np.array([1.0, 50.0, 1.0]),
    )  # fmt: skip
    results = gl.Results.from_array(["a"], [[30.0, 80.0, 101.0]], heavy)
    (move,) = (m for m in gl.policy_diff(results, heavy).moves if m.level == 2)
    assert move.why[0] == "the weights of tasks are not used"
    assert len(move.why) == 2


def test_a_cause_that_moves_nothing_alone():
    """A Level-4 that needs two wins: either quirk alone leaves it at 0."""
    benchmark = gl.Benchmark(
        ("c", "g"), ("image",) * 2, ("comprehension", "generation"), ("FID", "CD (Chamfer Distance)"),
        np.array([0.228, 0.5]),
    )  # fmt: skip
    results = gl.Results.from_array(["a"], [[0.51, 0.7]], benchmark)
    (move,) = (m for m in gl.policy_diff(results, benchmark).moves if m.level == 4)
    assert (move.paper, move.release > 0) == (0.0, True)
    assert move.why


def test_policies_that_agree_show_nothing():
    benchmark = bench(("Acc", 40.0), ("F1", 60.0))
    results = gl.Results.from_array(["a", "b"], [[30.0, 70.0], [50.0, 20.0]], benchmark)
    diff = gl.policy_diff(results, benchmark)
    assert diff.cells == ()
    assert diff.moves == ()


def test_policy_diff_command(workbook, capsys):
    sota, mine = map(str, workbook)
    assert main(["lint", mine, "-b", sota, "--policy-diff", "--fractions", "keep"]) == 0
    assert "values that the policies take differently" in capsys.readouterr().out
