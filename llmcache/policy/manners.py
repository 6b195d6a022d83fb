"""Manners: what a question is wrapped in that asks for nothing.

It would make the guard's rules about order and places see two questions as worded differently that differ in one word.
"""

import re
from typing import Final

from llmcache.policy.vocabulary import TALK

_BEFORE = re.compile(
    r"^\W*(?:(?:hello|hi|hey|dear|good (?:morning|day|evening)|please|kindly|excuse me|sorry|thanks|thank you|okay|ok|so|well|"
    r"(?:can|could|would|will) (?:you|someone|anyone|anybody) (?:please )?(?:tell|explain to|inform|let) (?:me|us)(?: know)?|"
    r"(?:tell|let) (?:me|us)(?: know)?|do you know|any idea|just wondering|quick question|(?:i have )?a question|"
    r"i (?:would like|'d like|want|wanted|need|would love) to (?:know|ask|understand)|i(?:'m| am| was) (?:wondering|curious))(?: there)?\b[\s,.:;!?-]*)+",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.?!\n]+[.?!\s]*")


def without_manners(text: str) -> str:
    """Return `text` without its greetings and thanks; as it is where nothing else is in it."""
    sentences = [each for each in _SENTENCE.findall(text) if not _is_talk(each)]
    if len(sentences) == len(_SENTENCE.findall(text)) and not _BEFORE.match(text):
        return text
    rest = "".join(sentences)
    bare = _BEFORE.sub("", rest)
    # A capital that is owed to what stood before it would be a name otherwise.
    return bare[:1].upper() + bare[1:] if any(letter.isalnum() for letter in bare) else text


def _is_talk(sentence: str) -> bool:
    words = re.findall(r"\w+", sentence.casefold())
    return bool(words) and TALK.issuperset(words) and not _ASKED.intersection(words[:1])


_ASKED: Final = frozenset({"do", "is", "can", "if"})
"""With these a sentence of such words may be the question itself: "Is it possible?"."""
