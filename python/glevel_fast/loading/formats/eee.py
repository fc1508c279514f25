"""every_eval_ever 0.2 and 0.3: one JSON file per model and source, named by a UUID; directions and bounds are given."""

from __future__ import annotations

from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.io.json import read_json
from glevel_fast.loading.formats.rows import Take, dict_at, in_utc, number, or_nan, table_of, text, when

FILES = ("*.json",)
GROUP = ("language", "")

_METRIC = ("metric_name", "metric_id", "metric_kind")
_UNITS = {"proportion": "fraction", "fraction": "fraction", "percent": "percent", "percentage": "percent"}


def read(path: str, take: Take) -> None:
    """Add the results of one file."""
    content = table_of(read_json(path, foreign=True), path, "the file")
    results = content.get("evaluation_results")
    if not isinstance(results, list) or "schema_version" not in content:
        raise ResultsError(f"{path}: has no `evaluation_results`; is it a file of every_eval_ever?")
    about = dict_at(content, "model_info")
    model = take.model or text(about.get("id")) or text(about.get("name"))
    if not model:
        raise ResultsError(f"{path}: does not name its model (model_info.id)")
    for result in results:
        result = table_of(result, path, "a result")
        config, details = dict_at(result, "metric_config"), dict_at(result, "score_details")
        uncertainty, data = dict_at(details, "uncertainty"), dict_at(result, "source_data")
        lower = config.get("lower_is_better")
        samples = uncertainty.get("num_samples", data.get("samples_number"))
        date = result.get("evaluation_timestamp") or content.get("evaluation_timestamp")
        date = date or content.get("retrieved_timestamp")
        take.add(
            details.get("score"), model=model, revision=text(dict_at(about, "additional_details").get("revision")),
            task=text(result.get("evaluation_name")) or text(data.get("dataset_name")),
            metric=next(filter(None, (text(config.get(name)) for name in _METRIC)), "score"),
            split=text(data.get("hf_split")), unit=_unit(config),
            better="" if not isinstance(lower, bool) else "lower" if lower else "higher",
            stderr=or_nan(dict_at(uncertainty, "standard_error").get("value")), n=or_nan(samples),
            date=when(date) or in_utc(date), source=path,
        )  # fmt: skip


def _unit(config: dict[str, Any]) -> str:
    if unit := text(config.get("metric_unit")):
        return _UNITS.get(unit.casefold(), "")
    if number(config.get("min_score")) != 0.0:
        return ""
    return {1.0: "fraction", 100.0: "percent"}.get(or_nan(config.get("max_score")), "")
