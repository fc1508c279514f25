"""What sources give before it becomes `Results`: blocks of models, joined into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.errors import ResultsError
from glevel_fast.text import bullets, fold_task, spelled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class Block:
    """Models, in benchmark order of tasks; of one source, or joined."""

    models: list[str]
    sources: list[str]
    places: list[str]  # where each model stands, for messages
    values: NDArray[np.float64]  # (n_models, n_tasks)
    absent: NDArray[np.int64]
    notes: list[str]
    stderr: NDArray[np.float64] | None = None
    n: NDArray[np.float64] | None = None


def join(blocks: Sequence[Block]) -> Block:
    """All blocks as one; the same model twice is an error."""
    if len(blocks) == 1:
        return blocks[0]
    whole = Block(
        [model for block in blocks for model in block.models],
        [source for block in blocks for source in block.sources],
        [place for block in blocks for place in block.places],
        np.concatenate([block.values for block in blocks]),
        np.concatenate([block.absent for block in blocks]),
        [note for block in blocks for note in block.notes],
        _joined(blocks, [block.stderr for block in blocks]),
        _joined(blocks, [block.n for block in blocks]),
    )
    refuse_twins(whole.models, whole.places)
    return whole


def _joined(blocks: Sequence[Block], parts: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    if all(part is None for part in parts):
        return None
    return np.concatenate(
        [
            np.full(block.values.shape, np.nan) if part is None else part
            for block, part in zip(blocks, parts, strict=True)
        ]
    )


def refuse_twins(models: Sequence[str], places: Sequence[str]) -> None:
    """Raise `ResultsError` for a model that is there twice, naming both places."""
    first: dict[str, int] = {}
    twins = []
    for i, model in enumerate(models):
        if (j := first.setdefault(fold_task(model), i)) != i:
            also = "" if models[j] == model else f" (as {spelled(models[j])})"
            twins.append(f"{spelled(model)} in {places[i]} and {places[j]}{also}")
    if twins:
        raise ResultsError(
            f"the same model is there twice; remove one, or rename it (rename=, --rename FILE):"
            f"{bullets(twins, len(twins))}"
        )
