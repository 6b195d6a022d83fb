"""BERT's tokenizer for text without case: a text becomes the numbers of its word pieces.

As in the tokenizer that the model was trained with: control characters go, Chinese characters and punctuation stand
alone, letters lose case and accents, and a word is cut into the longest pieces of the vocabulary, from its start on
(Wu et al. 2016, section 4.1). What happens before the cutting concerns one character at a time, so it is a table for
`str.translate`, filled as characters are met.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice

MOST_PIECES = 256
"""Pieces of a text that the model was trained on, one at each end included; what follows in a longer text is not read."""

# The model's own tokenizer, too, takes these for what they are in any text.
_SPECIAL = re.compile(r"(\[PAD\]|\[UNK\]|\[CLS\]|\[SEP\]|\[MASK\])")
_LONGEST_WORD = 100
_MOST_CHARACTERS = 1_000_000  # a longer text costs no more, and its first 256 pieces are among them
_MOST_REMEMBERED = 20_000  # characters of the table; a text of all that exist takes no more memory

# Ideographs as the tokenizer's authors listed them, by blocks of the Unicode standard.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """Turns texts into numbers of word pieces; may be used by any number of threads.

    Args:
        vocabulary: The number of each piece; one that continues a word begins with "##".
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._number = vocabulary
        self._longest = max(map(len, vocabulary))
        self._characters = _Characters()

    def __call__(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, `MOST_PIECES` at most, between those that stand for its ends."""
        inner = islice(self._pieces(text[:_MOST_CHARACTERS]), MOST_PIECES - 2)
        return [self._number["[CLS]"], *inner, self._number["[SEP]"]]

    def _pieces(self, text: str) -> Iterator[int]:
        for part in _SPECIAL.split(text):
            if _SPECIAL.fullmatch(part):
                yield self._number[part]
                continue
            # Of more words the last would be all the rest.
            for word in part.translate(self._characters).split(maxsplit=MOST_PIECES)[:MOST_PIECES]:
                yield from self._pieces_of_word(word)

    def _pieces_of_word(self, word: str) -> list[int]:
        numbers: list[int] = []
        start = 0 if len(word) <= _LONGEST_WORD else -1
        while 0 <= start < len(word):
            number, start = self._longest_piece(word, start)
            numbers.append(number)
        return numbers if start > 0 else [self._number["[UNK]"]]

    def _longest_piece(self, word: str, start: int) -> tuple[int, int]:
        """Return the number of the longest piece at `start`, and where it ends; -1 where there is none."""
        before = "##" if start else ""
        for end in range(min(len(word), start + self._longest), start, -1):
            number = self._number.get(before + word[start:end])
            if number is not None:
                return number, end
        return -1, -1


class _Characters(dict[int, str]):
    """What becomes of each character before words are cut; blanks set apart what is a word of its own."""

    def __missing__(self, code: int) -> str:
        becomes = _reduced(chr(code))
        if len(self) < _MOST_REMEMBERED:
            self[code] = becomes
        return becomes


def _reduced(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\t\n\r" or category[0] == "Z":
        return " "
    # What is not assigned yet stays: the model's own tokenizer goes by an old edition of Unicode.
    if category in {"Cc", "Cf", "Co", "Cs"} or character == "\N{REPLACEMENT CHARACTER}":
        return ""
    letters = unicodedata.normalize("NFD", character)
    bare = "".join(letter for letter in letters if unicodedata.category(letter) != "Mn").lower()
    if any(first <= ord(character) <= last for first, last in _IDEOGRAPHS):
        return f" {bare} "
    return "".join(f" {letter} " if _is_punctuation(letter) else letter for letter in bare)


def _is_punctuation(character: str) -> bool:
    """True for Unicode's punctuation, and for all of ASCII that is neither letter, digit nor blank, such as "$"."""
    return unicodedata.category(character)[0] == "P" or ("!" <= character <= "~" and not character.isalnum())
