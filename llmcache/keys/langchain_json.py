"""LangChain's JSON: how `langchain_core.load.dumps` writes objects.

{"lc": 1, "type": "constructor", "id": [..., "HumanMessage"], "kwargs": {...}}     an object it knows
{"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}                              the name of a credential
{"lc": 1, "type": "not_implemented", "id": [...], "repr": "<Foo object at 0x…>"}   an object it does not know
{"__lc_escaped__": {...}}                                                          a user's own dict with "lc" in it
"""

from collections.abc import Iterable

from llmcache.keys.python_repr import scrubbed
from llmcache.model.units import Plain

_CONSTRUCTOR = frozenset({"lc", "type", "id", "kwargs"})
_SECRET = frozenset({"lc", "type", "id"})
_NOT_IMPLEMENTED = frozenset({"lc", "type", "id", "repr"})
_ESCAPED = "__lc_escaped__"


def is_constructor(found: Plain, but: Iterable[str] = ()) -> bool:
    """True for an object of the first shape, exactly; members named in `but` may stand beside."""
    return (
        type(found) is dict
        and found.keys() - but == _CONSTRUCTOR
        and _is_object(found, "constructor")
        and type(found["kwargs"]) is dict
    )


def is_secret(found: Plain) -> bool:
    """True for the name of a credential."""
    return type(found) is dict and found.keys() == _SECRET and _is_object(found, "secret")


def _is_object(found: dict[str, Plain], kind: str) -> bool:
    return type(found["lc"]) is int and found["lc"] == 1 and found["type"] == kind and type(found["id"]) is list


def without_addresses(tree: Plain) -> Plain:
    """Return `tree` without the memory addresses in the printing of objects that LangChain does not know.

    A user's own text is never touched: it is not in such an object, and a dict that looks like one is escaped.
    """
    if type(tree) is list:
        return [without_addresses(member) for member in tree]
    if type(tree) is not dict or tree.keys() == {_ESCAPED}:
        return tree
    if tree.keys() == _NOT_IMPLEMENTED and _is_object(tree, "not_implemented") and type(tree["repr"]) is str:
        return {**tree, "repr": scrubbed(tree["repr"])}
    return {name: without_addresses(member) for name, member in tree.items()}
