"""Sheets of nothing but plain values, read at once: as calamine reads them, and never where a cell is more."""

import random
import re
import zipfile
from io import BytesIO

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import _core
from glevel_fast.errors import GLevelError
from glevel_fast.io.plain import PlainSheets
from glevel_fast.io.sheets import open_spreadsheet
from glevel_fast.io.xlsx import Package

calamine = pytest.importorskip("python_calamine")

SHEET = "xl/worksheets/sheet1.xml"


def plain_rows(raw, title="S"):
    return PlainSheets(Package("a.xlsx", raw)).rows(title)


def by_calamine(raw, title="S"):
    with calamine.CalamineWorkbook.from_filelike(BytesIO(raw)) as book:
        return book.get_sheet_by_name(title).to_python(skip_empty_area=False)


def stripped(rows):
    return [[cell.strip() if isinstance(cell, str) else cell for cell in row] for row in rows]


def saved(rows, styles=()):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("S", 0)
    for row in rows:
        sheet.append(row)
    for place, form in styles:
        sheet[place].number_format = form
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(raw, name, change):
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as given, zipfile.ZipFile(file, "w") as book:
        for part in given.namelist():
            data = given.read(part)
            book.writestr(part, change(data) if part == name else data)
    return file.getvalue()


cells = st.one_of(
    st.none(), st.floats(-1e300, 1e300), st.integers(-(10**15), 10**15), st.booleans(),
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=9)
    .filter(lambda text: not text.startswith("=") and text.strip() == text and "_x" not in text),
)  # fmt: skip


def referring(raw):
    """The workbook with everything beyond ASCII as references, as openpyxl with lxml writes it; every other in hex."""

    def reference(found):
        code = ord(found[0].decode())
        return b"&#%d;" % code if code % 2 else b"&#x%X;" % code

    return with_part(raw, SHEET, lambda xml: re.sub(rb"[\xc2-\xf4][\x80-\xbf]+", reference, xml))


def shared(raw):
    """The workbook with its texts in a part of their own, as Excel and XlsxWriter write them."""
    texts = []

    def taken(found):
        texts.append(found[1])
        return b' t="s"><v>%d</v></c>' % (len(texts) - 1)

    raw = with_part(raw, SHEET, lambda xml: re.sub(rb' t="inlineStr"><is>(.*?)</is></c>', taken, xml))
    file = BytesIO(raw)
    with zipfile.ZipFile(file, "a") as book:
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        items = b"".join(b"<si>%s</si>" % text for text in texts)
        book.writestr("xl/sharedStrings.xml", b'<?xml version="1.0"?><sst xmlns="%s">%s</sst>' % (space, items))
    return file.getvalue()


@settings(max_examples=30)
@given(st.lists(st.lists(cells, max_size=5), max_size=5), st.booleans(), st.booleans())
def test_rows_are_those_of_calamine(rows, apart, refer):
    """Texts in the cells themselves, and in a part of their own; as they are, and with references."""
    raw = referring(saved(rows)) if refer else saved(rows)
    raw = shared(raw) if apart else raw
    mine, theirs = plain_rows(raw), by_calamine(raw)
    assert mine is not None
    width = max(map(len, theirs), default=0)
    assert mine == [row + [""] * (width - len(row)) for row in theirs]


