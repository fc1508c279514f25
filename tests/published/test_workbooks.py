"""The released workbooks and the bundled tasks: every difference is listed, and results in that layout score."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import glevel_fast as gl
from glevel_fast import published
from glevel_fast.cli.main import main
from glevel_fast.core.metrics import find_metric
from glevel_fast.published import WorkbookDifference
from glevel_fast.published.general_bench import METRICS


def released(shared: Path) -> gl.Benchmark:
    return gl.load_benchmark(shared / "general_level" / "sota_result.xlsx")


def test_every_difference_is_listed(shared: Path) -> None:
    book, bench = released(shared), published.benchmark()
    assert book.n_tasks == bench.n_tasks == 699
    assert (np.bincount(book.group_of_task) == np.bincount(bench.group_of_task)).all()
    found, tasks = [], published.tasks()
    there = np.array([bench.names[name] for name in book.task_index])
    assert sorted(there) == list(range(699))  # each of its tasks is one of ours
    for i, j in sorted(enumerate(there.tolist()), key=lambda pair: pair[1]):
        task = tasks[j]
        assert task.group == (book.modality[i], book.paradigm[i])
        line = task.group, task.id, task.name
        if list(book.task_index)[i] not in bench.task_index:
            found.append(WorkbookDifference(*line, "name", task.name, " ".join(book.tasks[i].split())))
        if book.metrics[i] != bench.metrics[j]:
            found.append(WorkbookDifference(*line, "metric", METRICS.get(task.metric, task.metric), book.metric[i]))
        if book.sota[i] != bench.sota[j]:
            found.append(WorkbookDifference(*line, "sota", f"{task.sota:g}", repr(float(book.sota[i]))))
    assert found == list(published.workbook_differences())
    assert [sum(d.what == what for d in found) for what in ("name", "metric", "sota")] == [50, 39, 87]


def test_metrics_that_differ_map_alike() -> None:
    for d in published.workbook_differences():
        if d.what == "metric":
            assert find_metric(d.taken).is_percent
            assert find_metric(d.workbook).is_percent


def test_specialists_agree_in_order_but_for_language_and_decimals(shared: Path) -> None:
    book, bench = released(shared), published.benchmark()
    for group, name in enumerate(bench.groups):
        ours, theirs = (b.sota[b.group_of_task == group] for b in (bench, book))
        if name != ("language", ""):
            assert np.abs(ours - theirs).max() <= 0.005, name  # of two decimals
    last = len(bench.groups) - 1
    ours, theirs = (b.sota[b.group_of_task == last] for b in (bench, book))
    differ = ours != theirs
    assert np.count_nonzero(differ) == 63
    higher = bench.higher_is_better[bench.group_of_task == last][differ]
    ours, theirs = ours[differ], theirs[differ]
    better = np.where(higher, ours > theirs, ours < theirs)
    assert np.count_nonzero(better) == 62
    assert ours[~better].tolist() == [99.88]  # the workbook has 100 there
    tens = np.abs(ours - theirs) / 10
    assert np.count_nonzero(np.abs(tens - np.round(tens)) < 1e-9) == 43


def test_order_differs_in_one_skill(shared: Path) -> None:
    book, bench = released(shared), published.benchmark()
    moved = [bench.names[name] for i, name in enumerate(book.task_index) if bench.names[name] != i_of(book, bench, i)]
    assert {published.tasks()[j].skill_name for j in moved} == {"Object Recognition"}
    ids = [published.tasks()[j].number for j in sorted(moved)]
    assert (min(ids), max(ids)) == (9, 25)


def i_of(book: gl.Benchmark, bench: gl.Benchmark, i: int) -> int:
    """The bundled task at the same place of the same group."""
    group = (book.modality[i], book.paradigm[i])
    place = sum((book.modality[k], book.paradigm[k]) == group for k in range(i))
    return [k for k in range(bench.n_tasks) if (bench.modality[k], bench.paradigm[k]) == group][place]


def test_results_in_the_released_layout_need_no_benchmark(shared: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    openpyxl = __import__("openpyxl")
    book = openpyxl.load_workbook(shared / "general_level" / "template_result.xlsx")
    for sheet in book:
        if sheet.title.casefold() == "level-scores":
            continue
        last = sheet.max_column + 1
        sheet.cell(1, last).value = "mine"
        sheet.cell(2, last).value = 1.5
    path = tmp_path / "mine_result.xlsx"
    book.save(path)
    assert main(["score", str(path), "--csv", "-"]) == 0, capsys.readouterr().err
    row = capsys.readouterr().out.splitlines()[1]
    assert row.startswith("mine,")
