"""`keys.llm_string` and `keys.python_repr`: any text has settings, and what Python printed is read as it was."""

from llmcache.keys.explain import explain_langchain
from llmcache.keys.llm_string import canonical_settings, settings_of
from llmcache.keys.python_repr import NotPairsError, read_pairs, read_value, scrubbed
from tests.fuzz.feed import Feed

_MODEL = """{"id": ["a", "ChatOpenAI"], "kwargs": {"n": "m", "k": {"lc": 1, "type": "secret", "id": ["K"]},
"use_responses_api": true}, "lc": 1, "type": "constructor"}---[('stop', None), ('n', 1)]"""

SEEDS = (
    b"\x00" + _MODEL.replace("\n", " ").encode(),
    b"\x01[('a', {'b': [1, 2.5, True, None], 'c': ('x', b'y')}), ('d', <class 'shop.Joke'>)]",
    b"\x02{'a': \"it's\", 1: (2,), 'e': 1e+16, 'f': -0.0}",
    b"\x03<Foo object at 0x7f3a00ff> and 'x at 0x7f'",
    b"\x00<shop.Model object at 0x7f3a>---[]",
)


def check(data: bytes) -> None:
    """Read a text as settings, as pairs, or as one value."""
    feed = Feed(data)
    way, text = feed.byte() % len(_WAYS), feed.text()
    _WAYS[way](text)


def _settings(text: str) -> None:
    noted = canonical_settings(text, [])
    assert noted == settings_of(text)
    assert explain_langchain("hi", text).text


def _pairs(text: str) -> None:
    try:
        pairs = read_pairs(text)
    except NotPairsError:
        return
    assert text.startswith("[")
    assert len(pairs) <= text.count("(")


def _value(text: str) -> None:
    read_value(text)


def _scrubbed(text: str) -> None:
    clean = scrubbed(text)
    assert len(clean) <= len(text)
    assert clean == scrubbed(clean)


_WAYS = (_settings, _pairs, _value, _scrubbed)
