"""JSON, read strictly: no NaN, no number beyond a double, no key twice in one object."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from glevel_fast.errors import GLevelError
from glevel_fast.io.cells import EXACT
from glevel_fast.io.files import open_file
from glevel_fast.io.limits import MAX_MODELS
from glevel_fast.io.recognise import refuse_strangers
from glevel_fast.text import shown

MAX_BYTES = 48 * 2**20
MAX_VALUES = 2_000_000
"""Most values of a file: as keys of one object they take 450 MB."""
MAX_OBJECTS = 500_000
MAX_KEYS = MAX_MODELS
"""Most keys of one object."""


def read_json(path: str | os.PathLike[str], *, foreign: bool = False) -> Any:
    """The value in a JSON file, with every number a float, but for whole ones beyond 2^53.

    With `foreign` as Python writes it in other tools: NaN and Infinity are numbers, and whole numbers stay whole.

    Raises
    ------
    GLevelError
        With line and column where the parser knows them.
    """
    with open_file(path, MAX_BYTES) as file:
        raw = file.read()
    refuse_strangers(os.fsdecode(path), raw[:4096])
    return parse_json(raw, os.fsdecode(path), foreign=foreign)


def read_json_lines(path: str | os.PathLike[str]) -> list[Any]:
    """The values in a file with one JSON object a line; blank lines are skipped.

    Raises
    ------
    GLevelError
        As of `read_json`, naming the line.
    """
    with open_file(path, MAX_BYTES) as file:
        raw = file.read()
    where = os.fsdecode(path)
    refuse_strangers(where, raw[:4096])
    refuse_large(raw, where)
    found = []
    for i, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            try:
                found.append(parse_json(line, f"{where}, line {i}"))
            except GLevelError as error:
                raise GLevelError(str(error).replace(f"line {i}, line 1,", f"line {i},")) from None
    if wrong := [i for i, value in enumerate(found, start=1) if not isinstance(value, dict)]:
        cure = "; JSON in one piece? name the file .json" if len(found) == 1 else ""
        raise GLevelError(
            f"{where}: record {wrong[0]} is {shown(found[wrong[0] - 1])}, not an object with named values{cure}"
        )
    return found


def refuse_large(raw: bytes, where: str) -> None:
    """Raise `GLevelError` for JSON text with more values or objects than the limits."""
    # every value but the last follows one of these
    if sum(map(raw.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise GLevelError(f"{where}: holds more than {MAX_VALUES:,} values; use Parquet for such tables")
    if raw.count(b"{") > MAX_OBJECTS:
        raise GLevelError(f"{where}: holds more than {MAX_OBJECTS:,} objects; use Parquet for such tables")


def parse_json(raw: bytes, where: str, *, foreign: bool = False, integers: bool = False) -> Any:
    """The value in JSON text, as `read_json` gives it; `where` names it in messages.

    With `integers` whole numbers stay whole, of any length; otherwise it is as strict as ever.

    Raises
    ------
    GLevelError
        As of `read_json`.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise GLevelError(
            f"{where}, line {line}: is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8"
        ) from None
    refuse_large(raw, where)
    del raw

    def number(literal: str) -> float:
        value = float(literal)
        if math.isinf(value):
            raise GLevelError(f"{where}: the number {shown(literal)} is too large for a double")
        return value

    def whole(literal: str) -> float | int:
        if len(literal) < (16 if foreign else 300 if integers else 0):
            return int(literal)
        value = number(literal)
        return int(literal) if abs(value) >= EXACT and len(literal) < 30 and not foreign else value  # a name, surely

    def constant(literal: str) -> float:
        if foreign:
            return float(literal)
        raise GLevelError(f"{where}: {literal} is not JSON; write null where a model does not support a task")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(items) > MAX_KEYS:
            raise GLevelError(f"{where}: an object with {len(items):,} keys; at most {MAX_KEYS:,} can be read")
        value = dict(items)
        if len(value) < len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise GLevelError(f"{where}: the key {shown(twice)} stands twice in one object; remove one")
        return value

    try:
        return json.loads(text, parse_float=number, parse_int=whole, parse_constant=constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        lines = error.msg == "Extra data" and text[: error.pos].endswith("\n") and text[error.pos] == "{"
        cure = "; one object a line? name the file .jsonl" if lines else ""
        raise GLevelError(
            f"{where}, line {error.lineno}, column {error.colno}: is not JSON: {error.msg}{cure}"
        ) from None
    except RecursionError:
        raise GLevelError(f"{where}: is nested too deep to be a table") from None
