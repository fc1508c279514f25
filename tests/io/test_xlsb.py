"""Binary workbooks: every kind of cell as other readers see it, and what they do not tell; damage and bombs refused."""

import random
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from struct import pack

import biff12
import numpy as np
import pytest
from biff12 import Cell, record
from hypothesis import given
from hypothesis import strategies as st
from released import half, refuses, sota_sheets
from released import save as save_xlsx
from released import sheets as released

import glevel_fast as gl
from glevel_fast.io import xlsb
from glevel_fast.io.workbook import read_workbook

calamine = pytest.importorskip("python_calamine")
pyxlsb = pytest.importorskip("pyxlsb")

BENCH = gl.load_benchmark(
    {"task": ["vqa", "draw"], "modality": ["image"] * 2, "paradigm": ["comprehension", "generation"],
     "metric": ["Acc", "FID"], "sota": [50.0, 20.0]}
)  # fmt: skip
HEADER = ["model", "vqa", "draw"]


def plain(path, *rows, **options):
    return biff12.save(path, {"Results": [HEADER, *rows]}, **options)


def read(path, title):
    return xlsb.XlsbBook(str(path), path.read_bytes()).read(title)


# Against other readers

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64).map(Cell),
    st.integers(-(2**29), 2**29 - 1).map(lambda n: Cell(float(n), "rk")),
    st.integers(-9999, 9999).map(lambda n: Cell(n / 100, "hundredths")),
    st.floats(0.5, 1e9).map(lambda x: Cell(x, "real", formula=True)),
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
others = st.one_of(
    texts.map(lambda t: Cell(t, "text")), texts.map(lambda t: Cell(t, "shared")),
    texts.map(lambda t: Cell(t, "text", formula=True)), st.booleans().map(Cell), st.none(),
)  # fmt: skip


@given(st.lists(st.lists(st.one_of(numbers, others), min_size=1, max_size=5), min_size=1, max_size=5))
def test_values_are_those_of_calamine(rows):
    file = BytesIO()
    biff12.save(file, {"empty": [], "S": rows})
    mine = xlsb.XlsbBook("a.xlsb", file.getvalue())
    cells, odd = mine.read("S")
    assert mine.titles == ["empty", "S"]
    assert not odd
    with calamine.CalamineWorkbook.from_filelike(BytesIO(file.getvalue())) as book:
        theirs = book.get_sheet_by_name("S").to_python(skip_empty_area=False)
    assert cells == theirs


def test_values_are_those_of_pyxlsb(tmp_path):
    """It knows errors by their numbers, and no texts but shared ones."""
    path = biff12.save(
        tmp_path / "a.xlsb",
        {"S": [["model", 0.1, Cell(-3, "rk"), Cell(1.29, "hundredths"), True, Cell("#REF!", "error")],
               ["é📊", Cell(2.5, formula=True), Cell("t", "text", formula=True), None, False, "x"]]},
    )  # fmt: skip
    cells, odd = read(path, "S")
    with pyxlsb.open_workbook(str(path)) as book, book.get_sheet("S") as sheet:
        theirs = [["" if cell.v is None else cell.v for cell in row] for row in sheet.rows()]
    assert (theirs[0].pop(), cells[0].pop()) == ("0x17", "")
    assert odd[0, 5].what == "#REF!"
    assert cells == theirs


def test_cells_that_other_readers_pass_over(tmp_path):
    """Texts with runs of formats, and cells that stand beside the one before."""
    row = [Cell("M", "rich"), Cell(1.5, beside=True), Cell(7, "rk", beside=True), Cell("t", "shared", beside=True),
           Cell("u", "text", beside=True), Cell(True, "bool", beside=True), Cell("#N/A", "error", beside=True),
           Cell(None, "blank", beside=True), Cell(2.5, beside=True)]  # fmt: skip
    cells, odd = read(biff12.save(tmp_path / "a.xlsb", {"S": [row]}), "S")
    assert cells == [["M", 1.5, 7.0, "t", "u", True, "", "", 2.5]]
    assert {at: str(what.what) for at, what in odd.items()} == {(0, 6): "#N/A"}


# As users meet them


def test_a_plain_workbook(tmp_path):
    path = plain(tmp_path / "r.xlsb", ["A", 60.5, Cell(18, "rk")], [Cell("B", "text"), None, "N/A"])
    results = gl.load_results(path, BENCH)
    assert results.models == ("A", "B")
    np.testing.assert_array_equal(results.values, [[60.5, 18.0], [np.nan, np.nan]])


