"""What strangers install: the version in one place, links that lead somewhere, workflows that parse."""

import re
import tomllib
from pathlib import Path

import pytest

import glevel_fast as gl

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
)
def test_relative_links_lead_to_files(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(text):
        if not link.startswith(("http://", "https://", "mailto:", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), f"{page.name}: {link}"


def test_links_work_on_pypi_too():
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = README
    for rule in hook["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    links = LINK.findall(text)
    assert links
    assert all(link.startswith(("https://", "#")) for link in links)
    assert not [link for link in links if re.search(r"/blob/.*\.(png|svg)$", link)]


def test_every_extra_is_in_all():
    extras = PYPROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(re.search(r"\[(.*)\]", everything)[1].split(",")) == {*extras} - {"all"}


def test_the_version_is_cited():
    assert f"version: {gl.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {gl.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_wheels_of_every_platform():
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "wheels.yml").read_text(encoding="utf-8"))["jobs"]
    systems = jobs["wheels"]["strategy"]["matrix"]["os"]
    assert {re.sub(r"[-.\d]+", "-", name).strip("-") for name in systems} == {
        "ubuntu",
        "ubuntu-arm",
        "macos",
        "macos-intel",
    }
    assert jobs["pypi"]["needs"] == "testpypi"
    built = PYPROJECT["tool"]["cibuildwheel"]["build"]
    assert built == ["cp311-*", "cp312-*", "cp313-*", "cp314-*", "cp314t-*"]
    for page in (ROOT / ".github").rglob("*.yml"):
        assert yaml.safe_load(page.read_text(encoding="utf-8")), page
