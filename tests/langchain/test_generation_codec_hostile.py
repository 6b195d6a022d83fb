"""Whatever data lies in the store, reading it gives generations that behave, or DecodeError, and does nothing else."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.load import dumps
from langchain_core.messages import message_to_dict
from langchain_core.outputs import ChatGeneration, Generation

from llmcache.codec.envelope import unpack
from llmcache.codec.plain import decode_plain, encode_plain
from llmcache.errors import DataError, DecodeError
from llmcache_langchain.generations import generations_from_plain, generations_to_plain
from tests.codec.auditing import witnessed
from tests.codec.bodies import KEY, sealed
from tests.codec.hostile import CONSTRUCTORS, RAW, odd_values, replaced
from tests.langchain.samples import PLAIN_SAMPLES

LIMIT = 1 << 20

VALID: tuple[Any, ...] = (
    {"text": "4"},
    {"text": "4", "generation_info": {}},
    *({"message": message, "generation_info": {"finish_reason": "stop"}} for message in PLAIN_SAMPLES),
)


def read(plain: Any) -> list[Generation] | None:
    """Return what `plain` gives, having used it; None where it is refused."""
    try:
        found = generations_from_plain(plain)
    except DecodeError:
        return None
    for generation in found:
        assert type(generation) in (Generation, ChatGeneration)
        assert isinstance(generation.text, str)
        assert repr(generation)
        assert generation.model_dump() == pickle.loads(pickle.dumps(generation)).model_dump()
        assert dumps(generation)
        if isinstance(generation, ChatGeneration):
            assert message_to_dict(generation.message)
            assert isinstance(generation.message.pretty_repr(), str)
    return found


@given(odd_values)
def test_any_data_is_harmless(plain: Any) -> None:
    """JSON of any shape is refused, or gives generations like any other."""
    read(plain)
    read([plain])
    read([{"message": plain}])


@given(st.sampled_from(VALID), st.data(), odd_values)
def test_odd_parts_are_harmless(valid: Any, data: st.DataObject, odd: Any) -> None:
    """A valid answer with any part replaced, taken away or added is refused, or gives one that can be kept again."""
    plain = [replaced(json.loads(json.dumps(valid)), data.draw, odd)]
    found = read(json.loads(json.dumps(plain)))
    if found is not None:
        assert found == generations_from_plain(decode_plain(encode_plain(generations_to_plain(found)), max_bytes=LIMIT))


@given(st.binary())
def test_random_bytes_are_harmless(body: bytes) -> None:
    """From bytes to generations nothing but DataError is raised."""
    try:
        generations_from_plain(decode_plain(body, max_bytes=LIMIT))
    except DataError:
        return


@pytest.mark.parametrize("plain", [None, True, 0, 1.5, "ai", {}, {"message": {"type": "ai", "content": ""}}, b"[]", ()])
def test_an_answer_is_a_list(plain: Any) -> None:
    """Anything else is refused, a single generation too."""
    with pytest.raises(DecodeError, match=r"^this is not a list of generations$"):
        generations_from_plain(plain)


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        (None, "a generation is no object, or has a field that is not known"),
        ("4", "a generation is no object, or has a field that is not known"),
        ([], "a generation is no object, or has a field that is not known"),
        ({"text": "4", "type": "Generation"}, "a generation is no object, or has a field that is not known"),
        ({"text": "4", "lc": 1}, "a generation is no object, or has a field that is not known"),
        ({}, "a generation has neither message nor text"),
        ({"generation_info": {}}, "a generation has neither message nor text"),
        ({"text": None}, "a generation has neither message nor text"),
        ({"text": 4}, "a generation has neither message nor text"),
        ({"text": ["4"]}, "a generation has neither message nor text"),
        ({"text": "4", "generation_info": None}, "generation_info of a generation is no object"),
        ({"text": "4", "generation_info": []}, "generation_info of a generation is no object"),
        ({"text": "4", "generation_info": "x"}, "generation_info of a generation is no object"),
        ({"message": {"type": "ai", "content": ""}, "text": None}, "the text of a generation is no text"),
        ({"message": {"type": "ai", "content": ""}, "text": {}}, "the text of a generation is no text"),
        ({"message": None}, "this is not a message of a known kind"),
        ({"message": [], "text": "4"}, "this is not a message of a known kind"),
    ],
)
def test_a_wrong_generation_is_refused(plain: Any, complaint: str) -> None:
    """Each part is of its type, or the whole answer is refused."""
    with pytest.raises(DecodeError) as refused:
        generations_from_plain([{"text": "a good one"}, plain])

    assert complaint == str(refused.value)


@pytest.mark.parametrize("payload", CONSTRUCTORS, ids=lambda payload: repr(payload)[:40])
def test_names_of_classes_revive_nothing(payload: Any) -> None:
    """In the place of a generation or a message they are refused; inside one they are data and stay data."""
    inside = {"type": "ai", "content": [payload], "additional_kwargs": {"parsed": payload}, "extra": {"x": payload}}
    (found,) = generations_from_plain([{"message": inside, "generation_info": {"raw": payload}}])

    assert read([payload]) is None
    assert read([{"message": payload}]) is None
    assert isinstance(found, ChatGeneration)
    assert ([payload], {"parsed": payload}, {"raw": payload}) == (
        found.message.content,
        found.message.additional_kwargs,
        found.generation_info,
    )
    assert [inside] == [one["message"] for one in generations_to_plain([found])]


def test_reading_imports_and_runs_nothing() -> None:
    """No module is imported, nothing compiled, opened, started or unpickled, whatever is read."""
    plains = [
        *CONSTRUCTORS,
        *([payload] for payload in CONSTRUCTORS),
        *([{"message": payload}] for payload in CONSTRUCTORS),
    ]
    plains += [[{"message": {"type": "ai", "content": [payload]}}] for payload in CONSTRUCTORS]
    documents = [
        json.dumps({"kind": "response", "type": "langchain", "made_at": 0, "value": plain})[1:] for plain in plains
    ]
    bodies = [*RAW, *map(sealed, documents)]
    outcomes: list[bool] = []
    with witnessed() as events:
        for body in bodies:
            try:
                generations_from_plain(unpack(body, KEY).value)
                outcomes.append(True)
            except DataError:
                outcomes.append(False)

    assert [] == events
    assert len(CONSTRUCTORS) == sum(outcomes)
