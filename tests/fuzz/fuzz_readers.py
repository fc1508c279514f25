"""Mutated real files through the readers: each ends in a result or a GLevelError, in time and within memory.

    python tests/fuzz/fuzz_readers.py [--seconds 120] [--seed 1] [--keep build/fuzz]

A file that ends otherwise is kept, with the error in its name; status 1. The same seed gives the same files.
The released workbooks take part where they are (`shared` beside the repository, or GLEVEL_SHARED).
"""

import argparse
import copy
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

import biff12
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from registries import small_benchmark
from released import half, save, sheets, sota_sheets
from submissions import metadata, predictions, task_rows, write_zip

import glevel_fast as gl
from glevel_fast import snapshot
from glevel_fast.io import write
from glevel_fast.io.archive import open_archive
from glevel_fast.loading import sets
from glevel_fast.loading.convert import convert
from glevel_fast.loading.intake import Reading
from glevel_fast.registry.ids import known_leaderboards
from glevel_fast.registry.submission import check
from glevel_fast.report.page import read_intervals
from glevel_fast.trust.audit import audit_boards, audit_support, corrected_sheet, findings_sheet
from glevel_fast.trust.audit_tables import read_tables

MEMORY = 500 * 2**20
"""Bytes a reader may take beyond what the process has before it: the stated cap."""
SECONDS = 2.0
"""Longest time of the processor for one file; three times that before the watchdog ends it."""
HANG = 60.0
"""Longest time on the clock, where other processes may be busy."""

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

