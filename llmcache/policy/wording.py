"""Wording: differences that stems do not show, for they are in the order, the form or the company of the commonest words.

Each rule is true where two questions must not share an answer, and is the same in both directions.
"""

from collections import Counter
from itertools import pairwise
from typing import Final

from llmcache.policy.reading import Reading, sort_of, stem
from llmcache.policy.vocabulary import DIRECTIONS, TIES


def forms_differ(a: Reading, b: Reading) -> bool:
    """True where one word differs in its form, and not in how many are meant: "sort", "sorted"."""
    ours, theirs = ({(stem(word), word.endswith("ed")) for word in each.words} for each in (a, b))
    return not {base for base, _ in ours - theirs}.isdisjoint(base for base, _ in theirs - ours)


def modes_differ(a: Reading, b: Reading) -> bool:
    """True where one asks what could be, and the other what would be."""
    one, other = map(_modes, (a, b))
    return bool(one) and bool(other) and one != other


def _modes(each: Reading) -> set[str]:
    """Return the modes of a question, but for those of politeness: "could you tell me", "I would like"."""
    places = zip(("", *each.words), each.words, (*each.words[1:], ""), strict=False)
    return {_MODES[word] for before, word, after in places if word in _MODES and before != "i" and after not in _POLITE}


def moved(a: Reading, b: Reading) -> bool:
    """True where the same words follow other directions: "from here to there", "from there to here"."""
    return Counter(a.words) == Counter(b.words) and _led(a) != _led(b)


def _led(each: Reading) -> set[tuple[str, str]]:
    words = [word for word in each.words if word not in _ARTICLES]
    return {pair for pair in pairwise(words) if pair[0] in DIRECTIONS or pair[0] in TIES}


def acts_otherwise(a: Reading, b: Reading) -> bool:
    """True where who asks does in one what is done to him in the other: "whom did I call", "who called me"."""
    if {*a.content} != {*b.content}:
        return False
    one, other = map(_own_parts, (a, b))
    return bool(one) and bool(other) and one.isdisjoint(other)


def _own_parts(each: Reading) -> set[str]:
    """Return as what the one who asks is named: as "i" or as "me", but for whom the answer is given to."""
    before = ("", *each.words)
    return {
        word
        for word, last in zip(each.words, before, strict=False)
        if word == "i" or (word == "me" and last not in _TELLING)
    }


def changed_persons(a: Reading, b: Reading) -> bool:
    """True where two persons have changed places and all else is the same: "we pay them", "they pay us"."""
    one, other = ([token for token in each.tokens if sort_of(token) == "person"] for each in (a, b))
    return one != other and sorted(one) == sorted(other) and a.content == b.content


def compared_otherwise(a: Reading, b: Reading) -> bool:
    """True where one says "as good as", and the other "better than"."""
    return any(
        "than" in one.words and "than" not in other.words and other.words.count("as") > 1
        for one, other in ((a, b), (b, a))
    )


def asks_for_advice(a: Reading, b: Reading) -> bool:
    """True where one asks whether one should, and the other how."""
    return any(
        "should" in one.words and "how" in other.words and not _OPEN.intersection(one.words)
        for one, other in ((a, b), (b, a))
    )


def asks_for_a_thing(a: Reading, b: Reading) -> bool:
    """True where one asks what, and the other who, when, where or why; "for what reason" is why, and "at what time" is when."""
    return {*a.content} == {*b.content} and any(
        _OPEN_ELSE.intersection(one.words)
        and _THING.intersection(other.words)
        and not (_OPEN_ELSE | _THING_BUT).intersection(other.words)
        for one, other in ((a, b), (b, a))
    )


_MODES: Final = {"can": "able", "could": "able", "may": "able", "might": "able", "would": "would"}
_POLITE: Final = frozenset({"you", "i", "someone", "anyone"})
_ARTICLES: Final = frozenset({"a", "an", "the"})
_TELLING: Final = frozenset(
    {"tell", "give", "help", "get", "show", "let", "explain", "teach", "guide", "remind", "to", "for", "with"}
)
_THING: Final = frozenset({"what", "which"})
_OPEN_ELSE: Final = frozenset({"who", "when", "where", "why"})
_OPEN: Final = _THING | _OPEN_ELSE | {"how"}
_THING_BUT: Final = frozenset(
    {"reason", "reasons", "cause", "causes", "time", "date", "day", "year", "place", "person", "people", "if"}
)
