"""Writes small binary workbooks (.xlsb), for tests: the records of [MS-XLSB] that hold cells, texts and styles."""

import zipfile
from dataclasses import dataclass
from struct import pack

NONE = 0xFFFFFFFF
ERRORS = {
    "#NULL!": 0x00, "#DIV/0!": 0x07, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A,
    "#GETTING_DATA!": 0x2B,
}  # fmt: skip
EMPTY_FORMULA = pack("<II", 0, 0)


@dataclass(frozen=True)
class Cell:
    """`kind`: real, rk, text, shared, rich, bool, error; `form` is the number format; `flags` those of a formula."""

    value: object
    kind: str = ""
    form: str = ""
    formula: bool = False
    flags: int = 0
    beside: bool = False  # a record that names no column


def record(kind, body=b""):
    """Both numbers are written with seven bits a byte."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(body)
    while True:
        head += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return head + body


def text(value):
    raw = value.encode("utf-16-le")
    return pack("<I", len(raw) // 2) + raw


def rk(value, hundredths=False):
    """A whole number of 30 bits, or a number of hundredths."""
    return pack("<i", round(value * 100 if hundredths else value) << 2 | 2 | hundredths)


def save(path, sheets, full_calculation=False, kinds=None, compression=zipfile.ZIP_DEFLATED):
    """`sheets`: {title: rows of values or `Cell`s}; None is left out. `kinds`: {title: "chartsheet"}."""
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, data in parts(sheets, full_calculation, kinds or {}).items():
            book.writestr(name, data)
    return path


def parts(sheets, full_calculation=False, kinds=None):
    """The parts of such a workbook."""
    texts, forms = {}, {"": 0}
    written = {
        f"worksheets/sheet{n}.bin": _sheet(rows, texts, forms) for n, rows in enumerate(sheets.values(), start=1)
    }
    kinds = [(kinds or {}).get(title, "worksheet") for title in sheets]
    relations = [*zip(kinds, written, strict=True), ("styles", "styles.bin"), ("sharedStrings", "sharedStrings.bin")]
    listed = b"".join(
        record(156, pack("<II", 0, n) + text(f"rId{n}") + text(title)) for n, title in enumerate(sheets, start=1)
    )
    calculation = pack("<IIIdIH", 191029, 1, 100, 0.001, 1, int(full_calculation))
    workbook = record(131) + record(153, pack("<III", 0, 0, NONE)) + record(143) + listed + record(144)
    return {
        "[Content_Types].xml": _content_types(written),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.bin")]),
        "xl/workbook.bin": workbook + record(157, calculation) + record(132),
        "xl/_rels/workbook.bin.rels": _relations(relations),
        "xl/styles.bin": _styles(forms),
        "xl/sharedStrings.bin": record(159, pack("<II", len(texts), len(texts)))
        + b"".join(record(19, b"\0" + text(value)) for value in texts)
        + record(160),
    } | {f"xl/{name}": data for name, data in written.items()}


def _sheet(rows, texts, forms):
    width = max(map(len, rows), default=1)
    size = pack("<4I", 0, max(len(rows) - 1, 0), 0, max(width - 1, 0))
    body = record(129) + record(148, size) + record(145)
    for i, row in enumerate(rows):
        if not row:
            continue
        body += record(0, pack("<IIHHB", i, 0, 300, 0, 0) + pack("<III", 1, 0, max(width - 1, 0)))
        for j, cell in enumerate(row):
            if cell is not None:
                body += _cell(j, cell if isinstance(cell, Cell) else Cell(cell), texts, forms)
    return body + record(146) + record(130)


def _cell(column, cell, texts, forms):
    kind = cell.kind or {bool: "bool", str: "shared"}.get(type(cell.value), "real")
    style = forms.setdefault(cell.form, len(forms))
    number, body = {
        "blank": (1, lambda: b""),
        "rk": (2, lambda: rk(cell.value)),
        "hundredths": (2, lambda: rk(cell.value, True)),
        "error": (3, lambda: bytes([ERRORS.get(cell.value, 0x63)])),
        "bool": (4, lambda: bytes([cell.value])),
        "real": (5, lambda: pack("<d", cell.value)),
        "text": (6, lambda: text(cell.value)),
        "shared": (7, lambda: pack("<I", texts.setdefault(cell.value, len(texts)))),
        "rich": (62, lambda: b"\0" + text(cell.value)),
    }[kind]
    if cell.formula:
        number = {3: 11, 4: 10, 5: 9, 6: 8}[number]
    elif cell.beside:
        number += 11
    head = pack("<I", style) if cell.beside else pack("<II", column, style)
    return record(number, head + body() + (pack("<H", cell.flags) + EMPTY_FORMULA if cell.formula else b""))


def _styles(forms):
    builtin = {"": 0, "0%": 9, "0.00%": 10, "m/d/yyyy": 14}
    own = {form: 164 + n for n, form in enumerate(form for form in forms if form not in builtin)}
    numbers = [builtin.get(form, own.get(form, 0)) for form in forms]
    style = [record(47, pack("<6HI", 0, number, 0, 0, 0, 0, 0)) for number in numbers]
    return (
        record(278) + record(615, pack("<I", len(own)))
        + b"".join(record(44, pack("<H", number) + text(form)) for form, number in own.items())
        + record(616) + record(626, pack("<I", 1)) + record(47, pack("<6HI", 0xFFFF, 9, 0, 0, 0, 0, 0)) + record(627)
        + record(617, pack("<I", len(style))) + b"".join(style) + record(618) + record(279)
    )  # fmt: skip


def _relations(relations):
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    items = "".join(
        f'<Relationship Id="rId{n}" Type="{office}{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(relations, start=1)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{space}">{items}</Relationships>'.encode()


def _content_types(written):
    office = "application/vnd.ms-excel."
    named = {f"/xl/{name}": "worksheet" for name in written} | {"/xl/styles.bin": "styles"}
    named["/xl/sharedStrings.bin"] = "sharedStrings"
    items = "".join(f'<Override PartName="{name}" ContentType="{office}{kind}"/>' for name, kind in named.items())
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    return (
        f'<Types xmlns="{space}"><Default Extension="bin" ContentType="{office}sheet.binary.macroEnabled.main"/>'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{items}'
        "</Types>"
    ).encode()
