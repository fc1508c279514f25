"""Prints the README's table: what each quirk of the released scorer does to one and the same result.

Each row is a benchmark of one task and one result for it, scored under both policies.
"""

import numpy as np

import glevel_fast as gl

# quirk, metric as spelled in the workbook, specialist, model's value (None: empty cell)
ROWS = [
    ("a metric spelled out is not mapped", "CD (Chamfer Distance)", 6540.0, 6000.0),
    ("WER in percent", "WER", 5.6, 4.6),
    ("an empty cell of a mapped metric", "WER", 5.6, None),
    ("the same, an exact 0", "FID", 25.0, 0.0),
    ("an empty cell of another metric", "Acc", 60.0, None),
    ("nothing is checked", "Acc", 60.0, 140.0),
    ("a tie after mapping, not before", "FID", 0.228, 0.51),
]


def points(benchmark: gl.Benchmark, policy: str, raw: np.ndarray) -> str:
    try:
        scores = gl.Scorer(benchmark, policy=policy).score(raw)
    except gl.InvalidScoreError:
        return "refused"
    supported, wins = scores.supported[0, 1], scores.wins[0, 1]
    what = "win" if wins else "supported" if supported else "not supported"
    if wins and not supported:
        what = "win, not supported"
    return f"{scores.means[0, 1, 0]:.2f} ({what})"


def main() -> None:
    print('| what | metric | specialist | model | `policy="paper"` | `policy="release"` |')
    print("|---|---|---|---|---|---|")
    for what, metric, sota, value in ROWS:
        table = {"task": ["t"], "modality": ["image"], "paradigm": ["generation"], "metric": [metric], "sota": [sota]}
        benchmark = gl.load_benchmark(table)
        raw = np.array([[np.nan if value is None else value]])
        both = " | ".join(points(benchmark, policy, raw) for policy in ("paper", "release"))
        print(f"| {what} | {metric} | {sota:g} | {'' if value is None else format(value, 'g')} | {both} |")


if __name__ == "__main__":
    main()
