"""Metrics of text: Unicode, what each form of an answer is read as, and against plain re-implementations."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_score.rouge_scorer import RougeScorer

from glevel_fast.evaluation import text
from glevel_fast.evaluation.catalogue import definitions

TEXTS = ["我爱北京天安门", "好", "今天天气很好。", "สวัสดีชาวโลก", "नमस्ते दुनिया", "Ünïcode, naïve!", "a", "!", "…", ""]
OF_TEXTS = [
    one
    for one in definitions()
    if one.share and one.id.startswith(("acc/e", "acc/c", "em", "f1/t", "f1/s", "anls", "bleu", "rouge"))
]
WORD = st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "dogs", "running", "quickly", "ran", "Running"])
SENTENCE = st.lists(WORD, min_size=1, max_size=12).map(" ".join)


@pytest.mark.parametrize("one", OF_TEXTS, ids=lambda one: one.id)
@pytest.mark.parametrize("same", TEXTS)
def test_identical_texts_score_100_in_any_script(one, same):
    sums = [one.sample(same, (same,), None)]
    assert one.total(sums, 100.0) == 100.0


@pytest.mark.parametrize("one", OF_TEXTS, ids=lambda one: one.id)
@settings(max_examples=25)
@given(prediction=st.text(max_size=20), gold=st.text(max_size=20))
def test_a_share_lies_between_0_and_1_for_any_text(one, prediction, gold):
    (value,) = one.sample(prediction, (gold,), None)
    assert 0 <= value <= 1
    assert one.sample(gold, (gold,), None) == [1.0]
    assert one.sample(prediction, (gold, prediction), None) == [1.0]


@pytest.mark.parametrize(
    ("whole", "tokens"),
    [
        ("Don't stop, it's 3.5!", ["Don", "'", "t", "stop", ",", "it", "'", "s", "3", ".", "5", "!"]),
        ("我爱 Beijing2", ["我", "爱", "Beijing2"]),
        ("ありがとう、世界", ["あ", "り", "が", "と", "う", "、", "世", "界"]),
        ("วันดี", ["วั", "น", "ดี"]),
        ("नमस्ते, दुनिया", ["नमस्ते", ",", "दुनिया"]),
        ("cafe\u0301 café", ["cafe\u0301", "café"]),
        ("a_b", ["a", "_", "b"]),
        (" \t\n", []),
    ],
)
def test_words(whole, tokens):
    assert text.words(whole) == tokens
    assert text.words(whole, punctuation=False) == [token for token in tokens if token[0].isalnum()]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("A", "A"), ("a", "A"), (" (A) ", "A"), ("A.", "A"), ("A)", "A"), ("A: because", "A"), ("B. The\nsecond", "B"),
        ("\\boxed{C}", "C"), ("So $\\boxed{\\text{(d)}}$.", "D"), ("\\boxed{A} or \\boxed{B}", "B"), ("Ａ．", None),
        ("1", None), ("", None),
        ("And", None), ("A cat", None), ("AB", None), ("The answer is A", None), ("A.b", None),
    ],
)  # fmt: skip
def test_letters(answer, letter):
    assert text.letter(answer) == letter


@pytest.mark.parametrize(
    ("answer", "number"),
    [("3", 3), (" 3.0 ", 3), ("-.5e1", -5), ("+7.", 7), ("1e999", None), ("1_000", None), ("3 apples", None),
     ("nan", None), ("1,5", None), ("", None), ("٣", None)],
)  # fmt: skip
def test_numbers(answer, number):
    assert text.number(answer) == number


@given(SENTENCE, SENTENCE)
def test_bleu_is_that_of_nltk(prediction, gold):
    theirs = sentence_bleu([gold.split()], prediction.split(), (1, 0, 0, 0), SmoothingFunction().method4)
    assert text.bleu(prediction, gold, 1, "method4") == pytest.approx(theirs, abs=1e-14)


@given(SENTENCE, SENTENCE, st.booleans())
def test_rouge_is_that_of_rouge_score(prediction, gold, stem):
    theirs = RougeScorer(["rouge1", "rougeL"], use_stemmer=stem).score(gold, prediction)
    assert text.rouge_n(prediction, gold, stem=stem) == pytest.approx(theirs["rouge1"].fmeasure, abs=1e-14)
    assert text.rouge_l(prediction, gold, stem=stem) == pytest.approx(theirs["rougeL"].fmeasure, abs=1e-14)


def test_one_common_rouge_gives_0_for_chinese_where_ours_gives_1():
    assert RougeScorer(["rouge1"]).score("我爱北京", "我爱北京")["rouge1"].fmeasure == 0.0
    assert text.rouge_n("我爱北京", "我爱北京") == 1.0
    assert text.rouge_n("我爱北京", "我在北京") == 0.75


def squad_f1(prediction, gold):
    """As SQuAD's own script has it, without its cleaning."""
    ours, theirs = prediction.split(), gold.split()
    common = sum((Counter(ours) & Counter(theirs)).values())
    if not common:
        return 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


@given(SENTENCE, SENTENCE)
def test_f1_of_tokens(prediction, gold):
    assert text.token_f1(prediction, gold) == pytest.approx(squad_f1(prediction, gold), abs=1e-14)
    assert text.token_f1(text.squad(prediction), text.squad(gold), str.split) == pytest.approx(
        squad_f1(*(" ".join(w for w in t.lower().split() if w not in ("a", "an", "the")) for t in (prediction, gold)))
        if text.squad(prediction) or text.squad(gold)
        else 1.0,
        abs=1e-14,
    )


def test_squads_cleaning():
    assert text.squad("  The cat's  hat, and AN owl. ") == "cats hat and owl"
    assert text.squad("猫。B") == "猫。b"


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        above, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@given(st.text("abc ", max_size=12), st.text("abc ", max_size=12))
def test_edits(prediction, gold):
    assert text.edits(prediction, gold) == (edit_distance(gold.split(), prediction.split()), len(gold.split()))
    p, g = prediction.strip(), gold.strip()
    share = edit_distance(p, g) / max(len(p), len(g), 1)
    assert text.anls(prediction, gold) == pytest.approx(1 - share if share < 0.5 else 0.0)


def test_half_of_the_letters_are_too_few():
    assert text.anls("ab", "ac") == 0.0
    assert text.anls("abc", "abd") == pytest.approx(2 / 3)


def test_only_longer_words_have_stems():
    assert text.rouge_n("was", "wa", stem=True) == 0.0
    assert text.rouge_n("cats", "cat", stem=True) == 1.0
    assert text.rouge_n("happily", "happili", stem=True) == 1.0


def test_the_best_reference_counts():
    for one in OF_TEXTS:
        assert one.sample("dogs ran", ("a cat sat", "dogs ran", "owls"), None) == [1.0]
    wer = next(one for one in definitions() if one.id == "wer/corpus@1")
    assert wer.sample("a b c", ("a x", "a b x d"), None) == [2, 4]
