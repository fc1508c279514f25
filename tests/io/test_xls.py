"""Workbooks of the old .xls kind: values, errors and percentages as of .xlsx, damage refused."""

import random
from contextlib import suppress

import pytest

import glevel_fast as gl
from glevel_fast.io.workbook import HEADER, SHEETS, read_workbook

xlwt = pytest.importorskip("xlwt")
pytest.importorskip("xlrd", reason="the extra `workbooks` is not installed")

BENCH = gl.load_benchmark(
    {"task": ["vqa", "draw"], "modality": ["image"] * 2, "paradigm": ["comprehension", "generation"],
     "metric": ["Acc", "FID"], "sota": [50.0, 20.0]}
)  # fmt: skip


def plain(path, *rows, percent=()):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Results")
    style = xlwt.easyxf(num_format_str="0.0%")
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                sheet.write(i, j, cell, *([style] if (i, j) in percent else []))
    book.save(str(path))
    return path


def with_error(path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Results")
    for j, cell in enumerate(["model", "vqa", "draw"]):
        sheet.write(0, j, cell)
    sheet.write(1, 0, "A")
    sheet.row(1).set_cell_error(1, "#DIV/0!")
    sheet.write(1, 2, 3.5)
    book.save(str(path))
    return path


def test_a_plain_workbook(tmp_path):
    path = plain(tmp_path / "r.xls", ["model", "vqa", "draw"], ["A", 60.5, 18], ["B", None, "N/A"])
    results = gl.load_results(path, BENCH)
    assert results.models == ("A", "B")
    assert results.values[0].tolist() == [60.5, 18.0]
    assert (results.values[1] != results.values[1]).all()


def test_percentages_are_in_percent(tmp_path):
    path = plain(tmp_path / "r.xls", ["model", "vqa", "draw"], ["A", 0.605, 18], percent={(1, 1)})
    results = gl.load_results(path, BENCH)
    assert results.values[0].tolist() == [60.5, 18.0]
    assert any("1 cell formatted as percentages" in note and "B2" in note for note in results.notes)


def test_a_percent_sign_that_is_text(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Results")
    for i, row in enumerate([["model", "vqa", "draw"], ["A", 60.5, 18.0]]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell, xlwt.easyxf(num_format_str='0.0"%"'))
    book.save(str(tmp_path / "r.xls"))
    results = gl.load_results(tmp_path / "r.xls", BENCH)
    assert results.values[0].tolist() == [60.5, 18.0]
    assert not results.notes


def test_an_error_is_refused(tmp_path):
    with pytest.raises(gl.ResultsError, match=r"row 2.*model 'A', task 'vqa'.*#DIV/0!"):
        gl.load_results(with_error(tmp_path / "r.xls"), BENCH)


def test_a_formula_without_a_result_is_refused(tmp_path):
    """xlwt does not calculate: what it saves as the result is 0."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Results")
    for i, row in enumerate([["model", "vqa", "draw"], ["A", xlwt.Formula("60+1"), 18.0]]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    book.save(str(tmp_path / "r.xls"))
    with pytest.raises(gl.ResultsError, match=r"row 2.*model 'A', task 'vqa'.*formula without a saved result"):
        gl.load_results(tmp_path / "r.xls", BENCH)


def test_the_released_layout(tmp_path):
    book = xlwt.Workbook()
    for name in SHEETS:
        sheet = book.add_sheet(name)
        for i, row in enumerate([[*HEADER, "SoTA Performance"], [1, f"{name} one", "one", "Acc", 50.5]]):
            for j, cell in enumerate(row):
                sheet.write(i, j, cell)
    book.save(str(tmp_path / "sota.xls"))
    bench = gl.load_benchmark(tmp_path / "sota.xls")
    assert bench.n_tasks == 9
    assert set(bench.sota.tolist()) == {50.5}


def test_damage_is_refused(tmp_path):
    rows = [[f"A{i}", 60.5, 18] for i in range(50)]
    whole = plain(tmp_path / "r.xls", ["model", "vqa", "draw"], *rows).read_bytes()
    rng = random.Random(5)
    for _ in range(150):
        broken = bytearray(whole[: rng.choice([len(whole), rng.randrange(512, len(whole))])])
        for _ in range(rng.randrange(1, 20)):
            broken[rng.randrange(8, len(broken))] = rng.randrange(256)
        (tmp_path / "b.xls").write_bytes(broken)
        with suppress(gl.GLevelError):  # whatever else is raised fails the test
            read_workbook(tmp_path / "b.xls")
