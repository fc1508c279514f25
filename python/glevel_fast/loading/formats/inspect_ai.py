"""inspect: a log per task, as JSON or as an `.eval` archive, of which only the header is read."""

from __future__ import annotations

import lzma
import sys
import zipfile
import zlib
from typing import Any, BinaryIO

from glevel_fast.errors import MissingExtraError, ResultsError
from glevel_fast.extras import require
from glevel_fast.io.files import open_file
from glevel_fast.io.json import MAX_BYTES, parse_json, read_json
from glevel_fast.loading.formats.rows import Take, dict_at, in_utc, or_nan, table_of, text

FILES = ("*.eval", "*.json")
GROUP = ("language", "")

MAX_ARCHIVE = 2**31
"""Most bytes of an `.eval` archive."""


def read(path: str, take: Take) -> None:
    """Add the scores of one log."""
    content = _header(path) if path.lower().endswith(".eval") else read_json(path, foreign=True)
    log = table_of(content, path, "the file")
    about, results = dict_at(log, "eval"), dict_at(log, "results")
    if not about:
        raise ResultsError(f"{path}: has no `eval`; is it a log of inspect?")
    scores = results.get("scores")
    scores = [score for score in scores if isinstance(score, dict)] if isinstance(scores, list) else []
    if (status := text(log.get("status"))) != "success":
        take.leave(f"logs that did not end well (status {status!r})", max(1, len(scores)))
        return
    model = take.model or text(about.get("model"))
    if not model or model == "none/none":
        raise ResultsError(f"{path}: does not name its model; give its name: model=... (--model NAME)")
    for score in scores:
        metrics = dict_at(score, "metrics")
        for name, metric in metrics.items():
            if name in ("stderr", "bootstrap_stderr", "std", "var"):
                continue
            stderr = dict_at(metrics, "stderr") or dict_at(metrics, "bootstrap_stderr")
            single = sum(n not in ("stderr", "bootstrap_stderr", "std", "var") for n in metrics) == 1
            take.add(
                dict_at(metric).get("value"), model=model, task=text(about.get("task")), metric=text(name),
                filter="/".join(filter(None, (text(score.get("name")), text(score.get("reducer"))))),
                stderr=or_nan(stderr.get("value")) if single or name in ("accuracy", "mean") else or_nan(None),
                n=_samples(score, results), version=text(about.get("task_version")),
                limit=_limit(dict_at(about, "config").get("limit")), date=in_utc(about.get("created")), source=path,
            )  # fmt: skip


def _samples(score: dict[str, Any], results: dict[str, Any]) -> float:
    for given in (score.get("scored_samples"), results.get("completed_samples"), results.get("total_samples")):
        if given is not None:
            return or_nan(given)
    return or_nan(None)


def _limit(given: Any) -> str:
    """A number of samples, or a range [first, last]."""
    return "-".join(map(text, given)) if isinstance(given, list) else text(given)


def _header(path: str) -> Any:
    """header.json of an archive: the samples are neither read nor unpacked, so their number and size do not matter."""
    broken = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)
    with open_file(path, MAX_ARCHIVE) as file:
        try:
            try:
                raw = _member(file, zipfile)
            except NotImplementedError:  # packed with zstd, as inspect does today; zipfile knows it from Python 3.14 on
                if sys.version_info >= (3, 14):
                    raise
                raw = _member(file, require("backports.zstd.zipfile", "formats"))
        except MissingExtraError:
            raise
        except Exception as error:
            if isinstance(error, broken) or type(error).__name__ == "ZstdError":  # of Python or of the backport
                raise ResultsError(f"{path}: is no `.eval` archive that can be read: {error}") from None
            raise
    if raw is None:
        raise ResultsError(f"{path}: has no header.json: the run has not ended, or this is no log of inspect")
    if len(raw) > MAX_BYTES:
        raise ResultsError(f"{path}: its header is larger than the limit of {MAX_BYTES:,} bytes")
    return parse_json(raw, f"{path}, header.json", foreign=True)


def _member(file: BinaryIO, reader: Any) -> bytes | None:
    """The start of header.json, None where there is none."""
    with reader.ZipFile(file) as archive:
        if "header.json" not in archive.namelist():
            return None
        with archive.open("header.json") as member:
            data: bytes = member.read(MAX_BYTES + 1)
            return data
