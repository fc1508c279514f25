"""lm-evaluation-harness 0.4 and 0.3, and lmms-eval, which writes as 0.4 does: one JSON file per run.

0.4 names a value "acc,none": metric and filter, and its error "acc_stderr,none", which may be the text "N/A".
Groups stand among the tasks. 0.3 has "acc" and "acc_stderr", and neither numbers of samples nor directions.
"""

from __future__ import annotations

import re
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.io.json import read_json
from glevel_fast.loading.formats.rows import AVERAGE, Take, dict_at, number, or_nan, table_of, text, when

FILES = ("*results*.json", "*shot*.json")
GROUP = ("language", "")

_ERRORS = ("_stderr_clustered", "_stderr", "_stderr_clt")
"""The best error first: clustered where questions share a passage, and else as the tool computes it by default."""
_OF_REPEATS = ("_expected_accuracy", "_consensus_accuracy", "_internal_variance", "_consistency_rate")
_NAMES = ("pretrained", "model", "model_name", "model_id", "model_version", "path")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)")


def read(path: str, take: Take) -> None:
    """Add the results of one run."""
    run = table_of(read_json(path, foreign=True), path, "the file")
    results = run.get("results")
    if not isinstance(results, dict) or not all(isinstance(of, dict) for of in results.values()):
        raise ResultsError(f"{path}: has no `results` by task; is it a file of lm-evaluation-harness or lmms-eval?")
    arguments = _arguments(dict_at(run, "config").get("model_args"))
    config = dict_at(run, "config")
    about = {
        "model": _model(run, config, arguments, take, path),
        "revision": text(config.get("model_sha") or arguments.get("revision") or config.get("model_revision")),
        "limit": text(config.get("limit")) if or_nan(config.get("limit")) > 0 else "",
        "date": when(run.get("date")) or _stamp(path),
        "source": path,
    }
    parts = {task: of for task, of in dict_at(run, "group_subtasks").items() if isinstance(of, list) and of}
    group_of = {part: group for group, of in reversed(parts.items()) for part in of if isinstance(part, str)}
    groups = dict_at(run, "groups").keys() | parts.keys()
    for task, values in results.items():
        of_task = {
            "task": task,
            "version": text(dict_at(run, "versions").get(task)),
            "n": or_nan(dict_at(run, "n-samples", task).get("effective")),
            "shots": text(dict_at(run, "n-shot").get(task, config.get("num_fewshot"))),
            "group": AVERAGE if task in groups else group_of.get(task, ""),
        }
        for name, value in values.items():
            metric, _, chosen = name.partition(",")
            if metric in ("alias", "name", "sample_len", "samples") or metric.endswith(_ERRORS):
                continue
            if metric.endswith(_OF_REPEATS) or metric.startswith("paired_"):
                take.leave("statistics of repeated runs and of pairs, not results")
                continue
            suffix = f",{chosen}" if "," in name else ""
            errors = (number(values.get(f"{metric}{error}{suffix}")) for error in _ERRORS)
            stderr = next((x for x in errors if x is not None), None)
            take.add(
                value, metric=metric, filter="" if chosen == "none" else chosen, stderr=or_nan(stderr),
                better=_better(run, task, metric), **about, **of_task,
            )  # fmt: skip


def _arguments(given: Any) -> dict[str, Any]:
    """`model_args`: a text "pretrained=...,revision=..." or an object."""
    if isinstance(given, dict):
        return given
    pairs = (part.partition("=") for part in text(given).split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def _model(run: dict[str, Any], config: dict[str, Any], arguments: dict[str, Any], take: Take, path: str) -> str:
    named = (
        take.model or text(run.get("model_name")) or next(filter(None, (text(arguments.get(n)) for n in _NAMES)), "")
    )
    if not named:
        tool = text(config.get("model"))
        raise ResultsError(
            f"{path}: does not name its model{f' (run by {tool!r})' if tool else ''}; give its name: "
            "model=... (--model NAME)"
        )
    return named


def _better(run: dict[str, Any], task: str, metric: str) -> str:
    higher = dict_at(run, "higher_is_better", task).get(metric)
    if higher is None:
        listed = dict_at(run, "configs", task).get("metric_list")
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and one.get("metric") == metric:
                higher = one.get("higher_is_better")
    return "" if not isinstance(higher, bool) else "higher" if higher else "lower"


def _stamp(path: str) -> str:
    found = _STAMP.search(path.replace("\\", "/").rsplit("/", 1)[-1])
    return f"{found[1]}T{found[2]}:{found[3]}:{found[4]}" if found else ""
