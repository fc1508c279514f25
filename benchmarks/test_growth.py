"""Growth: from 10 to 100,000 models, the last streamed from Parquet."""

from __future__ import annotations

from pathlib import Path

import files
import growth
import pytest
from targets import markdown

FIGURE = Path(__file__).with_name("growth.png")


def test_growth(benchmark, board, bench, tmp_path, writes):
    pytest.importorskip("pyarrow")
    arrays = [growth.measure("array", str(n)) for n in growth.ARRAYS]
    streamed = []
    for n in growth.FILES:
        path = tmp_path / "results.parquet"
        files.write_parquet(path, bench, n)
        streamed.append(growth.measure("parquet", str(path)))
        size = path.stat().st_size
        path.unlink()
    assert [p.models for p in streamed] == list(growth.FILES)
    # 100,000 models are 560 MB; streaming them takes no more than 5,000 at a time do, give or take buffers.
    assert streamed[-1].memory < streamed[-2].memory + 100 * 2**20
    by_n = {p.models: p for p in arrays}
    lines = [
        (
            f"{p.models:,}",
            f"{by_n[p.models].seconds / p.models * 1e6:.2f}" if p.models in by_n else "-",
            f"{by_n[p.models].memory / 2**20:.0f}" if p.models in by_n else "-",
            f"{p.seconds / p.models * 1e6:.1f}",
            f"{p.memory / 2**20:.0f}",
        )
        for p in streamed
    ]
    header = ("models", "from an array, µs per model", "peak MiB", "streamed from Parquet, µs per model", "peak MiB")
    body = (
        f"{markdown(header, lines)}\n\nAll cores. The last file has {size / 2**20:,.0f} MiB and is read a row group "
        "of 5,000 models at a time."
    )
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        board.left_out.append("matplotlib is not installed: no figure of the growth")
    else:
        figure = FIGURE if writes else tmp_path / FIGURE.name
        growth.plot(arrays, streamed, figure)
        body += f"\n\n![Time per model and peak memory]({FIGURE.name})"
    board.section("Growth", body)
    benchmark.group = "growth"
    benchmark.pedantic(growth.measure, ("array", "1000"), rounds=1)
