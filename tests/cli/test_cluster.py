"""--cluster: no number depends on it, on any command that takes it."""

import pytest

from glevel_fast.cli.main import main

COMMANDS = {
    "ablate": ["ablate", "-n", "60"],
    "stability": ["stability", "-n", "60"],
    "subset": ["subset", "--size", "30", "--draws", "40"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_processes_here_write_the_same(command, tmp_path, capsys):
    out = [tmp_path / name for name in ("alone.json", "spread.json")]
    for path, cluster in zip(out, ([], ["--cluster", "local:2"]), strict=True):
        assert main([*COMMANDS[command], *cluster, "--json", str(path)]) == 0
    assert out[0].read_bytes() == out[1].read_bytes()
    shown = capsys.readouterr().out
    assert shown[: len(shown) // 2] == shown[len(shown) // 2 :] != ""


def test_an_address_that_is_none(capsys):
    assert main(["subset", "--size", "30", "--cluster", "local"]) == 1
    assert "cluster 'local': write local:N for N processes here, or tcp://HOST:PORT for dask" in capsys.readouterr().err
