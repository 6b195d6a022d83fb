"""The guard: why two questions must not share an answer, however near their meanings seem.

Embeddings see what a text is about and hardly what it says of it: a question and its reversal, a question about five days and one about
six, one about Paris and one about Rome lie as near as paraphrases do, and some lie at a cosine of 0.99. What sets them apart stands in the
words, and can be read there without a model. The guard refuses where it finds such a difference. It never accepts: what it lets through is
decided by `policy.similarity`.

Its rules err towards refusing. A refused paraphrase costs a call of the model; a wrong answer costs trust.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from llmcache.policy.asides import without_asides
from llmcache.policy.edits import is_same, says_more
from llmcache.policy.reading import TENSE_MARKS, Reading, read, sort_of, stem
from llmcache.policy.vocabulary import (
    ASKED_FOR,
    BOUNDS,
    CAPITALS,
    EXCLUDING,
    FORMS,
    MARKS,
    OPPOSITE_PREFIXES,
    OTHER_PERSONS,
    PARTICLES,
    REVERSING,
)
from llmcache.policy.wording import (
    acts_otherwise,
    asks_for_a_thing,
    asks_for_advice,
    changed_persons,
    compared_otherwise,
    forms_differ,
    modes_differ,
    moved,
)

Rule = Callable[[Reading, Reading], bool]
"""True where two questions must not share an answer."""


def refusal(asked: str, kept: str, alike: Sequence[str] = ()) -> str | None:
    """Return why the answer to `kept` must not be given to `asked`, in a few words without content, or None.

    Without `alike` it is the same in both directions. Sentences about something else hide no difference: it is judged with and without.

    Args:
        asked: A question.
        kept: One that has an answer.
        alike: Others near by that have the same answer. What they differ in among themselves does not matter to it: two or more of
            them can take a rule's doubt about a word, never one about a number, a name, a denial or an order.
    """
    reason = _reason(asked, kept, alike)
    if reason is not None:
        return reason
    ours, theirs = without_asides(asked, kept), without_asides(kept, asked)
    found = {_reason(*pair, alike) for pair in {(asked, theirs), (ours, kept), (ours, theirs)} - {(asked, kept)}}
    return next((rule for rule in RULES if rule in found), None)


def _reason(asked: str, kept: str, alike: Sequence[str]) -> str | None:
    """Return which rule speaks against it first, but for doubts that `alike` take back."""
    if asked == kept:
        return None
    a, b = read(asked), read(kept)
    reasons = (reason for reason, rule in RULES.items() if rule(a, b))
    doubt = next(reasons, None)
    if doubt not in DOUBTS or len(alike) < _WITNESSES or not _does_not_matter(a, b, alike):
        return doubt
    return next((reason for reason in reasons if reason not in DOUBTS), None)


_WITNESSES: Final = 2
"""Fewest questions that can show what does not matter to their answer."""


def _does_not_matter(asked: Reading, kept: Reading, alike: Sequence[str]) -> bool:
    """True where another question has each word that is only asked, and another lacks each that is only kept."""
    others = [{*read(text).tokens} for text in alike]
    ours, theirs = {*asked.tokens}, {*kept.tokens}
    return (
        ours != theirs
        and all(any(token in each for each in others) for token in ours - theirs)
        and all(any(token not in each for each in others) for token in theirs - ours)
    )


def contradiction(one: str, other: str) -> str | None:
    """Return why two answers do not say the same, or None where nothing speaks against it.

    Answers are longer than questions and are worded freely, so that only numbers, denials and opposites count.
    """
    a, b = read(one), read(other)
    return next((reason for reason in ("numbers", "negation", "opposites") if RULES[reason](a, b)), None)


def _scripts_differ(a: Reading, b: Reading) -> bool:
    return a.scripts != b.scripts or a.is_mixed or b.is_mixed


def _numbers_differ(a: Reading, b: Reading) -> bool:
    return _possible_numbers(a).isdisjoint(_possible_numbers(b))


def _possible_numbers(each: Reading) -> set[frozenset[tuple[str, int]]]:
    """Return the numbers of a question, once for each way to take its ones: for numbers, or for nothing."""
    return {_frozen(each.numbers + Counter({"1": ones})) for ones in range(each.ones + 1)}


def _frozen(numbers: Counter[str]) -> frozenset[tuple[str, int]]:
    return frozenset(numbers.items())


def _names_differ(a: Reading, b: Reading) -> bool:
    return not (_said(a.names, b) and _said(b.names, a)) or _differs_in_case(a, b)


def _differs_in_case(a: Reading, b: Reading) -> bool:
    """True where nothing differs but that a word is written as a name: "an Apple", "an apple".

    Who writes no capitals says nothing by that, but for words that are others with one.
    """
    if a.tokens != b.tokens and a.words != b.words:
        return False
    only = a.names ^ b.names
    return bool(a.names & b.plain | b.names & a.plain) or (
        len(only) == 1 and only <= CAPITALS & {*a.words} & {*b.words}
    )


def _said(names: frozenset[str], other: Reading) -> bool:
    said = {*other.names, *other.tokens}
    return all(
        name in said or all(read(part).content and set(read(part).tokens) <= said for part in name.split())
        for name in names
    )


def _negation_differs(a: Reading, b: Reading) -> bool:
    return a.negations % 2 != b.negations % 2 or (a.negations > 0) != (b.negations > 0)


def _opposites(a: Reading, b: Reading) -> bool:
    return _exclude(a, b) or _reversed_words(a, b) or _reversed_words(b, a)


def _exclude(a: Reading, b: Reading) -> bool:
    """True where both have members of a group of words that exclude each other, and not the same ones."""
    places: list[dict[int, set[int]]] = []
    for each in (a, b):
        found: dict[int, set[int]] = {}
        for token in each.tokens:
            for group, place in EXCLUDING_STEMS.get(token, ()):
                found.setdefault(group, set()).add(place)
        places.append(found)
    return any(places[0][group] != places[1][group] for group in places[0].keys() & places[1].keys())


def _reversed_words(a: Reading, b: Reading) -> bool:
    ours, theirs = set(a.content), set(b.content)
    only, others = ours - theirs, theirs - ours
    if any(prefix + token in others for token in only for prefix in REVERSING if len(token) > 2):
        return True
    return any(_is_turned(token, others) for token in only)


def _is_turned(token: str, others: set[str]) -> bool:
    """True where one of `others` begins or ends with the opposite of what `token` begins or ends with."""
    if token.endswith("less") and {token[:-4] + "ful", token[:-4]} & others:
        return True
    turned = (
        other + token.removeprefix(one)
        for pair in OPPOSITE_PREFIXES
        for one, other in (pair, pair[::-1])
        if token.startswith(one) and len(token) > len(one) + 2
    )
    return not others.isdisjoint(turned)


def _reversed_order(a: Reading, b: Reading) -> bool:
    """True where both say the same of the same things, but the things have changed places."""
    shared = set(a.content) & set(b.content)
    ours, theirs = ([token for token in each.content if token in shared] for each in (a, b))
    if ours != theirs and len(shared) > 1:
        longer = max(len(set(a.content)), len(set(b.content)))
        is_most = longer <= _SHORT and len(shared) > 0.7 * longer
        if is_most and (len(shared) == 2 or not _is_rotated(ours, theirs)):
            return True
        named = a.names & b.names
        if [token for token in ours if token in named] != [token for token in theirs if token in named]:
            return True
    return _tied_otherwise(a, b, shared)


_SHORT: Final = 6
"""Most words of a question of which each says who does what to whom; a longer one has parts, and those may stand in any order."""


def _is_rotated(ours: list[str], theirs: list[str]) -> bool:
    """True where a part has moved to the other end, as when a question begins with what another ends with."""
    return len(ours) == len(theirs) and any(ours[cut:] + ours[:cut] == theirs for cut in range(len(ours)))


def _tied_otherwise(a: Reading, b: Reading, shared: set[str]) -> bool:
    """True where a direction leads to another of the things that both name, or another direction to the same."""
    ours, theirs = ({pair for pair in each.bound if pair[1] in shared} for each in (a, b))
    for side in (0, 1):
        # One direction and its ends, then one thing and its directions: where both have some and none in common, they part.
        for common in {pair[side] for pair in ours} & {pair[side] for pair in theirs}:
            sides = [{pair[1 - side] for pair in pairs if pair[side] == common} for pairs in (ours, theirs)]
            if sides[0].isdisjoint(sides[1]):
                return True
    lone = {way for way, _ in ours} ^ {way for way, _ in theirs}
    if not lone.isdisjoint(BOUNDS) and shared in (set(a.content), set(b.content)):
        return True
    if Counter(a.content) != Counter(b.content):
        return False
    return not lone.isdisjoint({"by", "than"}) or (bool(lone) and a.content != b.content)


def _condition_differs(a: Reading, b: Reading) -> bool:
    return a.conditions != b.conditions or compared_otherwise(a, b)


def _marks_differ(a: Reading, b: Reading) -> bool:
    """True where one alone says "only", "or", "free", and both are about the same; and for letters and lines, whatever else is said."""
    if (a.letters, a.indents) != (b.letters, b.indents):
        return True
    others = {token for each in (a, b) for token in each.content if token not in MARK_STEMS}
    return a.marks != b.marks and all(token in a.content and token in b.content for token in others)


def _other_meant(a: Reading, b: Reading) -> bool:
    """True where both are about words, and not about the same."""
    return bool(a.all_words and b.all_words) and a.all_words != b.all_words


def _persons_differ(a: Reading, b: Reading) -> bool:
    ours, theirs = (list(dict.fromkeys(token for token in each.tokens if token in OTHER_PERSONS)) for each in (a, b))
    return ours != theirs or acts_otherwise(a, b) or changed_persons(a, b)


def _particles_differ(a: Reading, b: Reading) -> bool:
    """True where both say one verb, and something else with each: "sign in" and "sign up"."""
    ours, theirs = map(_particles, (a, b))
    return any(ours[verb].isdisjoint(theirs[verb]) for verb in ours.keys() & theirs.keys())


def _particles(each: Reading) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for verb, particle in pairwise(each.tokens):
        if particle in PARTICLES:
            found.setdefault(verb, set()).add("in" if particle == "on" else particle)
    return found


def _form_differs(a: Reading, b: Reading) -> bool:
    forms = [frozenset(token for token in each.content if token in FORM_STEMS) for each in (a, b)]
    return forms[0] != forms[1]


def _asks_otherwise(a: Reading, b: Reading) -> bool:
    """True where both ask for a person, a time, a place or a reason, and not for the same; or one how, and the other who, or whether."""
    for one, other in ((a, b), (b, a)):
        is_how = "how" in one.tokens and "how" not in other.tokens
        if is_how and (_WHO & {*other.tokens} or _PAST in {*other.tokens} - {*one.tokens}):
            return True
    asked = [{ASKED_FOR[token] for token in each.tokens if token in ASKED_FOR} for each in (a, b)]
    if asked[0] and asked[1]:
        return asked[0].isdisjoint(asked[1])
    return asks_for_a_thing(a, b) or asks_for_advice(a, b)


_PAST: Final = "§past"
_WHO: Final = frozenset({"who", "whom", "whose"})


def _other_words(a: Reading, b: Reading) -> bool:
    """True where all is the same, in the same order, but for the tense, or for words that stand in the place of others."""
    if _timeless(a) == _timeless(b):
        return a.tokens != b.tokens or forms_differ(a, b) or modes_differ(a, b) or moved(a, b)
    if len(a.tokens) != len(b.tokens):
        return False
    ours, theirs = Counter(a.tokens) - Counter(b.tokens), Counter(b.tokens) - Counter(a.tokens)
    places = zip(a.tokens, b.tokens, strict=True)
    pairs = [pair for pair in places if pair[0] in ours and pair[1] in theirs and _says_else(*pair)]
    return 0 < len(pairs) <= max(1, len(a.tokens) * _MOST_CHANGED)


_MOST_CHANGED: Final = 2 / 3
"""Of the words of a question: where more differ, they are not two of one kind."""


def _timeless(each: Reading) -> list[str]:
    return [token for token in each.tokens if token not in TENSE_MARKS]


def _says_else(one: str, other: str) -> bool:
    """True where two words in one place are of one sort, and do not mean the same."""
    sort = sort_of(one)
    is_bound = not BOUNDS.isdisjoint((one, other)) and {sort, sort_of(other)} <= {"tie", "direction"}
    return is_bound or (sort == sort_of(other) != "tie" and not is_same(one, other))


def _added(a: Reading, b: Reading) -> bool:
    """True where one says all that the other does and much beside: a condition, or a suffix made to collide."""
    less, more = sorted((set(a.content), set(b.content)), key=len)
    extra = more - less
    return len(less & more) >= 0.7 * len(less) and len(extra) > 2 and len(extra) >= len(less)


def _longer(a: Reading, b: Reading) -> bool:
    """True where one goes on where the other ends, with a word that ties the rest to it: a condition."""
    less, more = sorted((_told(a), _told(b)), key=len)
    rest = more[len(less) :]
    if not less or not rest or more[: len(less)] != less:
        return False
    # What stands behind "to" is as often what is wanted: "my card", "my card to arrive".
    return rest[0] != "to" and sort_of(rest[0]) in {"tie", "direction"} and any(sort_of(token) == "" for token in rest)


def _told(each: Reading) -> list[str]:
    return [token for token in each.tokens if sort_of(token) in {"", "tie", "direction"}]


def _strange_sentence(a: Reading, b: Reading) -> bool:
    """True where one has a sentence of its own that has no word with the other in common."""
    return any(
        len(sentence) > 1 and sentence.isdisjoint(other.content)
        for each, other in ((a, b), (b, a))
        if len(each.sentences) > 1
        for sentence in each.sentences
    )


def _signs_differ(a: Reading, b: Reading) -> bool:
    return a.signs != b.signs


EXCLUDING_STEMS: Final = {form: places for word, places in EXCLUDING.items() for form in {word, stem(word)}}
MARK_STEMS: Final = frozenset(form for word in MARKS for form in (word, stem(word)))
FORM_STEMS: Final = frozenset(form for word in FORMS for form in (word, stem(word)))

RULES: Final[dict[str, Rule]] = {
    "scripts": _scripts_differ,
    "signs": _signs_differ,
    "numbers": _numbers_differ,
    "names": _names_differ,
    "negation": _negation_differs,
    "opposites": _opposites,
    "order": _reversed_order,
    "asked for": _asks_otherwise,
    "condition": _condition_differs,
    "form": _form_differs,
    "about words": _other_meant,
    "marks": _marks_differ,
    "persons": _persons_differ,
    "particles": _particles_differ,
    "other words": _other_words,
    "added words": _added,
    "added part": _longer,
    "another sentence": _strange_sentence,
    "changed part": says_more,
}
"""By what is told of a refusal, those that are sure first. Each is the same in both directions."""

DOUBTS: Final = frozenset({"other words", "added words", "added part", "changed part", "another sentence"})
"""Reasons that are about words of which the guard does not know whether they matter."""
