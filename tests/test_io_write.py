"""Output is whole or not there at all."""

import json
import os
import stat
import subprocess
import sys

import narwhals
import numpy as np
import pyarrow.parquet as pq
import pytest

from glevel_fast import GLevelError, MissingExtraError
from glevel_fast.io import frames, write


def test_json(tmp_path, capsys):
    value = {"x": [0.1, None, "∞"], "model": "a\nb"}
    write.json(value, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == value
    write.json(value, "-")
    assert json.loads(capsys.readouterr().out) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        write.json([float("nan")], tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == value


def test_csv(tmp_path, capsys):
    columns = {
        "model": ["a,b", 'c"d'],
        "x": np.array([0.1, np.nan]),
        "n": np.array([1, 2], dtype=np.int8),
        "y": [None, 3.0],
    }
    write.csv(columns, tmp_path / "a.csv")
    text = 'model,x,n,y\n"a,b",0.1,1,\n"c""d",,2,3.0\n'
    assert (tmp_path / "a.csv").read_text() == text
    write.csv(columns, "-")
    assert capsys.readouterr().out == text


def test_parquet(tmp_path):
    write.parquet({"model": ["a"], "x": np.array([0.1])}, tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"model": ["a"], "x": [0.1]}


def test_permissions(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        write.text(new, "x")
        write.text(old, "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_links_are_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    write.text(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_text() == "x"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError("odd")])
def test_a_failure_leaves_the_old_file_and_no_trace(tmp_path, error):
    target = tmp_path / "a"
    target.write_text("old")

    def save(file):
        file.write(b"half")
        raise error

    with pytest.raises(
        GLevelError if isinstance(error, OSError) else type(error) if isinstance(error, ValueError) else error
    ):
        write.write(target, save)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is a directory"),
        ("absent/a.json", "No such file or directory"),
        ("file/a.json", "Not a directory"),
        ("a\0b", "cannot be written"),
        ("n" * 300, "too long"),
    ],
)
def test_targets_that_cannot_be(tmp_path, name, words):
    (tmp_path / "file").touch()
    with pytest.raises(GLevelError, match=words):
        write.text(f"{tmp_path}/{name}", "x")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(GLevelError, match="Permission denied"):
        write.text(tmp_path / "a", "x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_devices():
    write.text("/dev/null", "x")
    with pytest.raises(GLevelError, match="No space left"):
        write.text("/dev/full", "x" * 100_000)


def test_a_kill_leaves_the_old_file(tmp_path):
    target = tmp_path / "a"
    target.write_text("old")
    code = (
        "import os, signal, sys\nfrom glevel_fast.io import write\n"
        "def save(file):\n    file.write(b'half')\n    file.flush()\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write.write(sys.argv[1], save)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(target)], check=False).returncode == -9
    assert target.read_text() == "old"


def test_a_missing_backend_is_named(monkeypatch):
    def absent(columns, backend):
        raise ModuleNotFoundError(f"No module named {backend!r}")

    monkeypatch.setattr(narwhals, "from_dict", absent)
    with pytest.raises(MissingExtraError, match="pip install polars"):
        frames.to_native({"x": [1]}, "polars")
