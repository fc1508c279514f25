"""Metrics of text: what one prediction is worth beside its references, as a share in [0, 1].

No function here normalises in silence: what a definition folds is in its name and in its sentence
(`definitions.py`). All of them read Unicode: `words` says how.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from glevel_fast.extras import require

__all__ = [
    "anls",
    "bleu",
    "edits",
    "letter",
    "number",
    "rouge_1_of_sets",
    "rouge_l",
    "rouge_l_of_sets",
    "rouge_n",
    "squad",
    "token_f1",
    "words",
]

_ASCII = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")
# Scripts written without spaces: each character is a token of its own.
_ALONE = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF)),
    *((0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x1B000, 0x1B16F), (0x20000, 0x3FFFF)),
)


@functools.lru_cache(maxsize=1 << 16)
def _kind(character: str) -> str:
    """ "w" of a word, "m" a mark that joins what stands before it, "1" a token alone, "." punctuation, " " space."""
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category[0] == "M":
        return "m"
    if any(low <= ord(character) <= high for low, high in _ALONE) and category[0] in "LN":
        return "1"
    return "w" if category[0] in "LN" else "."


def words(text: str, *, punctuation: bool = True) -> list[str]:
    """The tokens of a text: runs of letters, digits and their marks; each punctuation mark or symbol is one.

    A letter of a script that is written without spaces (Han, Kana, Thai, Lao, Burmese, Khmer) is a token.
    """
    if text.isascii():
        return [token for token in _ASCII.findall(text) if punctuation or token.isalnum()]
    tokens: list[str] = []
    before = " "
    for character in text:
        kind = _kind(character)
        if kind == "m" and before not in " .":
            tokens[-1] += character
            continue
        if kind == "w" and before == "w":
            tokens[-1] += character
        elif kind in "w1" or (punctuation and kind in "m."):
            tokens.append(character)
        before = "." if kind == "m" else kind
    return tokens


def _f1(common: float, of_prediction: float, of_reference: float) -> float:
    """2PR/(P+R), written so that a perfect match is exactly 1."""
    return 2 * common / (of_prediction + of_reference) if of_prediction + of_reference else 1.0


def _overlap(a: Counter[tuple[str, ...]], b: Counter[tuple[str, ...]]) -> int:
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return sum(min(count, large[gram]) for gram, count in small.items() if gram in large)


def _grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def token_f1(prediction: str, reference: str, tokens: Callable[[str], list[str]] = words) -> float:
    """F1 of the tokens as multisets, as SQuAD has it; 1 where both have none."""
    ours, theirs = tokens(prediction), tokens(reference)
    return _f1(_overlap(_grams(ours, 1), _grams(theirs, 1)), len(ours), len(theirs))


def anls(prediction: str, reference: str) -> float:
    """1 - edit distance / longer length, 0 at half and below; case and white space at the ends do not count.

    Source: Biten et al., "Scene Text Visual Question Answering", 2019.
    """
    distance = require("rapidfuzz.distance", "evaluate").Levenshtein.normalized_distance(
        prediction.strip().lower(), reference.strip().lower()
    )
    return 1.0 - distance if distance < 0.5 else 0.0


def edits(prediction: str, reference: str) -> tuple[int, int]:
    """Word edits from the reference to the prediction, and the words of the reference; words end at white space."""
    theirs = reference.split()
    return require("rapidfuzz.distance", "evaluate").Levenshtein.distance(theirs, prediction.split()), len(theirs)


def bleu(prediction: str, reference: str, order: int, smoothing: str) -> float:
    """BLEU of one sentence over `words`, with n-grams up to `order`.

    Parameters
    ----------
    smoothing : {"method4", "exp"}
        "method4" as nltk's `SmoothingFunction().method4`; "exp" as sacrebleu's default, with its effective
        order: no n-grams longer than the prediction. Both leave no n-gram order at zero.
    """
    ours, theirs = words(prediction), words(reference)
    if not ours or not theirs:
        return float(prediction == reference)
    logs = []
    misses = 0
    for n in range(1, min(order, len(ours)) + 1):
        hits, of = _overlap(_grams(ours, n), _grams(theirs, n)), len(ours) - n + 1
        if not hits:
            if n == 1:
                return 0.0
            misses += 1
            rate = 1 / (2**misses * of) if smoothing == "exp" else math.log(len(ours)) / (5 * 2**misses * of)
        else:
            rate = hits / of
        logs.append(math.log(rate))
    brevity = min(0.0, 1 - len(theirs) / len(ours))
    return math.exp(brevity + math.fsum(logs) / len(logs))


def _rouge_tokens(text: str, stem: Callable[[str], str] | None = None) -> list[str]:
    tokens = words(text.lower(), punctuation=False)
    return [stem(token) if len(token) > 3 and token.isascii() else token for token in tokens] if stem else tokens


@functools.cache
def _stemmer() -> Callable[[str], str]:
    return functools.lru_cache(maxsize=1 << 16)(require("nltk.stem.porter", "evaluate").PorterStemmer().stem)


def rouge_n(prediction: str, reference: str, n: int = 1, *, stem: bool = False) -> float:
    """F1 of the n-grams as multisets: lower-cased `words` without punctuation, as Google's rouge-score has it."""
    by = _stemmer() if stem else None
    ours, theirs = _grams(_rouge_tokens(prediction, by), n), _grams(_rouge_tokens(reference, by), n)
    if not ours and not theirs:
        return float(prediction == reference)
    return _f1(_overlap(ours, theirs), ours.total(), theirs.total())