def rows_of(cells, styles=b"\0\0\1", shared=("a", "b"), most=1000):
    return _core.sheet_rows(b"<sheetData>" + cells + b"</sheetData>", list(shared), styles, most)


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        (b"", []),
        (b'<row r="1"/><row r="2" spans="1:5" ht="15.75"> </row>', []),
        (b'<row r="2"><c r="B2"><v>1.5</v></c></row>', [["", ""], ["", 1.5]]),
        (b'<row><c r="A1" s="1" t="n"><v>-1E-3</v></c>\n<c r="B1" s="0"/><c r="C1" t="n" /></row>', [[-0.001]]),
        (b'<row><c r="A1" t="s"><v>1</v></c><c r="B1" t="b"><v>0</v></c></row>', [["b", False]]),
        (b'<row><c r="A1" t="str"><v>x</v></c><c r="B1"></c><c r="C1" t="s"/></row>', [["x"]]),
        (b'<row><c r="A1" t="inlineStr"><is><t xml:space="preserve"> &lt;&amp;amp;&gt; </t></is></c></row>',
         [[" <&amp;> "]]),
        (b'<row><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', [[2.0]]),
    ],
)  # fmt: skip
def test_plain(cells, rows):
    found = rows_of(cells)
    assert found is not None
    assert found[0] == rows


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="A1"><f>1+1</f><v>2</v></c>', b'<c r="A1" t="e"><v>#N/A</v></c>', b'<c r="A1" t="d"><v>2025</v></c>',
        b'<c r="A1" s="2"><v>0.5</v></c>', b'<c r="A1" s="3"><v>0.5</v></c>', b"<c><v>1</v></c>",
        b'<c t="n" r="A1"><v>1</v></c>', b"<c r='A1'><v>1</v></c>", b'<c r="a1"><v>1</v></c>',
        b'<c r="A0"><v>1</v></c>', b'<c r="A"><v>1</v></c>', b'<c r="1"><v>1</v></c>', b'<c r="XFE1"><v>1</v></c>',
        b'<c r="A1048577"><v>1</v></c>', b'<c r="A99999999999999999999"><v>1</v></c>',
        b'<c r="AAAAAAAAAAAAAAA1"><v>1</v></c>', b'<c r="A1"><v>1</v><v>2</v></c>', b'<c r="A1"><v>1&#50;</v></c>',
        b'<c r="A1"><v>1<!-- --></v></c>', b'<c r="A1"><v>nan</v></c>', b'<c r="A1"><v>inf</v></c>',
        b'<c r="A1"><v>1e999</v></c>', b'<c r="A1"><v>1e</v></c>', b'<c r="A1"><v> 1</v></c>',
        b'<c r="A1"><v></v></c>', b'<c r="A1"><v/></c>', b'<c r="A1" t="s"><v>2</v></c>',
        b'<c r="A1" t="s"><v>-1</v></c>', b'<c r="A1" t="s"><v>99999999999999999999999</v></c>', b'<c r="A1" t="e"/>',
        b'<c r="A1" t="b"><v>2</v></c>', b'<c r="A1" t="str"><v>_x000D_</v></c>',
        b'<c r="A1" t="str"><v>a\rb</v></c>', b'<c r="A1" t="str"><v>\xff</v></c>',
        b'<c r="A1" t="str"><v>&nbsp;</v></c>', b'<c r="A1" t="str"><v>&#49;</v></c>',
        b'<c r="A1" t="str"><v>&#55296;</v></c>', b'<c r="A1" t="str"><v>&#x110000;</v></c>',
        b'<c r="A1" t="str"><v>&#8734</v></c>', b'<c r="A1" t="str"><v>&#x;</v></c>',
        b'<c r="A1" t="str"><v>&#99999999999;</v></c>',
        b'<c r="A1" t="inlineStr"><is><r><t>x</t></r></is></c>', b'<c r="A1" t="inlineStr"><v>x</v></c>',
        b'<c r="A1"', b'<c r="A1">', b'<c r="A1"><v>1', b'<c r="A1"><v>1</v></c', b'<x:c r="A1"><v>1</v></x:c>',
        b'</row><c r="A1"><v>1</v></c><row>', b'<row><c r="A1"><v>1</v></c></row>',
    ],
)  # fmt: skip
def test_what_is_more_is_left_to_a_closer_look(cell):
    assert rows_of(b"<row>" + cell + b"</row>") is None


def test_sheets_that_are_left_to_a_closer_look():
    good = b'<row><c r="A1"><v>1</v></c><c r="C9"><v>1</v></c></row>'
    assert rows_of(good, most=27) is not None
    assert rows_of(good, most=26) is None
    broken = (b"<sheetData", b"<sheetData>", b"<sheetData x='1'></sheetData>", b"<x:sheetData></x:sheetData>")
    for xml in (b"", *broken, *(b"<sheetData>" + row for row in (b"<row></sheetData>", b"<row", b"<rowx></rowx>"))):
        assert _core.sheet_rows(xml, [], b"", 100) is None
    assert _core.sheet_rows(b"<sheetData/>", [], b"", 100) == ([], 0)
    raw = saved([["a", 1.5]])
    for change in (lambda xml: b"<!-- -->" + xml, lambda xml: xml.replace(b"<sheetData>", b"<?x y?><sheetData>")):
        assert plain_rows(raw) is not None
        assert plain_rows(with_part(raw, SHEET, change)) is None


