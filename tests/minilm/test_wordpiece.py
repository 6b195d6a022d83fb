"""Word pieces: the same numbers as the tokenizer that the model was trained with."""

import json
from pathlib import Path

import pytest

from llmcache_minilm import files
from llmcache_minilm.wordpiece import MOST_PIECES, WordPiece

GOLDEN = Path(__file__).with_name("golden") / "pieces.json"
"""Made with the package `tokenizers` 0.23 from the model's own tokenizer.json."""

CLS, SEP, UNKNOWN = 101, 102, 100
EVERY_CHARACTER = "".join(map(chr, range(0x110000)))


@pytest.fixture(scope="module")
def cut() -> WordPiece:
    """The tokenizer with the model's vocabulary."""
    return WordPiece(files.vocabulary(files.model_folder()))


def test_pieces_are_those_of_the_models_own_tokenizer(cut: WordPiece) -> None:
    """Accents, case, punctuation, ideographs, emoji, Hangul, control characters, special pieces, long words and long texts."""
    golden = json.loads(GOLDEN.read_text("utf-8"))

    assert [one["pieces"] for one in golden] == [cut(one["text"]) for one in golden]


def test_a_long_text_is_cut(cut: WordPiece) -> None:
    """At most 256 pieces, the ends included, however the text is made."""
    texts = ["a " * 255, "a" * 100 + " b" * 300, "[SEP]" * 300, "好" * 300, "..." * 300]

    assert {MOST_PIECES} == {len(cut(text)) for text in texts}
    assert {(CLS, SEP)} == {(numbers[0], numbers[-1]) for numbers in map(cut, texts)}


def test_a_word_beyond_a_hundred_letters_is_unknown(cut: WordPiece) -> None:
    """A hundred letters are cut into pieces, one more makes the word unknown."""
    assert UNKNOWN not in cut("a" * 100)
    assert [CLS, UNKNOWN, SEP] == cut("a" * 101)


def test_lone_surrogates_are_left_out(cut: WordPiece) -> None:
    """Half a character, which no valid text has, is as if it were not there."""
    assert cut("hello") == cut("he\ud800llo\udc00")


@pytest.mark.no_cover  # a million characters, which a tracer makes twice as slow
def test_every_character_is_taken(cut: WordPiece) -> None:
    """No character makes it fail, also not each after the other, and what is remembered of them is bounded."""
    for start in range(0, len(EVERY_CHARACTER), 1_000):
        cut(EVERY_CHARACTER[start : start + 1_000])

    assert 20_000 == len(cut._characters)
