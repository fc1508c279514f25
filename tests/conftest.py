import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shared():
    """The released workbooks and recorded outputs, not bundled: beside the repository or at GLEVEL_SHARED."""
    folder = Path(os.environ.get("GLEVEL_SHARED") or Path(__file__).parents[2] / "shared")
    if not (folder / "official" / "expected.json").is_file():
        pytest.skip(f"the released workbooks are not at {folder} (set GLEVEL_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def _no_figures_left():
    """pyplot keeps each figure, and warns of many, where a test before has loaded it."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
