"""The canonical form: one text for all requests that must get the same answer, another for all others.

The rule of the whole folder: *what cannot change the answer is dropped by a documented list (`drops`), everything
else is kept, and what is not understood is hashed as it stands.* A wrong key is either a needless payment or somebody
else's answer, and the second is worse: in doubt, keep.

Two texts stand for a tree of plain data. Both are injective: they differ wherever the trees differ, in a type too
(`1`, `1.0`, `"1"` and `true` are four things), and both put the members of an object in the order of their names.

- `json_text` is for what arrives as JSON (LangChain). It is pure ASCII, so that a long string that has been through
  `json.dumps` already can be copied as it stands.
- `counted_text` is for what arrives as objects (`Request`). A string stands behind its length and is not escaped, so
  that a long one costs a copy.

Nothing here folds case, trims, or normalises Unicode: a model sees the difference.
"""

import json
from typing import NamedTuple

from llmcache.model.units import Plain

MAX_DEPTH = 100
"""How deep data may be nested. A fixed limit, because the interpreter's own differs by version and by caller."""


class Part(NamedTuple):
    """One piece of a canonical form.

    Attributes:
        name: What the text is made of, a word; it is hashed too, so that a text never meets a list of messages.
        text: The text.
    """

    name: str
    text: str

    @property
    def piece(self) -> bytes:
        """What is hashed."""
        return f"{self.name}:{self.text}".encode("utf-8", "surrogatepass")


json_text = json.JSONEncoder(ensure_ascii=True, sort_keys=True, check_circular=False, separators=(",", ":")).encode


_decode = json.JSONDecoder()
_dumps = json.JSONEncoder(check_circular=False).encode


def read_json(text: str, start: int = 0) -> tuple[Plain, int]:
    """Return the tree that `json.dumps` wrote at `start`, and where it ends.

    The tree is written again and compared. So nothing can be lost in it: no member named twice (`json.dumps({1: "a",
    "1": "b"})` writes that), no number rounded, no other spelling of the same data.

    Raises:
        ValueError: There is no JSON, or none that `json.dumps` writes by default.
        RecursionError: It is nested too deep for the interpreter.
    """
    tree, end = _decode.raw_decode(text, start)
    if _dumps(tree) != text[start:end]:
        raise ValueError("JSON, but not as json.dumps writes it")
    return tree, end


def is_deep(tree: Plain) -> bool:
    """True where `tree` is nested deeper than `MAX_DEPTH`; never recurses itself."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [
            member
            for node in level
            for member in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(member) is dict or type(member) is list
        ]
        if not level:
            return False
    return True


def counted_text(tree: Plain) -> str:
    """Return the text of exact plain data (see `plain.checked`), each string behind its length in characters."""
    out: list[str] = []
    _write(tree, out)
    return "".join(out)


def _write(tree: Plain, out: list[str]) -> None:
    kind = type(tree)
    if kind is str:
        out.append(f"s{len(tree)}:{tree}")
    elif kind is dict:
        out.append(f"m{len(tree)};")
        for name in sorted(tree):
            out.append(f"{len(name)}:{name}")
            _write(tree[name], out)
    elif kind is list:
        out.append(f"l{len(tree)};")
        for member in tree:
            _write(member, out)
    else:
        out.append(_scalar(tree))


def _scalar(value: Plain) -> str:
    if value is None:
        return "n"
    if type(value) is bool:
        return "t" if value else "f"
    # Hexadecimal, because the interpreter limits how many decimal digits it will print, and lets that limit be set.
    return f"i{value:x};" if type(value) is int else f"d{value!r};"
