"""LangChain's two texts, written by hand as `dumps` writes them, and plain data for Hypothesis."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from llmcache.keys import langchain_key
from llmcache.model.namespace import Namespace

SHOP = Namespace(("shop", "prod"))
NO_MODEL = "[('_type', 'fake'), ('stop', None)]"
TYPES = {
    "HumanMessage": "human",
    "SystemMessage": "system",
    "AIMessage": "ai",
    "ToolMessage": "tool",
    "ChatMessage": "chat",
    "FunctionMessage": "function",
}


def message(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return a message as `dumpd` gives it."""
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": fields}


def own(name: str, content: Any, /, **fields: Any) -> dict[str, Any]:
    """Return a message with its content, its type and more own fields, in LangChain's order."""
    return message(name, {"content": content, "type": TYPES.get(name, name), **fields})


def prompt(*messages: dict[str, Any]) -> str:
    """Return the text of a list of messages."""
    return json.dumps(list(messages))


def model_text(fields: dict[str, Any], settings: str = "[('stop', None)]", **beside: Any) -> str:
    """Return the `llm_string` of a model that serialises itself."""
    name = {"lc": 1, "type": "constructor", "id": ["langchain", "chat_models", "openai", "ChatOpenAI"]}
    return json.dumps({**name, "kwargs": fields, **beside}, sort_keys=True) + "---" + settings


def name_of(prompt_text: str, llm_string: str = NO_MODEL) -> str:
    """Return the name of the key in one namespace."""
    return langchain_key(prompt_text, llm_string, SHOP).name


def same(left: Any, right: Any) -> bool:
    """True where two trees are the same data to a model: types count, the order of members does not.

    Says it without anything of ours: no canonical form, no printing of trees.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)  # 0.0 and -0.0 are two


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
"""Every code point, lone surrogates too."""

NASTY = st.sampled_from(
    [
        "", "0", "1", "null", "true", '"', "\\", '\\"', "s1:a", "1:a", "m0;", "l1;", "\x00", "é", "e\u0301", "\ud83d", "🌞",
        "\ud83d\ude00", "😀", "', '", '", "', "}}, {", "---", "lc_1", "py:tuple", " at 0x7f", "call_1", "A", "a",
    ]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.sampled_from([0.0, -0.0, 1.0, 1e16, 1e300, 5e-324])
    | st.floats(allow_nan=False, allow_infinity=False)
    | NASTY
    | ANY_TEXT
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(NASTY | ANY_TEXT, inner, max_size=3)


PLAIN = st.recursive(SCALARS, _nested, max_leaves=8)
"""Any plain data; small values often, so that two drawn ones are often nearly the same."""


def as_json(tree: Any) -> Any:
    """Return the tree as it is after a way through JSON, where two lone surrogates that make a pair are a character."""
    return json.loads(json.dumps(tree))


AS_JSON = PLAIN.map(as_json)
"""Any plain data that can have come as JSON."""


def shuffled(draw: Callable[[st.SearchStrategy[Any]], Any], tree: Any) -> Any:
    """Return the same tree with the members of every object in another order."""
    if isinstance(tree, dict):
        return {name: shuffled(draw, tree[name]) for name in draw(st.permutations(list(tree)))}
    if isinstance(tree, list):
        return [shuffled(draw, member) for member in tree]
    return tree
