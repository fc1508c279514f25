"""Workbooks that are not what they seem, and cells that are more, or less, than their value."""

import datetime
import struct
import tracemalloc
import zipfile
import zlib
from io import BytesIO

import numpy as np
import openpyxl
import pytest
from released import half, refuses, save, sota_sheets
from released import sheets as released

from glevel_fast import BenchmarkError, ResultsError, load_benchmark, load_results
from glevel_fast.io import sheets, xlsx

SHEET = "xl/worksheets/sheet1.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def write(path, content):
    path.write_bytes(content)
    return path


def parts_of(archive):
    with zipfile.ZipFile(BytesIO(archive)) as book:
        return {name: book.read(name) for name in book.namelist()}


def pack(path, parts, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return path


def sheet(*rows):
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return b"<worksheet " + space + b"><sheetData>" + b"".join(rows) + b"</sheetData></worksheet>"


FAR = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
UNPLACED = b"<row>" + b"<c><v>1</v></c>" * 3000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 3000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sheet(FAR), "reaches to row 1,048,576 and column 16,384"),
        (sheet(UNPLACED), "reaches to row "),
        (sheet(FAR).replace(b"<c ", b"<x:c ").replace(b"</c>", b"</x:c>"), "reaches to row 1,048,576"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + sheet(), "declares a document type"),
        (sheet(b'<row r="2"><c r="E2"><f>1+1</f><v></v></c></row>'), ["column 5", "formula without a saved result"]),
        (sheet(b'<row r="2"><c r="E2"><f>1+1</f></c></row>'), "formula without a saved result"),
        (sheet(b"<row><c><f>1+1</f><v/></c><c><v>2</v></c></row>"), ["column 1 ", "formula without a saved result"]),
        (sheet(b'<row r="2"><c r="2E"><v>1</v></c></row>'), "that can be read"),
        (sheet(b'<row r="2"><c r="E2" t="s"><v>7</v></c></row>'), "that can be read"),
        (sheet(b"<row>")[:-30], "that can be read"),
        (sheet(b"<row " + b"".join(b' a%d=">"' % i for i in range(200_000)) + b"/>"), "a tag of more than 262,144"),
        (sheet().decode().encode("utf-16"), "not UTF-8"),
        (b"", "that can be read"),
    ],
)
def test_hostile_sheets(tmp_path, good, bench, content, words):
    path = pack(tmp_path / "a.xlsx", parts_of(good) | {SHEET: content})
    refuses(path, words, bench)


def test_formulas_with_results_are_read(tmp_path, good, bench):
    parts = parts_of(good)
    cell = b'<c r="E2" t="n"><v>30</v></c>'
    assert cell in parts[SHEET]
    for formula, value in [
        (b'<c r="E2"><f>15*2</f><v>30</v></c>', 30),
        (b'<c r="E2" t="str"><f>IF(1,"","")</f><v></v></c>', None),
    ]:
        path = pack(tmp_path / "a.xlsx", parts | {SHEET: parts[SHEET].replace(cell, formula)})
        got = load_results(path, bench).values[0, 0]
        assert got == value or (value is None and got != got)


