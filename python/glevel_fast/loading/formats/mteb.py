"""mteb: MODEL/REVISION/TASK.json, the main score of each split and subset; and the layout before 1.11.

The name of the metric is not in the file: it is the one whose value is the main score.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.io.json import read_json
from glevel_fast.loading.formats.rows import Take, folders, number, table_of, text

FILES = ("*.json",)
GROUP = ("language", "")

_MAIN = (
    "accuracy", "ndcg_at_10", "cosine_spearman", "v_measure", "map", "max_ap", "cosine_ap", "f1", "ap", "spearman",
    "map_at_1000", "recall_at_5", "recall_at_1", "mrr", "ndcg_at_5", "ndcg_at_1", "lrap", "mean_average_precision",
    "cv_recall_at_1", "cv_recall_at_5", "image_text_accuracy", "text_image_accuracy", "hit_rate_at_1", "p-MRR",
)  # fmt: skip
"""Metrics that are a main score somewhere, the likeliest first: of several equal values it is the first of these."""
_SIMILARITIES = ("cos_sim", "cosine", "euclidean", "manhattan", "dot", "max", "similarity")
_REVISION = re.compile(r"[0-9a-f]{7,40}|no_revision_available|external|\d+(\.\d+)*")


def read(path: str, take: Take) -> None:
    """Add the main scores of one task."""
    content = table_of(read_json(path, foreign=True), path, "the file")
    if os.path.basename(path) == "model_meta.json":
        take.leave("files about a model, not results")
        return
    model, revision = _model(path, take)
    version = ", mteb ".join(filter(None, (text(content.get("dataset_revision")), text(content.get("mteb_version")))))
    about = {"model": model, "revision": revision, "version": version, "source": path}
    if "scores" not in content:
        task = text(content.get("mteb_dataset_name"))
        if not task:
            raise ResultsError(f"{path}: has neither `scores` nor `mteb_dataset_name`; is it a result of mteb?")
        _old(content, take, about | {"task": task})
        return
    task = text(content.get("task_name"))
    for split, parts in table_of(content["scores"], path, "`scores`").items():
        for part in parts if isinstance(parts, list) else [parts]:
            part = table_of(part, path, f"split {split!r}")
            subset = text(part.get("hf_subset"))
            main = part.get("main_score")
            others = sum(number(x) is not None for name, x in part.items() if name != "main_score")
            metric = next((name for name in _MAIN if part.get(name) == main), "main_score")
            take.leave("values beside the main score", others - (metric != "main_score"))
            take.add(main, task=task, metric=metric, split=split, subset="" if subset == "default" else subset, **about)


def _old(content: dict[str, Any], take: Take, about: dict[str, Any]) -> None:
    """By split: values, values by similarity, or either by language; a main score only here and there."""
    for split, values in content.items():
        if not isinstance(values, dict):
            continue
        for subset, part in _parts(values):
            flat = dict(_flat(part))
            flat.pop("evaluation_time", None)
            main = flat.get("main_score")
            if main is None:
                for metric, value in flat.items():
                    take.add(value, metric=metric, split=split, subset=subset, **about)
                continue
            metric = next((name for name in _MAIN if flat.get(name) == main), "main_score")
            take.leave("values beside the main score", len(flat) - 1 - (metric != "main_score"))
            take.add(main, metric=metric, split=split, subset=subset, **about)


def _parts(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    languages = {name: part for name, part in values.items() if isinstance(part, dict) and name not in _SIMILARITIES}
    yield from languages.items()
    rest = {name: part for name, part in values.items() if name not in languages}
    if not languages or any(isinstance(part, dict) for part in rest.values()):
        yield "", rest


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}_{inner}", x) for inner, x in value.items())
        elif number(value) is not None:
            yield name, value


def _model(path: str, take: Take) -> tuple[str, str]:
    above = folders(path)
    revision, folder = [*above, "", ""][:2]
    if take.model:
        return take.model, revision if _REVISION.fullmatch(revision) else ""
    if "__" not in folder and not _REVISION.fullmatch(revision):
        raise ResultsError(
            f"{path}: mteb's results lie at MODEL/REVISION/TASK.json, which names the model; give its name: "
            "model=... (--model NAME)"
        )
    return folder.replace("__", "/", 1), revision
