"""What the package promises as a whole."""

import importlib.metadata
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import glevel_fast as gl

ROOT = Path(__file__).parents[1]


def test_every_public_name_resolves():
    for name in gl.__all__:
        assert getattr(gl, name) is not None
    assert set(gl.__all__) <= set(dir(gl))
    assert {*gl._HOME, "__version__"} == set(gl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'scorer'"):
        gl.scorer  # noqa: B018


def test_version():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in settings["project"]["dynamic"]
    source = settings["tool"]["scikit-build"]["metadata"]["version"]["input"]
    assert f'__version__ = "{gl.__version__}"' in (ROOT / source).read_text()
    try:
        assert importlib.metadata.version("glevel-fast") == gl.__version__
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from a source tree that is not installed")


def test_everything_public_has_a_docstring():
    for name in gl.__all__:
        public = getattr(gl, name)
        assert (public.__doc__ or "").strip(), name
        members = vars(public).items() if isinstance(public, type) else ()
        for member, value in members:
            if not member.startswith("_") and isinstance(value, property | FunctionType):
                assert (getattr(value, "__doc__", None) or "").strip(), f"{name}.{member}"


def public_callables():
    """(name, function) of all that users may call: functions, and those of public classes and modules."""
    for name in gl.__all__:
        public = getattr(gl, name)
        if isinstance(public, FunctionType):
            yield name, public
        elif isinstance(public, ModuleType):
            members = ((n, getattr(public, n)) for n in public.__all__)
            yield from ((f"{name}.{n}", one) for n, one in members if isinstance(one, FunctionType))
        elif isinstance(public, type):
            for parent in public.__mro__:
                if parent.__module__.startswith("glevel_fast"):
                    for member, value in vars(parent).items():
                        function = getattr(value, "__func__", value)
                        if not member.startswith("_") and isinstance(function, FunctionType):
                            yield f"{name}.{member}", function


def test_everything_callable_says_what_it_takes_and_gives():
    lacking = []
    for name, function in public_callables():
        signature, text = inspect.signature(function), function.__doc__ or ""
        if set(signature.parameters) - {"self", "cls"} and "Parameters\n" not in text:
            lacking.append(f"{name}: Parameters")
        if signature.return_annotation not in (None, "None") and "Returns\n" not in text:
            lacking.append(f"{name}: Returns")
    assert not lacking


def test_import_is_lazy():
    heavy = ["numpy", "pandas", "polars", "pyarrow", "narwhals", "rich", "openpyxl", "python_calamine"]
    code = f"import sys, glevel_fast, glevel_fast.cli.main; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_a_board_from_parquet_loads_what_it_needs(tmp_path):
    """Each of these takes longer to load than a board of a thousand models takes to read, score and print."""
    pytest.importorskip("pyarrow", minversion="20", reason="older ones load pandas by themselves")
    from glevel_fast.io import write

    heavy = ["pandas", "polars", "pyarrow.compute", "pyarrow.dataset", "numpy.ma", "rich", "zipfile", "multiprocessing"]
    heavy += ["glevel_fast.uncertainty.ablation", "glevel_fast.report.plots", "glevel_fast.published"]
    write.csv({"task": ["t"], "modality": ["image"], "paradigm": ["generation"], "metric": ["Acc"], "sota": [2.0]},
              tmp_path / "b.csv")  # fmt: skip
    write.parquet({"model": ["A", "B"], "t": [3.0, None]}, tmp_path / "r.parquet")
    code = f"""
import sys
from glevel_fast.cli.main import main
main(["score", {str(tmp_path / "r.parquet")!r}, "-b", {str(tmp_path / "b.csv")!r}])
print([m for m in {heavy} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_core_needs_numpy_alone():
    """Scoring an array with every optional dependency out of reach."""
    code = """
import sys
for name in "pandas polars pyarrow narwhals rich openpyxl python_calamine matplotlib".split():
    sys.modules[name] = None
import numpy as np, glevel_fast as gl
bench = gl.Benchmark(("a",), ("image",), ("generation",), ("FID",), np.array([9.0]))
print(gl.Scorer(bench).score(gl.load_results({"m": {"a": 8.0}}, bench)).level.tolist())
try:
    gl.load_results("x.xlsx", bench)
except gl.GLevelError as error:
    print(error)
try:
    gl.Scorer(bench).score(np.array([[8.0]])).to_pandas()
except gl.MissingExtraError as error:
    print(error)
from glevel_fast.cli.main import main
sys.exit(main(["score"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert lines[0] == "[3]"
    assert "glevel-fast[frames]" in lines[2]
    assert done.returncode == 0  # the command line needs no extra either
    assert "101 models" in done.stdout
    assert "Traceback" not in done.stderr


def test_build_info():
    info = gl.build_info()
    assert info["instruction_set"] in info["instruction_sets"]
    assert info["instruction_sets"][-1] == "baseline"
    assert info["threads"] >= 1


def test_forced_instruction_set():
    code = "import glevel_fast as gl; print(gl.build_info()['instruction_set'])"
    for name in gl.build_info()["instruction_sets"]:
        forced = subprocess.check_output(
            [sys.executable, "-c", code], env={"GLEVEL_FAST_ISA": name, **_path()}, text=True
        )
        assert forced.strip() == name
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"GLEVEL_FAST_ISA": "mmx", **_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "'mmx' is not available" in done.stderr


def _path():
    import os

    return {k: v for k, v in os.environ.items() if k != "GLEVEL_FAST_ISA"}


def test_no_mutant_is_stale():
    """Each slip of tests/mutations.py finds the line that it is to change."""
    from mutations import stale_mutants

    assert stale_mutants() == []
