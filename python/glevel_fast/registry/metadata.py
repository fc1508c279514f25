"""`metadata.json` of a submission: what a participant says about the model."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.json import parse_json
from glevel_fast.text import bullets, nearest, shown

__all__ = ["NAME", "Metadata", "fold_email", "model_fault", "read_metadata"]

NAME = "metadata.json"
"""The metadata's name in an archive."""
MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class Metadata:
    """What a submission says of itself.

    Attributes
    ----------
    model : str
        As on the board and in the archive's name.
    parameters : str
        How large the model is, such as "7B".
    description : str
    email : str
        For the maintainer alone; the limits of fairness go by it. No page shows it.
    report : str, optional
        Address of a technical report.
    date : str, optional
        Of the results, as YYYY-MM-DD; the date of submission is the server's.
    """

    model: str
    parameters: str
    description: str
    email: str
    report: str | None = None
    date: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        return asdict(self)


def read_metadata(raw: bytes, where: str) -> Metadata:
    """Metadata from the bytes of a JSON file.

    Raises
    ------
    GLevelError
        Listing every fault of every field at once.
    """
    if len(raw) > MAX_BYTES:
        raise GLevelError(f"{where}: {len(raw):,} bytes are more than the limit of {MAX_BYTES:,}")
    content = parse_json(raw, where)
    if not isinstance(content, dict):
        raise GLevelError(f"{where}: is {shown(content)}, not an object with model, parameters, description and email")
    faults = list(_faults(content))
    if faults:
        raise GLevelError(f"{where}: cannot be taken:{bullets(faults, len(faults), most=20)}")
    known = {name: value for name, value in content.items() if value is not None}
    parameters = known["parameters"]
    if isinstance(parameters, float):
        known["parameters"] = f"{parameters:,.0f}" if parameters.is_integer() else str(parameters)
    return Metadata(**known)


def _faults(content: Mapping[str, Any]) -> Iterator[str]:
    msgspec = require("msgspec", "registry")
    meta = msgspec.Meta

    def line(most: int) -> Any:
        """Text of one line that is not blank."""
        return Annotated[str, meta(min_length=1, max_length=most, pattern=r"\S")]

    schema = {
        "model": line(200),
        "parameters": Annotated[float, meta(gt=0)] | line(100),
        "description": line(4_000),
        "email": Annotated[str, meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")],
        "report": Annotated[str, meta(max_length=2_000, pattern=r"^https?://[^\s/]+\S*$")] | None,
        "date": datetime.date | None,
    }
    optional = {field.name for field in fields(Metadata) if field.default is None}
    needs = {
        "email": "an e-mail address",
        "report": "an address that begins with https:// or http://",
        "date": "a day written YYYY-MM-DD",
    }
    for name, kind in schema.items():
        if name not in content:
            if name not in optional:
                yield f"{name} is missing"
            continue
        value = content[name]
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            yield f"{name} is {shown(value)}: " + (f"not {needs[name]}" if name in needs else str(error))
            continue
        if isinstance(value, str) and (bad := _unprintable(value, keep="\n\t" if name == "description" else "")):
            yield f"{name} has a control or bidirectional character, U+{ord(bad):04X}"
        elif name == "model" and (fault := model_fault(value)):
            yield f"model {fault}"
    for name in content.keys() - schema.keys():
        yield f"{shown(name)} is not a field of it{nearest(name, schema)}"


def _unprintable(text: str, keep: str) -> str:
    return next((c for c in text if not c.isprintable() and c not in keep and c != "\u200d"), "")


def model_fault(model: str) -> str:
    """Why a model's name cannot stand in an archive's name; "" where it can."""
    if model != model.strip():
        return "begins or ends with white space"
    if bad := next((c for c in '/\\:*?"<>|' if c in model), ""):
        return f"{shown(model)} has a {bad}, which no file's name may have everywhere; write another character"
    if model.startswith((".", "-")):
        return f"{shown(model)} begins with {model[0]}; let it begin with a letter or a digit"
    return ""


def fold_email(email: str) -> str:
    """The form under which a submitter's addresses meet: composition, width and case do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold()).strip()
