"""Reading a question: its words, in the few sorts that the guard compares. No grammar and no model, so that it says the same always.

Words are compared by their stems, in lower case, after Unicode's compatibility folding. What is written as a name (a capital inside of a
sentence, a code, a quotation, an address) is kept as such too.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from llmcache.policy.manners import without_manners
from llmcache.policy.numerals import NUMBER, ORDINALS, TAILS, counted, is_roman, number_of, roman
from llmcache.policy.vocabulary import (
    ABOUT_WORDS,
    ASKING,
    CONDITIONS,
    DIRECTIONS,
    EXCEPTIONS,
    MARKS,
    NEGATIONS,
    NUMBERS,
    ONE,
    PERSONS,
    PUTTING,
    SURE,
    TENSES,
    TIES,
    TRIVIAL,
    TURNED,
)

_NOT: Final = "§not"
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]+)[\"“”„«»]|`([^`]+)`|(?<!\w)['‘]([^'‘’]+)['’](?!\w)")
_EDGES: Final = "!?.,;:…¿¡()[]{}\"'“”„‘’«»`*<>|~–—-。、，？！؟।॥"
_LETTER = r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0981-\u0dff\u0e31-\u0ecd])"
"""A letter, or a mark that stands on one: Python takes the vowels of Hindi and Thai for no part of a word."""
_PIECES = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)*")
_APOSTROPHE = re.compile(r"['’]")
_MIXED = re.compile(r"[a-z][A-Z]|[^\W\d_]\d|\d[^\W\d_]|\w[@_.\\=#<>{}\[\]()*+^~|$%&]+\w|://")
_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_STRANGE = re.compile(
    r"[\\|^~=*#{}<>\[\]]{2,}|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]|[\u2600-\u27bf\U0001f300-\U0001faff]"
)
_LONE = re.compile(r"(?<!\S)[^\w\s]+(?!\S)")
_BETWEEN = re.compile(r"(?<=\w\s)[;:.,?!](?=\s\w)")
_COMMON: Final = frozenset("?!.,;:-–—…•·&()[]«»¿¡、。，？！")
_ATTACHED = re.compile(
    r"(?<!\S)--?[^\W\d_]\w*|(?<=\w)[+#*^=@]+(?!\w)|(?<!\w)[^\W\d_]-(?!\w)|(?<=\d)\s[-−–]\s(?=\d)|(?<=\d)!"
)
_TURN = re.compile(r"^\s*(?:system|developer|assistant|user|human|ai|tool)\s*:", re.IGNORECASE | re.MULTILINE)
_INDENTS = re.compile(r"\n([ \t]+)(?=\S)")
_EXCEPTIONS = re.compile(rf"\b(?:{'|'.join(EXCEPTIONS)}|(?<!how )far from)\b", re.IGNORECASE)
_DUTY = re.compile(r"\b(?:ha(?:ve|s|d)|having) to\b", re.IGNORECASE)
_FORMERLY = re.compile(r"\bused to\b", re.IGNORECASE)
_TURNED = re.compile(rf"\b(?:{'|'.join(TURNED)})\b", re.IGNORECASE)
_SENTENCES = re.compile(r"[?!.。？！؟।]+(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as the guard sees it.

    Attributes:
        tokens: What may not be trivial, in order: stems, directions, words of asking, persons, tenses, negations, numbers.
        content: Those of them that name something.
        numbers: How often each number stands there; `ONE` apart.
        ones: How often a one does that may be none.
        names: What is written as a name, in lower case.
        negations: How often something is denied.
        conditions: Words that begin a condition.
        bound: Pairs of a direction and the next word that names something.
        scripts: The scripts of its letters.
        is_mixed: True where one word is written in two scripts.
        sentences: What each sentence names.
        signs: What is neither a letter, a number, nor a common sign, in order.
        marks: Words of which one alone makes another question.
        letters: Single letters in order, where one of them is no word.
        indents: How far lines are indented.
        plain: Words that are not written as names, in a text that has capitals.
        words: Every word in lower case, in order.
        all_words: Every word but those that a question is put with, where it may be about words.
    """

    tokens: tuple[str, ...]
    content: tuple[str, ...]
    numbers: Counter[str]
    ones: int
    names: frozenset[str]
    negations: int
    conditions: frozenset[str]
    bound: frozenset[tuple[str, str]]
    scripts: frozenset[str]
    is_mixed: bool
    sentences: tuple[frozenset[str], ...]
    signs: tuple[str, ...]
    marks: frozenset[str]
    letters: tuple[str, ...]
    indents: tuple[str, ...]
    plain: frozenset[str]
    words: tuple[str, ...]
    all_words: frozenset[str]


