"""Mutated real files through the readers: each ends in a result or a GLevelError, in time and within memory.

    python tests/fuzz/fuzz_readers.py [--seconds 120] [--seed 1] [--keep build/fuzz]

A file that ends otherwise is kept, with the error in its name; status 1. The same seed gives the same files.
The released workbooks take part where they are (`shared` beside the repository, or GLEVEL_SHARED).
"""

import argparse
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from released import half, save, sheets, sota_sheets

import glevel_fast as gl
from glevel_fast.io import write

MEMORY = 500 * 2**20
"""Bytes a reader may take beyond what the process has before it: the stated cap."""
SECONDS = 2.0
"""Longest time for one file; three times that before the watchdog ends it."""

TOKENS = [
    b"", b"nan", b"NaN", b"1e400", b"-1e400", b"-0", b"0", b"5e-324", b"1_000", b"0x10", b"\xef\xbb\xbf", b"\0",
    b"\xff", b'"', b"'", b",", b";", b"\r", b"\n", b"\r\n", b"\t", b"[", b"]", b"{", b"}", b"null", b"true", b"\\ud800",
    b"\xe2\x88\x9e", b"<", b">", b"</row>", b"<row/>", b'<c r="XFD1048576"><v>1</v></c>',
    b'r="A1"', b'r="0"', b'r="A0"',
    b't="s"', b't="b"', b't="e"', b't="d"', b't="inlineStr"', b"<f>1</f>", b"<!DOCTYPE a>",
    b"&lt;", b"&#0;", b"&#x110000;",
    b"&a;", b"<![CDATA[", b"<!--", b"<?xml?>", b"PK\3\4", b"PAR1", b"999999999999999999999", b"-1", b"4294967296",
    b"model", b"task", b"value", b"Acc", b"image", b"language", b"generation", b"xmlns:a='b'", b"1e308", b"1e-308",
]  # fmt: skip


class TooSlow(BaseException):
    """The watchdog's: no reader may catch it."""


def corpus(folder):
    """{name: bytes} of whole files of every kind, and {name: benchmark} that their results are for."""
    files: dict[str, bytes] = {}

    def add(path):
        files[path.name] = path.read_bytes()

    add(save(folder / "sota.xlsx", sota_sheets()))
    bench = gl.load_benchmark(folder / "sota.xlsx")
    add(save(folder / "results.xlsx", sheets(("M", half), ("N", lambda task, sota: sota))))
    results = gl.load_results(folder / "results.xlsx", bench)
    write.json(bench.to_dict(), folder / "tasks.json")
    write.json(results.to_dict(), folder / "wide.json")
    records = [
        {"model": m, "task": t, "value": v} for m, row in results.to_dict().items() for t, v in list(row.items())[:6]
    ]
    write.json(records, folder / "long.json")
    write.csv(bench.to_dict(), folder / "tasks.csv")
    write.csv(results.columns(), folder / "wide.csv")
    write.csv({k: [r[k] for r in records] for k in records[0]}, folder / "long.csv")
    write.parquet(bench.to_dict(), folder / "tasks.parquet")
    write.parquet(results.columns(), folder / "wide.parquet")
    odd = pa.table(
        {
            "model": pa.array(["m", "n", "m"]).dictionary_encode(),
            "task": ["Math", "Accent", "Tracking"],
            "value": pa.array([1, None, 2], pa.decimal128(9, 2)),
        }
    )
    for i, options in enumerate(({"compression": "zstd"}, {"data_page_version": "2.0", "compression": "none"})):
        pq.write_table(odd, folder / f"odd{i}.parquet", **options)
        add(folder / f"odd{i}.parquet")
    for name in ("tasks.json", "wide.json", "long.json", "tasks.csv", "wide.csv", "long.csv", "tasks.parquet",
                 "wide.parquet"):  # fmt: skip
        add(folder / name)
    shared = Path(os.environ.get("GLEVEL_SHARED") or Path(__file__).parents[3] / "shared")
    benchmarks = dict.fromkeys(files, bench)
    if (shared / "official").is_dir():
        released = shared / "general_level" / "sota_result.xlsx"
        for path in (released, *sorted((shared / "official").glob("*_result.xlsx"))[:1]):
            add(path)
            benchmarks[path.name] = gl.load_benchmark(released)
    return files, benchmarks


