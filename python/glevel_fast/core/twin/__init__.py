"""The NumPy twin of every kernel, under the names of `glevel_fast._core`."""

from glevel_fast.core.twin.engine import Engine, levels
from glevel_fast.core.twin.sets import Modalities, Pairs, Resampling, count_above, draws, ranks, summarise

__all__ = ["Engine", "Modalities", "Pairs", "Resampling", "count_above", "draws", "levels", "ranks", "summarise"]
