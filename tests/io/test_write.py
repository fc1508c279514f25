"""Output is whole or not there at all."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import narwhals
import numpy as np
import pyarrow.parquet as pq
import pytest

from glevel_fast import GLevelError, MissingExtraError, Scorer, published
from glevel_fast.cli.main import main
from glevel_fast.io import frames, write
from glevel_fast.report.page import write_site


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


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions on Windows")
def test_a_folder_that_is_read_only():
    code = (
        "import os, sys\nfrom glevel_fast.io import write\nwrite.text(os.devnull, 'loaded')\n"
        "if os.geteuid() == 0:\n    os.setuid(65534)  # root may write everywhere\n"
        "os.chdir(sys.argv[1])\nwrite.text('a', 'new')"
    )
    with tempfile.TemporaryDirectory() as name:  # pytest's folders are for their owner alone
        folder = Path(name)
        (folder / "a").write_text("old")
        folder.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, folder], capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            folder.chmod(0o700)
        assert "GLevelError: a: cannot be written: Permission denied" in done.stderr
        assert (folder / "a").read_text() == "old"


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


def test_kills_at_any_moment(tmp_path):
    """A process that writes without end is killed at random moments: what carries the name is always whole."""
    code = (
        "import sys\nfrom glevel_fast.io import write\nn = 0\n"
        "while True:\n    n += 1\n    write.json([n] * 20000, sys.argv[1])\n    n == 1 and print('ready', flush=True)"
    )
    target, random = tmp_path / "a.json", np.random.default_rng(1)
    written = set()
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", code, target], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0, 0.03))
        process.kill()
        process.communicate()
        values = json.loads(target.read_text())
        assert len(values) == 20000
        assert len(set(values)) == 1
        written.add(values[0])
    assert len(written) > 1  # the moments differ
    assert all(name == "a.json" or name.startswith(".glevel-") for name in os.listdir(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of resources on Windows")
def test_a_disk_that_fills_up(tmp_path):
    """A limit on the size of files stands in for the disk: some bytes go out, then no more."""
    (tmp_path / "a.csv").write_text("old")
    code = (
        "import resource, signal, sys\nfrom glevel_fast import GLevelError\nfrom glevel_fast.io import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "for save in (write.csv, write.parquet):\n"
        "    try:\n        save({'x': list(range(100_000))}, sys.argv[1])\n"
        "    except GLevelError as error:\n        print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.csv"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.count("a.csv: cannot be written: File too large") == 2, done
    assert (tmp_path / "a.csv").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_missing_backend_is_named(monkeypatch):
    def absent(columns, backend):
        raise ModuleNotFoundError(f"No module named {backend!r}")

    monkeypatch.setattr(narwhals, "from_dict", absent)
    with pytest.raises(MissingExtraError, match="pip install polars"):
        frames.to_native({"x": [1]}, "polars")


# Every command that writes

OUTPUTS = {
    "score": ["--json", "--csv", "--parquet"],
    "board": ["--markdown", "--latex", "--csv", "--json", "--html"],
    "explain GPT4-o": ["--json", "--markdown"],
    "audit": ["--json", "--markdown"],
    "lint": ["--json"],
    "ablate --leave-one-out": ["--json", "--csv", "--parquet", "--plot"],
    "stability -n 20": ["--json", "--csv", "--parquet", "--plot"],
    "what-if": ["--json", "--csv", "--parquet", "--plot"],
    "snapshot": ["-o"],
    "diff": ["--json"],
    "report": ["-o"],
}


@pytest.fixture(scope="module")
def snapshot_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshot") / "s.json"
    assert main(["snapshot", "-o", str(path)]) == 0
    return str(path)


@pytest.fixture(params=[(command, option) for command, options in OUTPUTS.items() for option in options], ids=" ".join)
def writing(request, tmp_path, snapshot_file):
    """A command that writes, and the file that it writes."""
    command, option = request.param
    arguments = [*command.split(), option]
    folder = tmp_path / "out"
    folder.mkdir()
    if command == "report":
        return [*arguments, str(folder)], folder / "index.html"
    arguments[1:1] = {"what-if": ["Road Crack Detection=1"], "diff": [snapshot_file] * 2}.get(command, [])
    target = folder / ("a.png" if option == "--plot" else f"a.{option.strip('-')}")
    return [*arguments, str(target)], target


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk(writing, capsys):
    arguments, target = writing
    target.symlink_to("/dev/full")
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert err.startswith("glevel: error: ")
    assert f"{target.name}: cannot be written: No space left on device" in err


@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError(13, "Permission denied")])
def test_an_interrupted_command_leaves_the_old_file(writing, monkeypatch, capsys, error):
    arguments, target = writing
    target.write_text("old")

    def fail(*_):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    assert main(arguments) == (130 if error is KeyboardInterrupt else 1)
    assert target.read_text() == "old"
    assert os.listdir(target.parent) == [target.name]
    if error is not KeyboardInterrupt:
        assert f"{target.name}: cannot be written: Permission denied" in capsys.readouterr().err


def test_a_folder_that_is_not_there(writing, capsys):
    arguments, target = writing
    target.parent.rmdir()
    if "report" in arguments:  # it makes its folder
        target.parent.write_text("a file")
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("glevel: error: ")


def test_reports_need_a_path_that_can_be():
    scores = Scorer(published.benchmark()).score(published.results())
    with pytest.raises(GLevelError, match="cannot be made a folder"):
        write_site("a\0b", scores)
