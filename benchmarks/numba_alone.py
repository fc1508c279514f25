"""Imports numba, where it is installed, before it can take coverage.py of this folder for the package of that name.

numba looks for a module `coverage` when it is first imported, and does without where there is none.
"""

from __future__ import annotations

import contextlib
import sys
from importlib.util import find_spec

if find_spec("numba") is not None and "numba" not in sys.modules:
    with contextlib.ExitStack() as stack:
        if "coverage" in sys.modules:
            stack.callback(sys.modules.__setitem__, "coverage", sys.modules["coverage"])
        else:
            stack.callback(sys.modules.pop, "coverage")
        sys.modules["coverage"] = None  # type: ignore[assignment]  # as if there were none
        import numba  # noqa: F401