def stem(word: str) -> str:
    """Return the stem of a word in lower case: without the commonest endings of English."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if len(base) > 2 and base != word and any(letter in "aeiouy" for letter in base):
            doubled = base[-1] == base[-2] and base[-1] not in "lsz"
            return base[:-1] if doubled else base.removesuffix("e")
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        word = word[:-1]
    if len(word) > 5 and word.endswith(("ise", "our")):
        word = word[:-3] + ("ize" if word.endswith("ise") else "or")
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


_IRREGULAR: Final = {
    form: base
    for base, forms in {
        "send": "sent", "cancel": "cancelled cancelling", "travel": "travelled travelling", "label": "labelled labelling", "control": "controlled controlling", "enrol": "enrolled enrolling", "pay": "paid", "los": "lost losing lose", "buy": "bought", "steal": "stolen stole", "find": "found",
        "giv": "gave given", "tak": "took taken", "mak": "made make making", "go": "went gone goes", "writ": "wrote written",
        "sell": "sold", "see": "saw seen", "know": "knew known", "com": "came", "keep": "kept", "hold": "held", "win": "won",
        "man": "men", "woman": "women", "child": "children", "sue": "sued suing", "person": "people", "foot": "feet", "tooth": "teeth", "mous": "mice", "di": "died dies die",
    }.items()
    for form in forms.split()
}  # fmt: skip


@lru_cache(maxsize=2048)
def read(text: str) -> Reading:
    """Return the reading of a question."""
    folded = _put_shorter(without_manners(unicodedata.normalize("NFKC", text)))
    names = {found.casefold().strip(_EDGES) for groups in _QUOTED.findall(folded) for found in groups if found}
    words = _words_of(folded)
    names.update(word.casefold() for word, is_name in words if is_name)
    tokens, numbers, ones = _tokens([word for word, _ in words])
    parts = [_tokens([word for word, _ in _words_of(part)])[0] for part in _SENTENCES.split(folded)]
    content = tuple(token for token in tokens if _names_something(token))
    return Reading(
        tokens=tuple(tokens),
        content=content,
        numbers=numbers,
        ones=ones,
        names=frozenset(name for name in names if name),
        negations=tokens.count(_NOT),
        conditions=frozenset(token for token in tokens if token in CONDITIONS),
        bound=_bound(tokens),
        scripts=frozenset(map(_script, filter(str.isalpha, folded))),
        is_mixed=any(len(set(map(_script, filter(str.isalpha, word)))) > 1 for word in _PIECES.findall(folded)),
        sentences=tuple(frozenset(filter(_names_something, part)) for part in parts if part),
        signs=(
            *sorted({*_STRANGE.findall(folded), *_TURN.findall(folded)}),
            *_ATTACHED.findall(folded.casefold()),
            *_lone_signs(folded),
        ),
        marks=frozenset(MARKS[said] for said in _said_plainly(words) if said in MARKS),
        letters=_letters([word for word, _ in words]),
        indents=tuple(_INDENTS.findall(text.strip())),
        plain=frozenset(word for word, _ in words if word.islower()) if _is_cased(words) else frozenset(),
        words=tuple(word.casefold() for word, _ in words),
        all_words=frozenset({word.casefold() for word, _ in words} - PUTTING if ABOUT_WORDS & {*tokens} else ()),
    )


def _put_shorter(text: str) -> str:
    """Return `text` with one word for what several say: an exception, a duty, and what is turned on or off."""
    text = _FORMERLY.sub("was", _DUTY.sub("must", _EXCEPTIONS.sub("except", text)))
    return _TURNED.sub(lambda found: TURNED[found[0].casefold()], text)


def _lone_signs(text: str) -> list[str]:
    """Return the signs that stand where a word could, such as the plus of a sum, but for those that end or part sentences."""
    return [found for found in _LONE.findall(text) if not _COMMON.issuperset(found)] + _BETWEEN.findall(text)


def _said_plainly(words: list[tuple[str, bool]]) -> set[str]:
    plain = {word.casefold() for word, _ in words}
    return {*plain, *map(stem, plain), *(number[3] for word in plain if (number := NUMBER.fullmatch(word)))}


def _is_cased(words: list[tuple[str, bool]]) -> bool:
    return any(word[:1].isupper() and word != "I" for word, _ in words)


def _letters(words: list[str]) -> tuple[str, ...]:
    """Return the single letters, the "a" of "from a to b" included, which is a word elsewhere."""
    if not any(map(_is_letter, words)):
        return ()
    return tuple(word.casefold() for word in words if _is_letter(word) or word in "aA")


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and word not in "aIioeylOEYLstmd" and _script(word) not in _UNSPACED


def _words_of(text: str) -> list[tuple[str, bool]]:
    """Return the words in order, each with whether it is written as a name."""
    words: list[tuple[str, bool]] = []
    begins = True
    for raw in text.split():
        bare = raw.strip(_EDGES)
        if raw[:1] in "-−" and bare[:1].isdigit():
            bare = "-" + bare
        if bare:
            words += _split(bare, begins=begins)
            begins = False
        begins = begins or raw.rstrip("\"'”’)»")[-1:] in tuple(".?!:…。？！")
    # Those that may be owed to something else left aside: of the first word, and of "I".
    free = [word for word, _ in words[1:] if word != "I"]
    # Where Every Word Has One, Or ALL OF THEM ARE, A Capital Says Nothing.
    if len(free) > 1 and sum(word[:1].isupper() for word in free) > 0.7 * len(free):
        return [(word, is_name and _MIXED.search(word) is not None) for word, is_name in words]
    return words


def _split(bare: str, *, begins: bool) -> list[tuple[str, bool]]:
    if NUMBER.fullmatch(bare):
        return [(bare, False)]
    if any(_script(letter) in _UNSPACED for letter in bare):
        return [(piece, not piece.isalpha()) for piece in re.findall(r"[A-Za-z0-9.]+|\w", bare)]
    if _MIXED.search(bare) and not re.fullmatch(r"[^\W\d_]+(?:[/+&-][^\W\d_]+)+", bare):
        return [(bare, True)]
    pieces = _PIECES.findall(bare)
    return [
        (piece, _is_capital(piece, first=begins and index == 0))
        for index, piece in enumerate(pieces)
        if piece.strip("'’")
    ]


def _is_capital(word: str, *, first: bool) -> bool:
    """True where a word is written as a name: with a capital that is not owed to the beginning of a sentence."""
    if word in ("I", "Ok", "OK", "FAQ") or _APOSTROPHE.split(word)[0] == "I" or not word[:1].isupper():
        return False
    return not first or (len(word) > 1 and word.isupper())


def _tokens(words: list[str]) -> tuple[list[str], Counter[str], int]:
    tokens: list[str] = []
    numbers: Counter[str] = Counter()
    ones = 0
    for index, word in enumerate(words):
        if is_roman(words, index):
            tokens.append(counted(str(roman(word)), tokens, numbers))
            continue
        number = NUMBER.fullmatch(word)
        if number is not None and (tail := number[3].casefold()) in ORDINALS | {""} | TAILS:
            value = number_of(number[2])
            numbers[value] += 1
            numbers["1000"] += tail == "k"
            tokens += [f"#{value}", *(part for part in (number[1], "" if tail in ORDINALS else tail) if part)]
            continue
        for token in _ABBREVIATED.get(word) or _parts(word.casefold()):
            if token in SURE and tokens and tokens[-1] == _NOT:
                tokens.pop()
            if token in _SURE_OR_NOTHING or _is_polite(words, index, token):
                continue
            if token in ONE:
                ones += 1
            elif token in NUMBERS:
                tokens.append(counted(str(NUMBERS[token]), tokens, numbers))
            elif token not in _UNITS_OR_NOTHING or (tokens and tokens[-1].startswith("#")):
                tokens.append(token)
    return tokens, numbers, ones


def _is_polite(words: list[str], index: int, token: str) -> bool:
    """True for what asks for an answer and does not say which: "give me", and the "if" of "I wonder if"."""
    if token in _FAVOURS:
        return words[index + 1 : index + 2] != [] and words[index + 1].casefold() in _TO_ME
    return token == _IF and words[max(0, index - 1)].casefold() in _WHETHER


_UNITS_OR_NOTHING: Final = TAILS & TRIVIAL
"""A unit behind a number, such as "am"; elsewhere trivial."""

_SURE_OR_NOTHING: Final = SURE & TRIVIAL
"""Behind a denial it takes that back, and says nothing itself."""

_FAVOURS: Final = frozenset({"giv", "give", "help", "get", "show"})
_TO_ME: Final = frozenset({"me", "us"})
"""Behind these a favour is asked for, and says nothing of what it is about."""

_IF: Final = "if"
_WHETHER: Final = frozenset(
    {"know", "see", "wonder", "wondering", "check", "ask", "sure", "tell", "asking", "curious", "do", "what"}
)
"""Before an "if" that means "whether"."""


_ABBREVIATED: Final = {"US": ["usa"], "IT": ["computing"]}
"""Names that were a person without their capitals."""

_SHORTENED: Final = frozenset({"s", "m", "re", "ve", "d", "t"})
"""What stands behind an apostrophe for a word that is trivial."""


def _parts(word: str) -> list[str]:
    """Return what a word says: a stem, or a sign for who is meant, when, and that it is denied."""
    if word.endswith(("n't", "n’t")) or word in NEGATIONS:
        return [_NOT]
    found: list[str] = []
    for index, part in enumerate(_APOSTROPHE.split(word)):
        if index and part in _SHORTENED:
            continue
        if part in NEGATIONS:
            found.append(_NOT)
        elif part in PERSONS:
            found.append(f"§{PERSONS[part]}")
        elif part in TENSES:
            found.append(f"§{TENSES[part]}")
        elif part in TRIVIAL and part not in SURE:
            found += [part] if part in _UNITS_OR_NOTHING else []
        elif (
            part in SURE
            or part in ASKING
            or part in TIES
            or part in DIRECTIONS
            or part in CONDITIONS
            or part in NUMBERS
            or part in ONE
        ):
            found.append(part)
        elif part:
            found.append(stem(part))
    return found


def sort_of(token: str) -> str:
    """Return of which sort a token is; "" for what names something."""
    if token.startswith("§"):
        return "person" if token[1:].isdigit() else token
    return next((sort for sort, words in _SORTS.items() if token in words), "")


TENSE_MARKS: Final = frozenset(f"§{tense}" for tense in TENSES.values())
_SORTS: Final = {"asking": ASKING, "direction": DIRECTIONS, "tie": TIES, "condition": CONDITIONS}


def _names_something(token: str) -> bool:
    return sort_of(token) == ""


def _bound(tokens: list[str]) -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    direction = ""
    for token in tokens:
        if token in DIRECTIONS:
            direction = token
        elif direction and _names_something(token):
            pairs.add((direction, token))
            direction = ""
    return frozenset(pairs)


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Return the script of a letter: the first word of its name, which is right for all that are alphabets."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
