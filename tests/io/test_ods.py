"""Spreadsheets of LibreOffice: read as workbooks are, with the same eye for odd cells."""

import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from released import half, sheets, sota_sheets

from glevel_fast import BenchmarkError, ResultsError, load_benchmark, load_results
from glevel_fast.io import ods

SMALL = {
    "task": ["A", "B"],
    "modality": ["image"] * 2,
    "paradigm": ["generation"] * 2,
    "metric": ["Acc", "F1"],
    "sota": [60, 50],
}
PERCENT = (
    b'<table:table-cell office:value-type="percentage" office:value="0.615"><text:p>61.5%</text:p></table:table-cell>'
)
REPEATED = b'<table:table-cell table:number-columns-repeated="%s" office:value-type="float" office:value="1"/>'
CELL = b'<table:table-cell office:value-type="float" office:value="61.5"><text:p>61.5</text:p></table:table-cell>'


@pytest.fixture(scope="module")
def small():
    return load_benchmark(SMALL)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("ods") / "good.ods"
    pd.DataFrame({"model": ["M", "N"], "A": [61.5, 0.57], "B": [50.5, None]}).to_excel(path, index=False, engine="odf")
    return path.read_bytes()


def changed(path, good, old, new):
    with zipfile.ZipFile(BytesIO(good)) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name in given.namelist():
            data = given.read(name)
            if name == "content.xml":
                assert old in data
                data = data.replace(old, new, 1)
            book.writestr(name, data)
    return path


def test_plain_and_released(tmp_path, good, small):
    (tmp_path / "r.ods").write_bytes(good)
    results = load_results(tmp_path / "r.ods", small)
    assert results.models == ("M", "N")
    np.testing.assert_array_equal(results.values, [[61.5, 50.5], [0.57, np.nan]])
    for name, content in (("sota", sota_sheets()), ("m", sheets(("My model", half)))):
        with pd.ExcelWriter(tmp_path / f"{name}.ods", engine="odf") as book:
            for title, (header, *body) in content.items():
                pd.DataFrame(body, columns=header).to_excel(book, sheet_name=title, index=False)
    bench = load_benchmark(tmp_path / "sota.ods")
    results = load_results(tmp_path / "m.ods", bench)
    assert results.models == ("My model",)
    np.testing.assert_array_equal(results.values[0], bench.sota / 2)


SPACE = b'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (b'<table:table-cell ' + SPACE + b' table:formula="of:=1/0" office:value-type="string" office:string-value="" '
         b'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>', "#DIV/0!"),
        (b'<table:table-cell table:formula="of:=1/0" office:value-type="float" office:value="0"><text:p>#REF!</text:p>'
         b"</table:table-cell>", "#REF!"),
        (b'<table:table-cell table:formula="of:=X" office:value-type="float" office:value="0"><text:p>Err:508</text:p>'
         b"</table:table-cell>", "Err:508"),
        (b'<table:table-cell table:formula="of:=1+1"/>', "a formula without a saved result"),
        (b'<table:table-cell office:value-type="string"><text:p>#N/A</text:p></table:table-cell>', "#N/A"),
    ],
)  # fmt: skip
def test_cells_that_cannot_be_trusted(tmp_path, good, small, cell, what):
    path = changed(tmp_path / "r.ods", good, CELL, cell)
    with pytest.raises(ResultsError) as caught:
        load_results(path, small)
    for word in (str(path), "sheet 'Sheet1', row 2, model 'M', task 'A': ", what):
        assert word in str(caught.value)


def test_percentages_and_runs_of_cells(tmp_path, good, small):
    results = load_results(changed(tmp_path / "r.ods", good, CELL, PERCENT), small)
    np.testing.assert_array_equal(results.values, [[61.5, 50.5], [0.57, np.nan]])
    assert any("1 cell formatted as percentages" in note and "B2" in note for note in results.notes)
    row = b"</table:table-row><table:table-row>"
    empty = b'<table:table-row table:number-rows-repeated="9"><table:table-cell table:number-columns-repeated="99"/>'
    gap = b"</table:table-row>" + empty + row
    both = BytesIO(changed(tmp_path / "r.ods", good, CELL, PERCENT).read_bytes()).getvalue()
    results = load_results(changed(tmp_path / "r.ods", both, row, gap), small)
    assert results.values[0, 0] == 61.5
    assert any("B11" in note for note in results.notes)


@pytest.mark.parametrize(
    ("new", "words"),
    [(REPEATED % b"5000000", "reaches to row"), (REPEATED % b"x", "damaged"), (b"<table:table-cell", "damaged")],
)
def test_hostile(tmp_path, good, small, new, words):
    path = changed(tmp_path / "r.ods", good, CELL, new)
    with pytest.raises(ResultsError, match=words):
        load_results(path, small)
    with pytest.raises(BenchmarkError, match=words):
        load_benchmark(path)


def test_limits(tmp_path, good, small, monkeypatch):
    monkeypatch.setattr(ods, "MAX_TAGS", 20)
    (tmp_path / "r.ods").write_bytes(good)
    with pytest.raises(ResultsError, match="more than 20 XML tags"):
        load_results(tmp_path / "r.ods", small)
    (tmp_path / "r.ods").write_bytes(good[: len(good) // 2])
    with pytest.raises(ResultsError, match="that can be read"):
        load_results(tmp_path / "r.ods", small)
    start = b"<office:document-content"
    path = changed(tmp_path / "d.ods", good, start, b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + start)
    monkeypatch.undo()
    with pytest.raises(ResultsError, match="document type"):
        load_results(path, small)