def test_a_million_empty_rows(tmp_path, good, bench):
    parts = parts_of(good)
    rows = (
        b"".join(b'<row r="%d"/>' % i for i in range(50, 200_000)) + b'<row r="1048576"><c r="A1048576" s="1"/></row>'
    )
    path = pack(tmp_path / "a.xlsx", parts | {SHEET: parts[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")})
    assert load_results(path, bench).values[0, 0] == 30


def test_shared_strings(tmp_path, good, bench, monkeypatch):
    parts = parts_of(good)
    inline = b'<c r="B3" t="inlineStr"><is><t>Math</t></is></c>'
    assert inline in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(inline, b'<c r="B3" t="s"><v>1</v></c>')
    texts = b"<sst><si><t>No</t></si><si><r><t>Ma</t></r><r><t>%s</t></r></si></sst>"
    path = pack(tmp_path / "a.xlsx", parts | {"xl/sharedStrings.xml": texts % b"th"})
    assert load_results(path, bench).values[0, 1] == 1
    monkeypatch.setattr(xlsx, "MAX_TEXT", 4000)
    pack(path, parts | {"xl/sharedStrings.xml": texts % (b"th" * 2500)})
    refuses(path, "copy a text of 5,002 bytes", bench)


def test_archives(tmp_path, good, bench, monkeypatch):
    path = tmp_path / "a.xlsx"
    parts = parts_of(good)
    refuses(write(path, b""), "is empty", bench)
    refuses(write(path, b"model,A\nm,1\n"), "is not a workbook", bench)
    refuses(write(path, b"PK\3\4 and then nothing"), "that can be read", bench)
    refuses(write(path, good[: len(good) // 2]), "that can be read", bench)
    at = good.index(SHEET.encode()) + 100  # within the sheet's compressed cells
    refuses(write(path, good[:at] + bytes(50) + good[at + 50 :]), "that can be read", bench)
    refuses(write(path, OLE + bytes(600)), "that can be read", bench)
    refuses(write(path, OLE + "EncryptedPackage".encode("utf-16-le")), "encrypted", bench)
    refuses(pack(path, {"hello.txt": "x"}), "an archive, but not a workbook", bench)
    refuses(pack(path, {k.replace(".xml", ".bin"): v for k, v in parts.items()}), "name it .xlsb", bench)
    refuses(pack(path, {k: v for k, v in parts.items() if k != SHEET}), "that can be read", bench)
    refuses(pack(path, parts, zipfile.ZIP_LZMA) and write(path, path.read_bytes()[:-300]), "that can be read", bench)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(pack(path, parts), "a") as book:
        book.writestr(SHEET, b"")
    refuses(path, "twice", bench)
    encrypted = bytearray(good)
    encrypted[good.rfind(b"PK\1\2") + 8] |= 1  # the flag of one part
    refuses(write(path, encrypted), "encrypted", bench)
    monkeypatch.setattr(xlsx, "MAX_TAGS", 100)
    refuses(write(path, good), "more than 100 XML tags", bench)
    monkeypatch.setattr(xlsx, "MAX_UNPACKED", 1000)
    refuses(path, "more than the limit of 1,000", bench)
    monkeypatch.setattr(xlsx, "MAX_PARTS", 5)
    refuses(path, "more than 5 parts", bench)
    monkeypatch.setattr(sheets, "MAX_BYTES", 100)
    refuses(path, "more than the limit of 100", bench)


def test_an_archive_that_announces_too_little(tmp_path, good, bench):
    """200 MB that claim to be 1,000 bytes: neither we nor the reader may unpack them."""
    big = sheet().ljust(200 * 2**20)
    raw = bytearray(pack(tmp_path / "a.xlsx", parts_of(good) | {SHEET: big}).read_bytes())
    for signature, crc, name in ((b"PK\3\4", 14, 30), (b"PK\1\2", 16, 46)):
        at = -1
        while (at := raw.find(signature, at + 1)) >= 0:
            if raw[at + name :].startswith(SHEET.encode()):
                raw[at + crc : at + crc + 4] = struct.pack("<I", zlib.crc32(big[:1000]))
                raw[at + crc + 8 : at + crc + 12] = struct.pack("<I", 1000)
    tracemalloc.start()
    with pytest.raises(ResultsError):
        load_results(write(tmp_path / "a.xlsx", raw), bench)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


def test_a_panic_of_the_reader_is_an_error(tmp_path, good, bench, monkeypatch):
    class PanicException(BaseException):
        pass

    class Workbook:
        @staticmethod
        def from_filelike(_):
            raise PanicException("index out of bounds")

    import python_calamine

    monkeypatch.setattr(python_calamine, "CalamineWorkbook", Workbook)
    parts = parts_of(good)
    parts[SHEET] = parts[SHEET].replace(b"<v>30</v>", b"<f>15*2</f><v>30</v>")
    refuses(pack(tmp_path / "a.xlsx", parts), "index out of bounds", bench)
    Workbook.from_filelike = staticmethod(lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        load_results(tmp_path / "a.xlsx", bench)


def test_macro_workbooks_are_read_without_their_macros(tmp_path, good, bench):
    path = pack(tmp_path / "a.XLSM", parts_of(good) | {"xl/vbaProject.bin": b"\0" * 100, "docProps/x.xml": b"<broken"})
    assert load_results(path, bench).models == ("M",)


# Odd cells

CELL = b'<c r="E2" t="n"><v>30</v></c>'


def with_cell(path, good, cell, **changed):
    parts = parts_of(good)
    assert CELL in parts[SHEET]
    return pack(path, parts | changed | {SHEET: parts[SHEET].replace(CELL, cell)})


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        *((b'<c r="E2" t="e"><v>%s</v></c>' % e, e.decode()) for e in (b"#DIV/0!", b"#REF!", b"#N/A", b"#VALUE!")),
        (b"<c t='e' r='E2'><v>#NUM!</v></c>", "#NUM!"),
        (b'<c r="E2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        (b'<c r="E2" t="e"/>', "#ERROR!"),
        (b'<c r="E2"><f>1+1</f><v></v></c>', "formula without a saved result"),
        (b'<c r="E2"><x:f>1+1</x:f></c>', "formula without a saved result"),
        (b'<c r="E2"><f t="shared" si="0"/></c>', "formula without a saved result"),
        (b'<c r="E2"><v>1&#50;.5</v></c>', "character references"),
        (b'<c r="E2"><v>1<!-- x -->2.5</v></c>', "comments"),
        (b'<c r="E2"><v>1<?x y?>2.5</v></c>', "comments"),
        (b'<c r="E2"><v><![CDATA[12.5]]></v></c>', "CDATA"),
        (b'<c r="E2"><v>1</v><!-- x --><v>2</v></c>', "save it anew"),
    ],
)
def test_cells_that_cannot_be_trusted_are_refused(tmp_path, good, bench, cell, what):
    space = b'<worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    path = with_cell(tmp_path / "a.xlsx", good, cell)
    parts = parts_of(path.read_bytes())
    pack(path, parts | {SHEET: parts[SHEET].replace(b"<worksheet ", space, 1)})
    with pytest.raises(ResultsError) as caught:
        load_results(path, bench)
    for word in (str(path), "sheet 'NLP', row 2, model 'M', task 'Causal Reasoning'", what):
        assert word in str(caught.value)
    results = load_results(path, bench, invalid="missing")
    assert np.isnan(results.values[0, 0])
    assert any(what in note for note in results.notes)


def test_in_a_benchmark_too(tmp_path, good):
    parts = parts_of(save(tmp_path / "sota.xlsx", sota_sheets()).read_bytes())
    cell = b'<c r="E2" t="n"><v>60</v></c>'
    assert cell in parts[SHEET]
    for odd, what in ((b'<c r="E2" t="e"><v>#REF!</v></c>', "#REF!"), (b'<c r="E2"><f>6*10</f></c>', "saved result")):
        path = pack(tmp_path / "sota.xlsx", parts | {SHEET: parts[SHEET].replace(cell, odd)})
        with pytest.raises(BenchmarkError) as caught:
            load_benchmark(path)
        for word in ("sheet 'NLP', row 2, task 'Causal Reasoning'", what):
            assert word in str(caught.value)


@pytest.mark.parametrize(
    ("full", "value", "trusted"), [("1", 0, False), ("true", 0.0, False), ("0", 0, True), ("1", 3, True)]
)
def test_a_placeholder_of_a_formula(tmp_path, good, bench, full, value, trusted):
    """What programs write that cannot calculate: 0, and the wish to calculate all when the file is opened."""
    book = parts_of(good)["xl/workbook.xml"]
    assert b'fullCalcOnLoad="1"' in book
    path = with_cell(
        tmp_path / "a.xlsx", good, f'<c r="E2"><f>A1*0</f><v>{value}</v></c>'.encode(),
        **{"xl/workbook.xml": book.replace(b'fullCalcOnLoad="1"', f'fullCalcOnLoad="{full}"'.encode())},
    )  # fmt: skip
    if trusted:
        assert load_results(path, bench).values[0, 0] == value
    else:
        with pytest.raises(ResultsError, match="formula without a saved result"):
            load_results(path, bench)


def test_odd_cells_of_sheets_that_are_not_read_do_not_matter(tmp_path, bench):
    content = released(("M", half)) | {"Level-Scores": [["=1/3", 1]], "scratch": [["=A1", "#REF!"]]}
    assert load_results(save(tmp_path / "a.xlsx", content), bench).models == ("M",)


@pytest.mark.parametrize(
    ("form", "shows"),
    [
        ("0%", True), ("0.00%", True), ("0.0 %;[Red]-0.0 %", True), ("##0.0\\ %", True),
        ('0.0"%"', False), ("0.0\\%", False), ("General", False), ("0.00", False), ("[>1]0;0", False),
    ],
)  # fmt: skip
def test_percentages(tmp_path, bench, form, shows):
    path = save(tmp_path / "a.xlsx", released(("M", half)))
    book = openpyxl.load_workbook(path)
    for cell, value in (("E2", 0.782), ("E4", 0.57), ("E3", 0)):
        book["Image-Comprehension"][cell].value = value
        book["Image-Comprehension"][cell].number_format = form
    book.save(path)
    results = load_results(path, bench)
    at = [bench.task_index[t] for t in ("depth estimation", "bird naming", "flower naming")]
    assert results.values[0, at].tolist() == ([78.2, 57.0, 0.0] if shows else [0.782, 0.57, 0.0])
    assert [("formatted as percentages" in note and "E2" in note) for note in results.notes] == [True] * shows


def test_percentages_in_a_benchmark(tmp_path):
    path = save(tmp_path / "sota.xlsx", sota_sheets())
    book = openpyxl.load_workbook(path)
    book["NLP"]["E2"].value, book["NLP"]["E2"].number_format = 0.29, "0%"
    book.save(path)
    bench = load_benchmark(path)
    assert bench.sota[0] == 29.0
    assert any("'NLP': 1 cell formatted as percentages" in note for note in bench.notes)


def test_a_sheet_is_named_by_its_title(tmp_path, good, bench):
    path = pack(tmp_path / "a.xlsx", parts_of(good) | {SHEET: sheet(FAR)})
    refuses(path, "sheet 'NLP' reaches to row", bench)


# Plain workbooks


def test_plain_workbooks(tmp_path):
    header = ["task", "modality", "paradigm", "metric", "sota"]
    tasks = [header, ["A", "image", "generation", "Acc", 60], [], ["B", "image", "generation", "F1", 50]]
    bench = load_benchmark(save(tmp_path / "b.xlsx", {"empty": [], "Tasks": tasks}))
    assert bench.tasks == ("A", "B")
    wide = save(tmp_path / "wide.xlsx", {"Sheet1": [[], ["model", "A", "B"], ["m", 61, None]], "Sheet2": [["x"]]})
    long = save(tmp_path / "long.xlsx", {"Sheet1": [["model", "task", "value"], ["n", "B", 51]]})
    results = load_results([wide, long], bench)
    assert results.models == ("m", "n")
    np.testing.assert_array_equal(results.values, [[61, np.nan], [np.nan, 51]])
    assert "wide.xlsx: the table is taken from the sheet 'Sheet1'; passed over: 'Sheet2'" in results.notes
    bad = save(tmp_path / "bad.xlsx", {"Sheet1": [["model", "A"], [], ["m", "=1+1"]]})
    with pytest.raises(ResultsError, match=r"row 3, model 'm', task 'A': a formula without a saved result"):
        load_results(bad, bench)
    dated = save(tmp_path / "dated.xlsx", {"Sheet1": [["model", "A"], ["m", datetime.date(2025, 6, 5)]]})
    with pytest.raises(ResultsError, match=r"task 'A': .*2025.*\(a date: format the cell as a number"):
        load_results(dated, bench)
    titled = save(tmp_path / "titled.xlsx", {"Sheet1": [["All of May", None, None], [], ["model", "A"], ["m", 61]]})
    refuses(titled, ["sheet 'Sheet1', row 1: is no header, only the title 'All of May'", "in row 3"], bench)
    readme = save(tmp_path / "readme.xlsx", {"readme": [["What this is"]], "data": [["model", "A"], ["m", 61]]})
    with pytest.raises(ResultsError, match=r"taken from the sheet 'readme'; passed over: 'data'"):
        load_results(readme, bench)
    turned = save(tmp_path / "turned.xlsx", {"Sheet1": [[None, "m"], ["A", 61], ["B", 51]]})
    np.testing.assert_array_equal(load_results(turned, bench).values, [[61, 51]])
    refuses(save(tmp_path / "none.xlsx", {"a": [], "b": [[None]]}), "without any values", bench)


# Limits


def listed(parts, titles):
    """The workbook with more sheets, all of them copies of the first."""
    more = "".join(f'<sheet name="{title}" sheetId="{i}" r:id="rId1"/>' for i, title in enumerate(titles, start=50))
    book = parts["xl/workbook.xml"].replace(b"</sheets>", more.encode() + b"</sheets>")
    return parts | {"xl/workbook.xml": book}


def test_thousands_of_sheets(tmp_path, good, bench):
    parts = parts_of(good)
    path = pack(tmp_path / "a.xlsx", listed(parts, [f"📊 ({i})" for i in range(900)]))
    assert load_results(path, bench).models == ("M",)
    refuses(pack(path, listed(parts, [f"📊 ({i})" for i in range(9000)])), "9,009 sheets", bench)
    refuses(pack(path, listed(parts, [f"{i}{'📊' * 200}" for i in range(900)])), "in their titles", bench)


def test_texts_of_emoji_take_four_times_the_memory(tmp_path, good, bench):
    parts = parts_of(good)
    rows = b"".join(b'<row r="%d"><c r="H%d" t="s"><v>0</v></c></row>' % (i, i) for i in range(9, 20_009))
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")
    texts = "<sst><si><t>%s</t></si></sst>"
    path = pack(tmp_path / "a.xlsx", parts | {"xl/sharedStrings.xml": (texts % ("📊" * 700)).encode()})
    refuses(path, "20,000 cells may copy a text of 2,800 bytes", bench)
    path = pack(path, parts | {"xl/sharedStrings.xml": (texts % ("b" * 700)).encode()})
    refuses(path, "column 8 has no name", bench)
