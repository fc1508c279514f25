"""HELM: a folder per run, with run_spec.json (what ran) and stats.json (a list of statistics by split).

A statistic under a perturbation of the inputs has a name of its own here, its filter; the number of samples
is the statistic `num_instances` of the same split.
"""

from __future__ import annotations

import os
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.io.json import read_json
from glevel_fast.loading.formats.rows import Take, dict_at, number, or_nan, table_of, text

FILES = ("stats.json",)
GROUP = ("language", "")

_ABOUT_THE_RUN = ("num_", "finish_reason_", "training_", "inference_", "batch_size", "prompt_truncated", "max_prob")
_LIKELIHOODS = ("logprob", "logprob_per_byte")
_NOT_THE_TASK = ("model", "model_deployment", "method", "data_augmentation", "groups", "max_train_instances")


def read(path: str, take: Take) -> None:
    """Add the statistics of one run: stats.json, beside which run_spec.json must lie."""
    if os.path.isdir(path):
        path = os.path.join(path, "stats.json")
    spec_path = os.path.join(os.path.dirname(path), "run_spec.json")
    if os.path.basename(path) != "stats.json" or not os.path.isfile(spec_path):
        raise ResultsError(f"{path}: HELM's results are stats.json with run_spec.json in the same folder")
    spec = table_of(read_json(spec_path, foreign=True), spec_path, "the file")
    stats = read_json(path, foreign=True)
    if not isinstance(stats, list):
        raise ResultsError(f"{path}: is not a list of statistics, as HELM writes it")
    adapter = dict_at(spec, "adapter_spec")
    model = take.model or text(adapter.get("model"))
    if not model:
        raise ResultsError(f"{spec_path}: does not name its model (adapter_spec.model)")
    task = _task(text(spec.get("name")))
    groups = spec.get("groups")
    group = text(groups[0]) if isinstance(groups, list) and groups else ""
    named = [(table_of(stat, path, "a statistic"), dict_at(stat, "name")) for stat in stats]
    sizes = {
        text(name.get("split")): or_nan(stat.get("mean"))
        for stat, name in named
        if name.get("name") == "num_instances" and not name.get("perturbation")
    }
    most = number(adapter.get("max_eval_instances"))
    cut = most is not None and sum(sizes.values()) >= most
    for stat, name in named:
        metric, split = text(name.get("name")), text(name.get("split"))
        if metric.startswith(_ABOUT_THE_RUN) or metric in _LIKELIHOODS:
            take.leave("statistics of the run (tokens, times, likelihoods), not scores")
        elif split == "train":
            take.leave("statistics of the training split")
        else:
            take.add(
                stat.get("mean"), model=model, task=task, metric=metric, split=split,
                filter=_perturbation(name.get("perturbation")), subset=text(name.get("sub_split")),
                n=sizes.get(split, float("nan")), shots=text(adapter.get("max_train_instances")),
                group="" if group == task else group, limit=text(most) if cut else "", source=path,
            )  # fmt: skip


def _task(run: str) -> str:
    """ "mmlu:subject=philosophy" from "mmlu:subject=philosophy,method=...,model=..."."""
    scenario, _, rest = run.partition(":")
    kept = [part for part in rest.split(",") if part and part.partition("=")[0] not in _NOT_THE_TASK]
    return scenario + (":" + ",".join(kept) if kept else "")


def _perturbation(given: Any) -> str:
    return "/".join(filter(None, (text(dict_at(given).get(name)) for name in ("name", "computed_on"))))