def test_the_released_layout(tmp_path):
    for name, content in (("sota", sota_sheets()), ("m", released(("M", half)))):
        save_xlsx(tmp_path / f"{name}.xlsx", content)
        biff12.save(tmp_path / f"{name}.xlsb", content | {"notes": [["#", Cell("#REF!", "error")]]})
    bench, same = gl.load_benchmark(tmp_path / "sota.xlsb"), gl.load_benchmark(tmp_path / "sota.xlsx")
    assert bench.sha256 == same.sha256
    results = gl.load_results(tmp_path / "m.xlsb", bench)
    np.testing.assert_array_equal(results.values, gl.load_results(tmp_path / "m.xlsx", same).values)


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        *((Cell(error, "error"), error) for error in biff12.ERRORS),
        (Cell("#DIV/0!", "error", formula=True), "#DIV/0!"),
        (Cell("#SPILL!", "error"), "#ERROR!"),
        (Cell(0.0, "real", formula=True, flags=2), "a formula without a saved result"),
        (Cell(float("nan"), "real"), "a number that is not finite"),
        (Cell(float("inf"), "real", formula=True), "a number that is not finite"),
        (Cell(45000.0, form="m/d/yyyy"), "a date"),
        (Cell(45000, "rk", form="[$-409]d-mmm-yy;@"), "a date"),
        (Cell(0.5, form="[h]"), "a date"),
        (True, "True"),
    ],
)
def test_cells_that_cannot_be_trusted(tmp_path, cell, what):
    path = plain(tmp_path / "r.xlsb", ["A", cell, 3.5])
    with pytest.raises(gl.ResultsError) as caught:
        gl.load_results(path, BENCH)
    for word in (str(path), "sheet 'Results', row 2, model 'A', task 'vqa': ", what):
        assert word in str(caught.value)
    table = [["task", "modality", "paradigm", "metric", "sota"], ["vqa", "image", "generation", "Acc", cell]]
    path = biff12.save(tmp_path / "b.xlsb", {"Tasks": table})
    with pytest.raises(gl.BenchmarkError) as caught:
        gl.load_benchmark(path)
    for word in (str(path), "sheet 'Tasks', row 2, task 'vqa'", what):
        assert word in str(caught.value)


@pytest.mark.parametrize(("full", "value", "trusted"), [(True, 0.0, False), (False, 0.0, True), (True, 3.0, True)])
def test_a_placeholder_of_a_formula(tmp_path, full, value, trusted):
    path = plain(tmp_path / "r.xlsb", ["A", 60.5, Cell(value, formula=True)], full_calculation=full)
    if trusted:
        assert gl.load_results(path, BENCH, invalid="missing").values[0, 0] == 60.5
    else:
        with pytest.raises(gl.ResultsError, match=r"task 'draw': a formula without a saved result"):
            gl.load_results(path, BENCH)


@pytest.mark.parametrize(
    ("form", "shows"), [("0%", True), ("0.0%", True), ("0.00%", True), ('0.0"%"', False), ("General", False)]
)
def test_percentages(tmp_path, form, shows):
    path = plain(
        tmp_path / "r.xlsb", ["A", Cell(0.57, form=form), 18.0], ["B", Cell(0.782, formula=True, form=form), 18.0]
    )
    results = gl.load_results(path, BENCH)
    assert results.values[:, 0].tolist() == ([57.0, 78.2] if shows else [0.57, 0.782])
    assert [("2 cells formatted as percentages" in n and "B2, B3" in n) for n in results.notes[:1]] == [True] * shows


def test_sheets_that_are_not_read_do_not_matter(tmp_path):
    content = {"Chart": [], "Results": [HEADER, ["A", 60.5, 18.0]], "scratch": [[Cell("#REF!", "error")] * 9]}
    path = biff12.save(tmp_path / "r.xlsb", content, kinds={"Chart": "chartsheet"})
    assert gl.load_results(path, BENCH).values[0].tolist() == [60.5, 18.0]


def test_a_wrong_name(tmp_path):
    refuses(plain(tmp_path / "r.xlsx", ["A", 1.0, 1.0]), "is a binary workbook: name it .xlsb", BENCH)
    refuses(save_xlsx(tmp_path / "r.xlsb", {"S": [HEADER]}), "is an Excel workbook: name it .xlsx", BENCH)


# Hostile files


SHEET, BOOK, RELATIONS = "xl/worksheets/sheet1.bin", "xl/workbook.bin", "xl/_rels/workbook.bin.rels"