def rouge_l(prediction: str, reference: str, *, stem: bool = False) -> float:
    """F1 of the longest common subsequence of the whole texts; tokens as in `rouge_n`."""
    by = _stemmer() if stem else None
    ours, theirs = _rouge_tokens(prediction, by), _rouge_tokens(reference, by)
    if not ours and not theirs:
        return float(prediction == reference)
    common = require("rapidfuzz.distance", "evaluate").LCSseq.similarity(ours, theirs)
    return _f1(common, len(ours), len(theirs))


def _lines(text: str) -> list[list[str]]:
    """Sentences that end at a full stop (Western or Chinese), each a list of words that end at white space."""
    return [sentence.split() for sentence in re.split("[.。]", text) if sentence.strip()]


def rouge_1_of_sets(prediction: str, reference: str) -> float:
    """F1 of the sets of words, which end at white space: ROUGE-1 of the package `rouge`."""
    ours, theirs = ({word for line in _lines(text) for word in line} for text in (prediction, reference))
    return _f1(len(ours & theirs), len(ours), len(theirs)) if ours or theirs else float(prediction == reference)


def rouge_l_of_sets(prediction: str, reference: str) -> float:
    """F1 of the union of each reference sentence's common subsequences: ROUGE-L of the package `rouge`."""
    ours, theirs = _lines(prediction), _lines(reference)
    found = {word for line in theirs for other in ours for word in _common(line, other)}
    n, m = (len({word for line in text for word in line}) for text in (ours, theirs))
    return _f1(len(found), n, m) if n or m else float(prediction == reference)


def _common(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """A longest common subsequence; of several, the one that leaves the end of `b` first."""
    rows = [[0] * (len(b) + 1)]
    for word in a:
        above, row = rows[-1], [0]
        for j, other in enumerate(b):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
        rows.append(row)
    i, j, found = len(a), len(b), []
    while i and j:
        if a[i - 1] == b[j - 1]:
            found.append(a[i - 1])
            i, j = i - 1, j - 1
        elif rows[i - 1][j] > rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


def squad(text: str) -> str:
    """Lower-cased, without ASCII punctuation and the articles a, an, the; white space folded (SQuAD)."""
    text = "".join(c for c in text.lower() if not (c.isascii() and unicodedata.category(c)[0] in "PS"))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


_LETTER = re.compile(r"\(?([A-Za-z])(?:[.:)、．：）](?:\s.*)?|)", re.DOTALL)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?\(?([A-Za-z])\)?\}?\s*\}")


def letter(text: str) -> str | None:
    """The option's letter, in upper case, of "A", "a", "(A)", "A.", "A) because ...", or the last \\boxed{A}."""
    if boxed := _BOXED.findall(text):
        return str(boxed[-1]).upper()
    found = _LETTER.fullmatch(text.strip())
    return found[1].upper() if found else None


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number(text: str) -> float | None:
    """The finite number that the whole text is, white space at its ends aside; None where it is none."""
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.inf
    return value if math.isfinite(value) else None
