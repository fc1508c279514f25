"""Mutation checks: each slip in a formula below must make some test fail.

    python tests/mutations.py [WORD...]    all mutants, or those whose name holds one of the words

Every mutant is one replaced line in a copy of the package; C++ ones are built there, which takes a few seconds each.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What looks at the formulas, the quickest first.
TESTS = ["tests/test_scoring.py", "tests/test_determinism.py", "tests/test_parity.py", "tests/test_properties.py",
         "tests/test_published.py"]  # fmt: skip

LEVELS, REDUCE, MAPPING, PLAN, KERNELS = (
    f"cpp/{name}" for name in ("levels.hpp", "reduce.hpp", "mapping.hpp", "plan.cpp", "kernels.cpp")
)
TWIN, SCORING, BENCHMARK = (f"python/glevel_fast/{name}.py" for name in ("reference", "scoring", "benchmark"))

# ruff: noqa: E501
# (what, file, the line's part as it is, as the mutant has it)
MUTANTS = [
    ("C and G: only C counts in S2", LEVELS, "s2 = (c + g) / 2.0", "s2 = (c + c) / 2.0"),
    ("swap C and S_C", LEVELS, "c = means[4 * m], s_c = means[4 * m + 1]", "s_c = means[4 * m], c = means[4 * m + 1]"),
    ("swap S_C and G", LEVELS, "const Vec s3 = (s_c + s_g)", "const Vec s3 = (s_c + g)"),
    ("S4 is the plain mean", LEVELS, "min(harmonic, s3)", "s3"),
    ("S4 is not held below S3", LEVELS, "min(harmonic, s3)", "harmonic"),
    ("S4 of one half", LEVELS, "2.0 / (1.0 / s_c + 1.0 / s_g)", "1.0 / (1.0 / s_c + 1.0 / s_g)"),
    ("S4 forgets G", LEVELS, "1.0 / s_c + 1.0 / s_g", "1.0 / s_c + 1.0 / s_c"),
    ("the mean over modalities is a sum", LEVELS, "overall[1] = total3 / n", "overall[1] = total3"),
    ("S5 from S3", LEVELS, "overall[2] * (masked_language", "overall[1] * (masked_language"),
    ("S5 from all language tasks", LEVELS, "means[4 * n_modalities + 1]", "means[4 * n_modalities]"),
    ("S5 without the percent", LEVELS, "(masked_language / 100.0)", "masked_language"),
    ("a level at a score of 0", LEVELS, "overall[k - 2] > 0.0", "overall[k - 2] >= 0.0"),
    ("Level 5 is never reached", LEVELS, "int k = 5; k >= 2", "int k = 4; k >= 2"),
    ("Level 2 is never reached", LEVELS, "int k = 5; k >= 2", "int k = 5; k > 2"),
    ("a tie does not win (percent)", REDUCE, "won = z >= splat(plan.sota[column])", "won = z > splat(plan.sota[column])"),
    ("a tie does not win", REDUCE, "z * plan.sign[column] >= plan.sota", "z * plan.sign[column] > plan.sota"),
    ("lower is not better", REDUCE, "(z * plan.sign[column] >= plan.sota", "(z >= plan.sota"),
    ("what is not supported wins", REDUCE, "won = supported & (z", "won = (z"),
    ("drop the weight (percent)", REDUCE, "local.add(y * plan.weight[column] + rounder, supported, won);\n        if",
     "local.add(y + rounder, supported, won);\n        if"),
    ("drop the weight", REDUCE, "local.add(y * plan.weight[column] + rounder, supported, won);\n        const",
     "local.add(y + rounder, supported, won);\n        const"),
    ("the masked mean takes all", REDUCE, "mean(won, n_won, any_won)", "mean(all, n_all, any_all)"),
    ("won counts supported", REDUCE, "-n_all, -n_won}", "-n_all, -n_all}"),
    ("the least step is lost", REDUCE, "any_term != 0 ? splat(1.0) : Vec{}", "Vec{}"),
    ("a mean above 100", REDUCE, "min(splat(100.0), total / percent_steps)", "total / percent_steps * (1.0 + 0x1p-52)"),
    ("an exact 0 is supported", REDUCE, "const Mask not_zero = (raw != 0.0) | zero_counts", "const Mask not_zero = ~Mask{}"),
    ("the low end of a domain is outside", REDUCE, "(z >= plan.low[column])", "(z > plan.low[column])"),
    ("the high end of a domain is outside", REDUCE, "(z <= plan.high[column])", "(z < plan.high[column])"),
    ("100 percent is outside", REDUCE, "(highest > 100.0)", "(highest >= 100.0)"),
    ("no look at what is too low", REDUCE, "outside | (lowest < 0.0) | ", "outside | "),
    ("no look at other metrics", REDUCE, "return outside | ", "return "),
    ("fractions go unseen", KERNELS, "seen.highest[i] <= 1.0", "seen.highest[i] < 1.0"),
    ("an invalid value stays", KERNELS, "if (any(invalid)) {", "if (false) {"),
    ("linear is not clipped above", MAPPING, "max(min(y, splat(100.0)), Vec{})", "max(y, Vec{})"),
    ("linear is not clipped below", MAPPING, "max(min(y, splat(100.0)), Vec{})", "min(y, splat(100.0))"),
    ("inverse and tanh meet", MAPPING, "== Kind::inverse ? z / constant : constant / z", "!= Kind::inverse ? z / constant : constant / z"),
    ("forget the scale", MAPPING, "const Vec z = load<Vec>(tile + column * lanes) * plan.scale[column];\n            const Vec c",
     "const Vec z = load<Vec>(tile + column * lanes);\n            const Vec c"),
    ("a constant of twice", PLAN, "t.constant[i] * 0x1p63", "t.constant[i] * 0x1p64"),
    ("no task counts in the denominator", PLAN, "full[g] += steps(100.0 * weight[column], rounder[g])",
     "full[g] = steps(100.0 * weight[column], rounder[g])"),
    ("a missing specialist is beaten", PLAN, "sota[column] < least_percent()", "!(sota[column] >= least_percent())"),
    ("twin: a tie does not win", TWIN, "z >= self.sota, z <= self.sota", "z > self.sota, z < self.sota"),
    ("twin: only C", TWIN, "s2, s3 = (c + g) / 2", "s2, s3 = (c + c) / 2"),
    ("twin: S4", TWIN, "np.minimum(2 / (1 / s_c + 1 / s_g), s3)", "s3"),
    ("twin: drop the weight", TWIN, "np.ldexp(relative, bits)", "np.ldexp(np.ones_like(relative), bits)"),
    ("twin: S5", TWIN, "overall[:, 2] * (means[:, -1, 1] / 100)", "overall[:, 2] * (means[:, -1, 0] / 100)"),
    ("twin: levels", TWIN, "overall[:, k - 2] > 0", "overall[:, k - 2] >= 0"),
    ("twin: zeros", TWIN, "inside & (raw != 0) if not self.zero_scores else inside", "inside"),
    ("twin: inverse", TWIN, "half = self.constant[tasks] / 2", "half = self.constant[tasks]"),
    ("slope upside down", BENCHMARK, "100.0 / (m.best - m.worst)", "100.0 / (m.worst - m.best)"),
    ("raw for z of the specialist", SCORING, '"sota": benchmark.sota_z', '"sota": benchmark.sota'),
    ("all weights 1", SCORING, '"weight": benchmark.weight', '"weight": np.ones(benchmark.n_tasks)'),
    ("zero option is ignored", SCORING, 'zero_scores=zero == "score"', "zero_scores=False"),
]  # fmt: skip


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def build(copy):
    pybind11 = run(sys.executable, "-m", "pybind11", "--cmakedir").stdout.strip()
    configure = ["cmake", "-S", ".", "-B", "build", "-GNinja", "-DCMAKE_BUILD_TYPE=Release"]
    for command in (
        [*configure, f"-Dpybind11_DIR={pybind11}", f"-DPython_EXECUTABLE={sys.executable}"],
        ["ninja", "-C", "build"],
    ):
        done = run(*command, cwd=copy)
        if done.returncode:
            sys.exit(done.stdout)
    for module in (copy / "build").glob("_core*.so"):
        shutil.copy(module, copy / "python" / "glevel_fast")


def tests_fail(copy):
    environment = {**os.environ, "PYTHONPATH": str(copy / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = run(sys.executable, "-m", "pytest", "-q", "-x", *TESTS, cwd=copy, env=environment, timeout=600)
    if done.returncode not in (0, 1):
        sys.exit(done.stdout)
    return done.returncode == 1


def main():
    chosen = [m for m in MUTANTS if not sys.argv[1:] or any(word in m[0] for word in sys.argv[1:])]
    survivors, stale = [], False  # stale: the module still holds a slip
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("cpp", "python", "tests", "CMakeLists.txt", "pyproject.toml"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
            else:
                shutil.copy(source, copy / name)
        build(copy)
        if tests_fail(copy):
            sys.exit("the tests fail without any mutation")
        for what, name, old, new in chosen:
            path = copy / name
            original = path.read_text()
            if original.count(old) < 1:
                sys.exit(f"{what}: {name} no longer holds {old!r}; bring the mutant up to date")
            path.write_text(original.replace(old, new, 1))
            if name.startswith("cpp/") or stale:
                build(copy)
            stale = name.startswith("cpp/")
            survived = not tests_fail(copy)
            print(f"{'SURVIVED' if survived else 'killed  '}  {what} ({name})", flush=True)
            survivors += [what] * survived
            path.write_text(original)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants killed")
    return len(survivors) > 0


if __name__ == "__main__":
    sys.exit(main())
