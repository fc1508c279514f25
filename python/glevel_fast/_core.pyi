from typing import Any

import numpy as np
from numpy.typing import NDArray

_F = NDArray[np.float64]
_I = NDArray[np.int32]

class Engine:
    def __init__(
        self,
        *,
        n_modalities: int,
        group: NDArray[np.int32],
        kind: NDArray[np.int8],
        constant: _F,
        worst: _F,
        slope: _F,
        low: _F,
        high: _F,
        scale: _F,
        sota: _F,
        weight: _F,
        zero_scores: bool,
        isa: str = ...,
    ) -> None: ...
    def score(self, raw: _F, threads: int) -> tuple[_F, _F, _F, _I, _I, NDArray[np.int8], NDArray[np.uint8]]: ...
    def overall(self, raw: _F, threads: int) -> _F | None: ...
    def map(self, raw: _F, threads: int) -> _F: ...
    def reduce(self, raw: _F, points: _F, threads: int) -> tuple[_F, _I, _I]: ...
    @property
    def isa(self) -> str: ...

def levels(means: _F, n_modalities: int) -> tuple[_F, _F, NDArray[np.int8]]: ...
def build_info() -> dict[str, Any]: ...
def available_threads() -> int: ...
