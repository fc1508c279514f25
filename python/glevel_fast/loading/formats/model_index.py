"""model-index: the results in the YAML front matter of a model card, or in a YAML file of its own."""

from __future__ import annotations

import re
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.extras import require
from glevel_fast.io.files import open_file
from glevel_fast.loading.formats.rows import Take, dict_at, or_nan, table_of, text

FILES = ("README*.md", "*.yaml", "*.yml")
GROUP = ("language", "")

MAX_BYTES = 2**20
_FRONT = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)


def read(path: str, take: Take) -> None:
    """Add the results of all models of one card."""
    yaml: Any = require("yaml", "formats")
    with open_file(path, MAX_BYTES) as file:
        try:
            source = file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ResultsError(f"{path}: is not UTF-8") from None
    if path.lower().endswith(".md"):
        front = _FRONT.match(source)
        if front is None:
            raise ResultsError(f"{path}: has no front matter between two lines of ---")
        source = front[1]
    try:
        content = yaml.safe_load(source)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ResultsError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    listed = table_of(content, path, "the front matter").get("model-index")
    if not isinstance(listed, list):
        raise ResultsError(f"{path}: has no list `model-index`")
    for entry in listed:
        model = take.model or text(table_of(entry, path, "an entry of model-index").get("name"))
        if not model:
            raise ResultsError(f"{path}: an entry of model-index has no name")
        for result in entry.get("results") or []:
            data, ran = dict_at(result, "dataset"), dict_at(result, "task")
            for metric in table_of(result, path, "a result").get("metrics") or []:
                value = table_of(metric, path, "a metric").get("value")
                percent = isinstance(value, str) and value.strip().endswith("%")
                subset = text(data.get("config")) or text(data.get("args"))
                take.add(
                    str(value).strip().removesuffix("%") if percent else value, model=model,
                    task=text(data.get("name")) or text(data.get("type")) or text(ran.get("type")),
                    metric=text(metric.get("type")) or text(metric.get("name")),
                    subset="" if subset in (text(data.get("name")), text(data.get("type")), "default") else subset,
                    split=text(data.get("split")), unit="percent" if percent else "",
                    version=text(data.get("revision")), stderr=or_nan(metric.get("stderr")), source=path,
                )  # fmt: skip