@pytest.mark.parametrize("form", ["0%", "0.00%", "0.0 %", "m/d/yyyy", "[h]:mm", "yyyy-mm-dd"])
def test_percentages_and_dates_are_left_to_a_closer_look(tmp_path, form):
    raw = saved([["a", 0.57]], styles=[("B1", form)])
    assert plain_rows(raw) is None
    (tmp_path / "a.xlsx").write_bytes(raw)
    with open_spreadsheet(tmp_path / "a.xlsx") as book:
        rows, percents = book.cells("S")
    assert (rows[0][1] == 57.0) == bool(percents) == ("%" in form)
    assert plain_rows(saved([["a", 0.57]], styles=[("B1", "0.00")])) == [["a", 0.57]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda xml: xml.replace(b">a<", b">&lt;a&gt; &amp;amp;<"), "<a> &amp;"),
        (lambda xml: xml.replace(b"</t></si>", b'</t><phoneticPr fontId="1" type="noConversion"/></si>'), "a"),
        (lambda xml: xml.replace(b">a<", b">&#97;<"), None),
        (lambda xml: xml.replace(b">a<", b">&x;<"), None),
        (lambda xml: xml.replace(b">a<", b">_x0041_<"), None),
        (lambda xml: xml.replace(b">a<", b">\xff<"), None),
        (lambda xml: xml.replace(b"<si><t>a</t></si>", b"<si><r><t>a</t></r></si>"), None),
        (lambda xml: xml.replace(b"<si><t>a</t></si>", b"<x:si><x:t>a</x:t></x:si>"), None),
        (lambda xml: xml.replace(b">a<", b"><![CDATA[a]]><"), None),
        (lambda xml: xml.replace(b"<si>", b"<!-- --><si>"), None),
    ],
)
def test_shared_texts(change, text):
    raw = with_part(shared(saved([["a", 1.5]])), "xl/sharedStrings.xml", change)
    assert raw != (untouched := shared(saved([["a", 1.5]])))
    assert plain_rows(untouched) == [["a", 1.5]]
    assert plain_rows(raw) == (None if text is None else [[text, 1.5]])
    if text is not None:
        assert by_calamine(raw) == [[text, 1.5]]


def test_changed_bytes_are_read_as_a_closer_look_reads_them():
    """Whatever is taken for plain has no odd cell, and is what calamine reads."""
    rng = random.Random(3)
    raw = saved([["model", "A", "B"], ["m", 1.5, 2], ["n", None, "∞"], ["o", True, "a&b"]])
    with zipfile.ZipFile(BytesIO(raw)) as book:
        xml = book.read(SHEET)
    begin, end = xml.index(b"<sheetData>") + 11, xml.index(b"</sheetData>")
    pieces = re.findall(rb"<[^<>]*>|[^<>]+", xml[begin:end])
    tokens = [*pieces, b"<f>1</f>", b' t="e"', b' s="0"', b' t="s"', b"1", b"&lt;", b" ", b"</c>", b"<row>", b'"', b"<"]
    compared = 0
    for _ in range(1500):
        body = list(pieces)
        for _ in range(rng.choice((1, 1, 2, 3))):
            at = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    del body[at]
                case 1:
                    body[at] = rng.choice(tokens)
                case 2:
                    body.insert(at, rng.choice(tokens))
                case 3:
                    k = rng.randrange(len(body[at]))
                    body[at] = body[at][:k] + rng.choice(tokens) + body[at][k:]
        changed = xml[:begin] + b"".join(body) + xml[end:]
        found = _core.sheet_rows(changed, [], b"\0", 10_000)
        if found is None:
            continue
        whole = with_part(raw, SHEET, lambda _, changed=changed: changed)
        package = Package("a.xlsx", whole)
        try:
            theirs = by_calamine(package.archive.getvalue())
        except (GLevelError, calamine.CalamineError):
            continue
        assert not package.oddities("S"), changed
        assert np.array_equal(filled(found[0]), filled(theirs)), changed
        compared += 1
    assert compared > 40


def filled(rows):
    return [(i, j, cell) for i, row in enumerate(stripped(rows)) for j, cell in enumerate(row) if cell != ""]