def mutate_bytes(rng, data, others):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        length = min(rng.choice((1, 1, 2, 4, 8, 64, 1000)), len(data) - at)
        match rng.randrange(8):
            case 0 if length:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at : at + length] = rng.randbytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = rng.choice(TOKENS)
            case 4:
                data[at : at + length] = rng.choice(TOKENS)
            case 5:
                data[at:at] = bytes(data[at : at + length]) * rng.choice((1, 2, 50, 1000))
            case 6:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                data[at:at] = other[start : start + rng.choice((4, 50, 1000))]
            case 7 if rng.random() < 0.2:
                del data[at:]
    return bytes(data)


def mutate_workbook(rng, data, others):
    """Inside the archive: the parts are changed and packed again, so that the change reaches the reader."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(rng.choice((1, 1, 2, 4))):
        name = rng.choice(list(parts))
        if rng.random() < 0.05:
            del parts[name]
            break
        if rng.random() < 0.05:
            parts[name] = parts[rng.choice(list(parts))]
        else:
            parts[name] = mutate_bytes(rng, parts[name], others)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def try_file(path, bench, output):
    """What became of a file: "result" or "refused" for each of the loaders."""
    found = []
    for load in (
        lambda: gl.load_results(path, bench, partial=True, invalid="missing"),
        lambda: gl.load_benchmark(path),
    ):
        try:
            loaded = load()
        except gl.GLevelError as error:
            if not 0 < len(str(error)) < 20_000:
                raise RuntimeError(f"a message of {len(str(error))} characters") from None
            found.append("refused")
            continue
        found.append("result")
        if isinstance(loaded, gl.Results):  # and on, to the end
            scores = gl.Scorer(bench, invalid="missing", fractions="keep").score(loaded)
            assert np.isfinite(scores.overall).all()
            write.json(scores.to_dict(), output)
            json.loads(output.read_text())
            repr(scores)
            write.csv(scores.columns(), output)
            write.json(loaded.to_dict(), output.with_suffix(".json"))
            again = gl.load_results(output.with_suffix(".json"), bench)
            assert np.array_equal(again.values, loaded.values, equal_nan=True)
        else:
            gl.Scorer(loaded)
            write.json(loaded.to_dict(), output)
            assert len(loaded.sha256) == 64
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"))
    parser.add_argument("files", nargs="*", type=Path, help="try these files instead")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # zipfile: duplicate names are meant

    def ring(*_):
        raise TooSlow

    signal.signal(signal.SIGALRM, ring)
    folder = Path(tempfile.mkdtemp())
    files, benchmarks = corpus(folder)
    for name, data in files.items():  # unchanged, they pass
        (folder / name).write_bytes(data)
        assert "result" in try_file(folder / name, benchmarks[name], folder / "out"), name
    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, resource.RLIM_INFINITY))

    rng, others = random.Random(options.seed), list(files.values())
    tried, outcome, worst, bad = 0, Counter(), 0.0, 0
    ends = time.monotonic() + options.seconds

    def inputs():
        if options.files:
            yield from ((path.name, path.read_bytes()) for path in options.files)
            return
        small = [name for name in files if len(files[name]) < 40_000]
        while time.monotonic() < ends:
            name = rng.choice(small if rng.random() < 0.97 else list(files))
            mutate = mutate_workbook if name.endswith(".xlsx") and rng.random() < 0.8 else mutate_bytes
            yield name, mutate(rng, files[name], others)

    for name, data in inputs():
        path = folder / f"case{Path(name).suffix}"
        path.write_bytes(data)
        tried += 1
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 3 * SECONDS)
        wrong = ""
        try:
            outcome.update(try_file(path, benchmarks.get(name, benchmarks["wide.csv"]), folder / "out"))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # that is what we are after
            wrong = f"{type(error).__name__}: {str(error)[:300]}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        took = time.monotonic() - started
        worst = max(worst, took)
        if not wrong and took > SECONDS:
            wrong = f"slow: {took:.1f} s"
        if wrong:
            bad += 1
            options.keep.mkdir(parents=True, exist_ok=True)
            kept = options.keep / f"{tried}-{wrong.partition(':')[0]}{path.suffix}"
            kept.write_bytes(data)
            print(f"{kept}: from {name}: {wrong}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{tried} files (seed {options.seed}): {outcome['result']} results, {outcome['refused']} refusals, "
        f"{bad} neither; longest {worst:.2f} s, peak {peak} MB"
    )
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