VALUES = [
    None, True, 0, 1, -1, 0.5, 2, 5, 1e9, 1e308, -1e308, 1e-308, float("inf"), float("nan"), 10**400, "", "x", "paper",
    "1", "nan", "inf", "∞", "9" * 5000, "n" * 20_000, "a\u0301\u0316" * 40, "\ud800", "\x1b[31m\n", [], {}, [[1]],
    [None], {"a": 1}, {"": None}, {"level2": 1},
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
    biff12.save(folder / "results.xlsb", sheets(("M", half), ("N", lambda task, sota: biff12.Cell(sota, formula=True))))
    add(folder / "results.xlsb")
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
    scores = gl.Scorer(bench).score(results)
    for date, policy in (("2025-05-07", "paper"), ("", "release")):
        taken = gl.Scorer(bench, policy).score(results)
        write.json(snapshot.take(taken, date=date), folder / f"snapshot-{policy}.json")
    write.json(scores.to_dict(), folder / "scores.json")
    write.json(gl.board(scores, "A", 2).to_dict(), folder / "board.json")
    write.csv({"model": ["M", "N"], "overall": [9, 8], "level": [2, 3], "rank": [1, 1], "paradigm": ["C", "C+G"],
               "image": [18, 16], "video": [0, 0]}, folder / "board.csv")  # fmt: skip
    write.csv({"model": ["M", "N"], "modality": ["image"] * 2, "paradigm": ["comprehension"] * 2, "supported": [5, 7],
               "supported_pct": [50, 71], "wins": [1, 2], "wins_pct": [10, 20], "tasks": [10, 10], "level2": [9, 8]},
              folder / "counts.csv")  # fmt: skip
    write.csv({"task": [bench.tasks[0], bench.tasks[0]], "sota": [10.0, 20.0]}, folder / "candidates.csv")
    write.csv({bench.tasks[0]: [1.0, 2.0], bench.tasks[3]: [5.0, 6.0]}, folder / "matrix.csv")
    write.csv({"model": ["M", "N"], "low": [1, 1], "high": [2, 2], "level": [2, 3]}, folder / "intervals.csv")
    for i, options in enumerate(({"compression": "zstd"}, {"data_page_version": "2.0", "compression": "none"})):
        pq.write_table(odd, folder / f"odd{i}.parquet", **options)
        add(folder / f"odd{i}.parquet")
    for name, layout in (("lists.parquet", "list"), ("wide.arrow", "columns"), ("lists.arrow", "list")):
        convert([results], bench, str(folder / name), Reading(), layout)
        add(folder / name)
    for name in ("tasks.json", "wide.json", "long.json", "tasks.csv", "wide.csv", "long.csv", "tasks.parquet",
                 "wide.parquet", "snapshot-paper.json", "snapshot-release.json", "scores.json", "board.json",
                 "board.csv", "counts.csv", "candidates.csv", "matrix.csv", "intervals.csv"):  # fmt: skip
        add(folder / name)
    said = {"metadata.json": json.dumps(metadata()).encode()}
    add(write_zip(folder / "submission.zip", said | predictions({"see": 3, "read": 2})))
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


def mutate_zip(rng, data, others):
    """A file of the archive is changed, or an entry's fields, and the archive packed again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            match rng.randrange(6):
                case 0:
                    content = (
                        mutate_json(rng, content, others) if rng.random() < 0.7 else mutate_bytes(rng, content, others)
                    )
                case 1:
                    entry.filename = rng.choice(
                        ("../x", "/x", "x/../y", "a\x1b", "é", "a" * 2000, "A.zip", "__MACOSX/x")
                    )
                case 2:
                    entry.external_attr = rng.randrange(2**32)
                case 3:
                    entry.extra = rng.randbytes(rng.randrange(40))
            target.writestr(entry, content)
    return out.getvalue()


def mutate_json(rng, data, _):
    """Inside the tree: values are replaced, moved, repeated or taken away; it stays JSON."""
    tree = json.loads(data)

    def place():
        node, key = [tree], 0
        while isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.9:
            node = node[key]
            key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        return node, key

    for _ in range(rng.choice((1, 1, 2, 4))):
        node, key = place()
        match rng.randrange(5):
            case 0:
                del node[key]
            case 1:
                other, at = place()
                node[key] = copy.deepcopy(other[at])
            case 2 if isinstance(node, dict):
                node[rng.choice(("model", "level2", "x\n", "é", "a" * 2000))] = node.pop(key)
            case 3 if isinstance(node, list):
                node[key:key] = [node[key]] * rng.choice((1, 2, 100))
            case _:
                node[key] = rng.choice(VALUES)
    return json.dumps(tree).encode()


def try_file(path, bench, output):
    """What became of a file: "result" or "refused" for each of those that read it."""

    def verify():
        data = snapshot.load(path)
        shown = (*snapshot.verify(data).differences, *snapshot.verify(data).notes)
        assert all(map(str.isprintable, shown)), shown
        assert max(map(len, shown), default=0) < 1000, shown
        snapshot.diff_sheet(snapshot.diff(data, data)).markdown()

    def audit():
        rows, support, _ = read_tables(path)
        findings = (*audit_boards(rows), *audit_support(support, rows))
        write.json([finding.to_dict() for finding in findings], output)
        for sheet in (findings_sheet(findings), *(corrected_sheet([r for r in rows if r.level == k]) for k in (2, 3))):
            sheet.markdown()

    def candidates():
        gl.SpecialistSets.candidates(bench, sets.read_candidates(path)).matrix(0, 1)

    def submission():
        small = small_benchmark()
        with open_archive(path) as archive:
            for name in archive.names():
                archive.read(name)
            check(archive, "Gen-A.zip", known_leaderboards(small), small, task_rows())

    found = []
    for load in (
        submission,
        lambda: gl.load_results(path, bench, partial=True, invalid="missing"),
        lambda: gl.load_benchmark(path),
        verify,
        audit,
        candidates,
        lambda: gl.SpecialistSets.from_matrix(bench, sets.read_matrix(path, bench)),
        lambda: read_intervals(path),
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
        elif isinstance(loaded, gl.Benchmark):
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

    for alarm in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(alarm, ring)
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
            within = {".xlsx": mutate_workbook, ".xlsb": mutate_workbook, ".json": mutate_json, ".zip": mutate_zip}.get(
                Path(name).suffix, mutate_bytes
            )
            mutate = within if rng.random() < 0.8 else mutate_bytes
            yield name, mutate(rng, files[name], others)

    for name, data in inputs():
        path = folder / f"case{Path(name).suffix}"
        path.write_bytes(data)
        tried += 1
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 3 * SECONDS)
        signal.setitimer(signal.ITIMER_REAL, HANG)
        wrong = ""
        try:
            outcome.update(try_file(path, benchmarks.get(name, benchmarks["wide.csv"]), folder / "out"))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # that is what we are after
            wrong = f"{type(error).__name__}: {str(error)[:300]}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        took = time.process_time() - started
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