def changed(path, part, data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in (biff12.parts({"Results": [HEADER, ["A", 60.5, 18.0]]}) | {part: data}).items():
            book.writestr(name, content)
    return path


FAR = record(145) + b"".join(
    record(0, pack("<IIHHB", row, 0, 300, 0, 0)) + record(5, pack("<IId", column, 0, 1.0))
    for row, column in ((0, 0), (2**20 - 1, 2**14 - 1))
)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (FAR + record(146), "sheet 'Results' reaches to row 1,048,576 and column 16,384"),
        (FAR, "its cells do not end"),
        (b"", "it has no cells"),
        (record(145) + record(0, pack("<I", 2**20)) + record(5, pack("<IId", 0, 0, 1.0)), "row 1048577"),
        (record(145) + record(5, pack("<IId", 0, 0, 1.0)), "a cell in row 0"),
        (record(145) + record(0, pack("<I", 0)) + record(7, pack("<III", 0, 0, 99)), "damaged"),
        (record(145) + record(0, pack("<I", 0)) + record(6, pack("<III", 0, 0, 2**31)), "beyond its record"),
        (record(145) + record(0, pack("<I", 0)) + record(6, pack("<IIIH", 0, 0, 1, 0xD800)), "damaged"),
        (record(145) + record(0, pack("<I", 0)) + record(2, pack("<II", 0, 0)), "damaged"),
        (record(145) + record(0)[:1] + b"\xff\xff\xff\x7f", "reaches beyond the end"),
        (record(145) + b"\xff", "damaged"),
    ],
)
def test_hostile_sheets(tmp_path, cells, words):
    refuses(changed(tmp_path / "r.xlsb", SHEET, record(129) + cells), [words], BENCH)


def test_hostile_lists_of_sheets(tmp_path):
    path = tmp_path / "r.xlsb"

    def listed(*sheets):
        return b"".join(
            record(156, pack("<II", 0, n) + biff12.text(relation) + biff12.text(title))
            for n, (relation, title) in enumerate(sheets)
        )

    refuses(changed(path, BOOK, listed(("rId1", "A"), ("rId1", "A"))), "the sheet 'A' is there twice", BENCH)
    refuses(changed(path, BOOK, listed(("rId99", "A"))), "damaged", BENCH)
    refuses(changed(path, BOOK, listed(*(("rId1", f"{n}") for n in range(1001)))), "1,000 sheets", BENCH)
    refuses(changed(path, BOOK, record(156, b"x")), "its list of sheets", BENCH)
    refuses(changed(path, BOOK, b""), "without any values", BENCH)
    refuses(changed(path, RELATIONS, b"<a"), "damaged", BENCH)
    refuses(changed(path, RELATIONS, b"<!DOCTYPE a><a/>"), "document type", BENCH)
    refuses(changed(path, RELATIONS, b" " * 2**21), "more than 1,048,576 bytes", BENCH)


def test_limits(tmp_path, monkeypatch):
    path = plain(tmp_path / "r.xlsb", ["A", 60.5, 18.0])
    for name, limit, words in (
        ("MAX_FILLED", 4, "more than 4 filled cells"),
        ("MAX_RECORDS", 20, "more than 20 records"),
        ("MAX_TEXT", 8, "more than 8 bytes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(xlsb, name, limit)
            refuses(path, words, BENCH)
    bomb = changed(tmp_path / "bomb.xlsb", SHEET, bytes(65 * 2**20))
    assert bomb.stat().st_size < 100_000
    refuses(bomb, "unpacks to", BENCH)
    empty = changed(tmp_path / "empty.xlsb", SHEET, record(145) + bytes([60, 0]) * 2**21)
    refuses(empty, "more than 1,000,000 records", BENCH)


def test_damage_is_refused(tmp_path):
    rows = [[f"A{i}", Cell(0.605, form="0.0%"), Cell(18, "rk")] for i in range(20)]
    whole = biff12.parts({"Results": [HEADER, *rows]})
    rng = random.Random(5)
    for _ in range(150):
        broken = dict(whole)
        for name in rng.sample(sorted(whole), 2):
            part = bytearray(whole[name][: rng.choice([len(whole[name]), rng.randrange(1, len(whole[name]))])])
            for _ in range(rng.randrange(1, 9)):
                part[rng.randrange(len(part))] = rng.randrange(256)
            broken[name] = bytes(part)
        with zipfile.ZipFile(tmp_path / "b.xlsb", "w") as book:
            for name, data in broken.items():
                book.writestr(name, data)
        with suppress(gl.GLevelError):  # whatever else is raised fails the test
            read_workbook(tmp_path / "b.xlsb")


def test_a_far_cell_costs_little(tmp_path):
    """Half a million empty rows are told at once to be empty."""
    rows = [HEADER, ["A", 60.5, 18.0], *[[]] * 500_000, ["B", 61.5, 19.0]]
    path = biff12.save(tmp_path / "r.xlsb", {"Results": rows})
    started = time.process_time()
    assert gl.load_results(path, BENCH).models == ("A", "B")
    assert time.process_time() - started < 3
