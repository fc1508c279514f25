"""Writes docs/metrics.md: every definition of a metric, and how it compares with other packages.

The oracles' values stand in tests/golden/oracles.json, as tests/record_oracles.py recorded them.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

import oracles  # noqa: E402

from glevel_fast.evaluation.catalogue import definitions  # noqa: E402

HEAD = """# Definitions of metrics

What `glevel evaluate` computes. A definition has an id, `metric/way@version`, that is written into the results; the
number changes when the definition does. `tasks.csv` names it, by the id or by the way alone (`letter`); of each metric
the first is the default. Written by `docs/metrics.py`, as is the comparison below.

"Missing" is what an id without a prediction counts as. Where it is "-", one sample's part in the value depends on the
others, or there is no worst value: then the task is not supported, and a note says so.

"""
WORDS = """
## Tokens

Nothing is folded but what the definition says. Where it speaks of tokens, these are runs of letters and digits with
their marks, each letter of a script that is written without spaces (Han, Kana, Thai, Lao, Burmese, Khmer), and each
punctuation mark or symbol. So identical texts score 100 in any script. rouge-score knows a-z and 0-9 alone: two
identical Chinese texts have 0.0 there. Words that "end at white space" are what `str.split` gives; a Chinese sentence
is one such word.

## Beside other packages

On the cases of `tests/golden/oracles.json`, with each package's values recorded by `tests/record_oracles.py`; a share
is compared as a fraction.

"""
WHY = {
    "bleu1/nltk-method4@1": "with our tokens: its `word_tokenize` splits contractions otherwise, after a download; two "
    "texts without tokens have 0 there, here 1 where they are the same",
    "bleu4/sacrebleu-sentence@1": "with our tokens; its effective order leaves out n-grams longer than the prediction",
    "rouge1/google@1": "on ASCII texts; other scripts have no token there",
    "rougeL/google@1": "on ASCII texts; other scripts have no token there",
    "rouge1/google-stem@1": "on ASCII texts; other scripts have no token there",
    "rougeL/google-stem@1": "on ASCII texts; other scripts have no token there",
    "rouge1/pltrdy@1": "it adds 1e-8 to precision + recall: identical texts have 0.999999995 there, here 1",
    "rougeL/pltrdy@1": "the same; a blank sentence (`. .`) counts as a word there",
    "cider/coco-d@1": "with our tokens: its own come from a Java program",
    "anls/0.5@1": "",
    "macro-acc/exact@1": "a predicted class that is no gold has no part, there too",
    "psnr/rgb-cap100@1": "equal images have no bound there, here 100 dB",
    "ms-ssim/rgb@1": "its SSIM of each scale; its own `msssim` halves from one pixel further on, and mixes channels",
    "structure/fan2017@1": "it adds 2e-16 to denominators",
}
COCO = "it adds 2e-16 to the number of detections; beyond 100 objects of an image and class all count here"
TESTED = (
    ("acc/letter@1, acc/number@1, em@1/squad@1", "tables of what each answer is read as"),
    ("f1/token@1, f1/squad@1", "SQuAD's formula, written again in the tests"),
    ("miou/masks@1, miou/box-xywh@1, miou/box-xyxy@1", "counting pixels one by one"),
    ("auc/otb21@1, auc/mean-overlap@1, m_viou/frames@1", "brute force in fractions: pixels, frames, thresholds"),
    (
        "absrel/plain@1, absrel/affine@1, epe/known@1, cd/squared@1, cd/plain@1",
        "closed forms, and mpmath with 40 digits over all pairs",
    ),
)


def missing(one) -> str:
    if one.missing is None:
        return "-"
    worst = one.missing("")[0]
    return f"{worst:g}"


def best(one) -> str:
    if one.best is None:
        return "10, and more of one reference's own words"
    return "20/21" if one.best == 20 / 21 else f"{one.best:g}"


def shown(difference: float) -> str:
    return "below 1e-12" if difference < 1e-12 else f"{difference:.0e}"


def page() -> str:
    lines = ["| definition | metrics | what it is | answers | best | missing |", "|---|---|---|---|---|---|"]
    for one in definitions():
        says = one.says.replace("|", "\\|")
        lines.append(
            f"| `{one.id}` | {', '.join(one.metrics)} | {says} | {one.kind.says} | {best(one)} | {missing(one)} |"
        )
    below = ["| definition | package | call | difference | why, and what else differs |", "|---|---|---|---|---|"]
    cases, recorded = oracles.read()
    for name in (one.id for one in definitions()):
        for oracle in recorded.get(name, []):
            why = COCO if "/coco-" in name and name.startswith("ap") else WHY.get(name, "")
            difference = shown(oracles.difference(name, cases, oracle))
            below.append(f"| `{name}` | {oracle['oracle']} | `{oracle['call']}` | {difference} | {why} |")
    other = ["", "The others have no package to compare with, and are tested against:", ""]
    other += [f"- {', '.join(f'`{one}`' for one in names.split(', '))}: {what}" for names, what in TESTED]
    last = [
        "",
        "Metrics that take a model's weights or people (FID, FVD, FAD, CLIPScore, DINOScore, MUSIQ, MOS, GPT-Score,",
        "user preference, ...) and CodeBLEU are not computed: their values come with `--values FILE`, and the results",
        "say so.",
        "",
    ]
    return HEAD + "\n".join(lines) + "\n" + WORDS + "\n".join(below + other + last)


if __name__ == "__main__":
    (HERE / "metrics.md").write_text(page(), encoding="utf-8", newline="\n")
