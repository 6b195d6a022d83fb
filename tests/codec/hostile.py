"""What somebody who can write to the store would try."""

import pickle
from typing import Any

from hypothesis import strategies as st


class Bomb:
    """Runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("import antigravity_of_the_tests",)


CONSTRUCTORS: tuple[Any, ...] = (
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain_core", "prompts", "prompt", "PromptTemplate"],
        "kwargs": {"template": "{x}"},
    },
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {"content": "hi"},
    },
    {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]},
    {"lc": 1, "type": "not_implemented", "id": ["os", "system"], "repr": "os.system"},
    {"lc": 2, "type": "constructor", "id": ["subprocess", "Popen"], "kwargs": {"args": ["true"]}},
    {"py/object": "os.system", "py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["true"]}]},
    {"__class__": "os.system", "__module__": "os", "__reduce__": ["os.system", ["true"]]},
    {"__type__": "builtins.eval", "args": ["1"]},
    {"!!python/object/apply:os.system": ["true"]},
    {"$llmcache": "object", "v": "os.system"},
    {"$llmcache": "langchain_core.messages.AIMessage", "v": "hi"},
    {"$llmcache": "dict", "=__class__": "x"},
    {"__pydantic_private__": {}, "__dict__": {"content": 1}, "model_config": {}, "__fields_set__": ["x"]},
)
"""Objects by which other formats name a class, a function or a secret."""

RAW: tuple[bytes, ...] = (
    pickle.dumps(Bomb()),
    pickle.dumps(Bomb(), protocol=0),
    b"\x01" + pickle.dumps(Bomb()),
    b"cos\nsystem\n(S'true'\ntR.",
    b"\x80\x04\x95",
    b"__import__('os').system('true')",
    b"SQLite format 3\x00",
    b"\x1f\x8b\x08\x00",
    b"%PDF-1.7",
    b"\x00" * 100,
    b"\xff" * 100,
)
"""Bodies of other formats."""

odd_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 2),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(("", "ai", "tool_call", "text", "success", "message", "os.system")),
        st.sampled_from(CONSTRUCTORS),
    ),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ("type", "text", "name", "args", "id", "message", "content", "extra", "$llmcache", "v", "=v")
            ),
            inside,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
"""JSON of the wrong shape, with the words that code looks for."""


def replaced(document: Any, choose: Any, odd: Any) -> Any:
    """Return `document` with one of its parts, wherever, replaced by `odd`, deleted, or doubled.

    Args:
        document: JSON-like.
        choose: Hypothesis' `data.draw`.
        odd: What to put in.
    """
    if isinstance(document, dict) and document and choose(st.integers(0, 3)):
        name = choose(st.sampled_from(sorted(document)))
        return {**document, name: replaced(document[name], choose, odd)}
    if isinstance(document, list) and document and choose(st.integers(0, 3)):
        place = choose(st.integers(0, len(document) - 1))
        return [*document[:place], replaced(document[place], choose, odd), *document[place + 1 :]]
    if isinstance(document, dict) and choose(st.booleans()):
        return dict(list(document.items())[1:])
    return odd
