"""Edits: what two questions say beside what both say in one order.

Who asks the same in other words changes much; who asks another question in the same words changes little: a word more, or one part in the
place of another. So the less differs, the more what differs tells.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from llmcache.policy.reading import Reading, sort_of, stem
from llmcache.policy.vocabulary import IDLE, MAKING, SAME


@dataclass(frozen=True, slots=True)
class Edit:
    """How one text becomes another.

    Attributes:
        shared: The longest row of tokens that both have in order.
        ours: What one has beside it.
        theirs: What the other has.
        is_one: True where all that differs stands in one place.
    """

    shared: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    is_one: bool


def edit_between(ours: Sequence[str], theirs: Sequence[str]) -> Edit:
    """Return how `ours` becomes `theirs`; words that mean the same count as one."""
    most = min(len(ours), len(theirs))
    head = next((place for place in range(most) if not is_same(ours[place], theirs[place])), most)
    tail = next((n for n in range(most - head) if not is_same(ours[-1 - n], theirs[-1 - n])), most - head)
    inner, outer = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    shared, only, others = _aligned(inner, outer)
    return Edit((*ours[:head], *shared, *ours[len(ours) - tail :]), only, others, not shared)


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return what both have in order, as long as can be, and what each has beside."""
    same = [[is_same(one, other) for other in theirs] for one in ours]
    longest = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in range(len(ours) - 1, -1, -1):
        for j in range(len(theirs) - 1, -1, -1):
            here = longest[i + 1][j + 1] + 1 if same[i][j] else 0
            longest[i][j] = max(here, longest[i + 1][j], longest[i][j + 1])
    shared: list[str] = []
    only: list[str] = []
    others: list[str] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        if same[i][j]:
            shared.append(ours[i])
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            only.append(ours[i])
            i += 1
        else:
            others.append(theirs[j])
            j += 1
    return tuple(shared), (*only, *ours[i:]), (*others, *theirs[j:])


def says_more(a: Reading, b: Reading) -> bool:
    """True where both say the same in one order, and one restricts it: "the interest rate", "the historical interest rate".

    Or where one part stands in the place of another, of however many words: "tonight", "tomorrow night".
    """
    # Where two rows that both have in order are equally long, which one is found depends on who is first.
    return _restricts(a, b) or _restricts(b, a)


def _restricts(a: Reading, b: Reading) -> bool:
    edit = edit_between(a.tokens, b.tokens)
    if not any(sort_of(token) == "" for token in edit.shared):
        return False
    is_little = _weight(edit.shared) >= max(_weight(edit.ours), _weight(edit.theirs))
    ours, theirs = _named(edit.ours, b.content), _named(edit.theirs, a.content)
    if not (ours or theirs):
        return _is_particle(edit)
    if ours and theirs:
        return edit.is_one and _weight(edit.shared) + 1 >= max(_weight(edit.ours), _weight(edit.theirs))
    return is_little or not (edit.ours and edit.theirs)


def _is_particle(edit: Edit) -> bool:
    """True where all that differs is a particle that makes another verb: "pay", "pay back"."""
    apart = (edit.ours, edit.theirs)
    return (
        not MAKING.isdisjoint((*edit.ours, *edit.theirs))
        and all(len(each) < 2 for each in apart)
        and all(sort_of(token) == "tie" for each in apart for token in each)
    )


def _weight(tokens: Sequence[str]) -> int:
    """Return how many words say something, and do not only tie others together."""
    return sum(sort_of(token) != "tie" for token in tokens)


def _named(tokens: Sequence[str], said: Collection[str]) -> bool:
    """True where one of `tokens` names something that is not said elsewhere; numbers have a rule of their own."""
    return any(sort_of(token) == "" and token[0] != "#" and token not in said and token not in IDLE for token in tokens)


def is_same(one: str, other: str) -> bool:
    """True where two words mean the same, or one is the other with a letter forgotten."""
    if one == other or SAME_STEMS.get(one, _NONE) & SAME_STEMS.get(other, _NONE):
        return True
    if abs(len(one) - len(other)) != 1 or min(len(one), len(other)) < _LONG:
        return False
    shorter, longer = sorted((one, other), key=len)
    return any(longer[:cut] + longer[cut + 1 :] == shorter for cut in range(len(longer)))


_LONG: Final = 8
"""From so many letters on a word with a letter too few is the same one."""

SAME_STEMS: Final = {stem(word): sets for word, sets in SAME.items()}
_NONE: Final[frozenset[int]] = frozenset()
