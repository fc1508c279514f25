"""Files of the release's form, sound, for tests that damage them."""

import pytest
from released import half, save, sheets, sota_sheets

from glevel_fast import load_benchmark


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return save(tmp_path_factory.mktemp("good") / "good.xlsx", sheets(("M", half))).read_bytes()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return load_benchmark(save(tmp_path_factory.mktemp("sota") / "sota.xlsx", sota_sheets()))
