"""Python's own printing: the text that LangChain makes of call settings, `str(sorted(settings.items()))`.

    [('stop', None), ('tools', [{'type': 'function', ...}]), ('response_format', <class 'shop.Joke'>)]

It is cut into its pairs, and a value that is a literal is read, provided that printing it again gives the same text:
nothing can be lost then. Any other value is some object's printing; it stays text, without memory addresses. Where
the text is not of this shape at all, it is not understood, and the caller hashes it as it stands.

Every pattern takes linear time, whatever the text.
"""

import re
from ast import literal_eval
from functools import cache

from llmcache.keys.canonical import is_deep, json_text
from llmcache.model.units import Plain

# The escapes that `repr` writes and no others: a text with another was not made by it.
_ESCAPE = r"\\(?:[\\'\"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
_STRING = rf"(?:'[^'\\\n]*+(?:{_ESCAPE}[^'\\\n]*+)*+'|\"[^\"\\\n]*+(?:{_ESCAPE}[^\"\\\n]*+)*+\")"
# A quote beside a letter is an apostrophe in some object's printing, and no string begins or ends there.
_QUOTE = rf"(?:(?<!\w)|(?<=\Wb)){_STRING}(?!\w)"
_NUMBER = r"-?[0-9][0-9.]*+(?:e[+-]?[0-9]++)?"

_TOKEN = rf"{_QUOTE}|(?P<open>[\[({{])|(?P<close>[\])}}])|[^'\"\[\](){{}}]++"
_LITERAL = rf"(?:b?{_STRING}|{_NUMBER}|True|False|None|[\[\](){{}}:,] ?)++"
_SCRUBBED = rf"(?P<string>{_QUOTE})|(?P<at> at )0x[0-9A-Fa-f]++|(?P<orphan>['\"])"

_TAG = "py:"
"""How the only member of an object is named that stands for something JSON has not."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when first needed: it takes as long as importing a third of the core, and many programs have no need."""
    return re.compile(pattern)


class NotPairsError(ValueError):
    """The text is not what `str(sorted(settings.items()))` prints."""


def read_pairs(text: str) -> dict[str, Plain]:
    """Return the settings by name, each value as a tree of plain data (see `read_value`).

    Raises:
        NotPairsError: The text is not of this shape, or names a setting twice.
    """
    if text == "[]":
        return {}
    settings: dict[str, Plain] = {}
    position, last = 0, len(text) - 1
    while position == 0 or position != last or text[last] != "]":
        name, value, position = _pair(text, position, "[(" if position == 0 else ", (")
        if name in settings:
            raise NotPairsError("a setting is named twice")
        settings[name] = read_value(value)
    return settings


def _pair(text: str, position: int, before: str) -> tuple[str, str, int]:
    """Return the name and the printed value of the pair at `position`, and where it ends."""
    quoted = _compiled(_QUOTE).match(text, position + len(before))
    if quoted is None or not text.startswith(before, position) or not text.startswith(", ", quoted.end()):
        raise NotPairsError("no pair where one should begin")
    start = quoted.end() + 2
    end = _closing(text, start)
    return _name(quoted[0]), text[start:end], end + 1


def _name(quoted: str) -> str:
    try:
        name: str = literal_eval(quoted)
    except (ValueError, SyntaxError, MemoryError) as error:
        # A null, a lone surrogate or an escape beyond Unicode: `repr` writes none of them.
        raise NotPairsError("a name that nothing prints") from error
    return name


def _closing(text: str, position: int) -> int:
    """Return where the bracket closes that was open before `position`."""
    depth = 1
    while found := _compiled(_TOKEN).match(text, position):
        if found["open"]:
            depth += 1
        elif found["close"]:
            depth -= 1
            if depth == 0:
                return position
        position = found.end()
    raise NotPairsError("a bracket or a quote does not close")


def read_value(text: str) -> Plain:
    """Return the tree of a printed value: plain data where it is a literal, else its text without addresses.

    What JSON has not stands in an object with one member, whose name begins with "py:".
    """
    if _compiled(_LITERAL).fullmatch(text):
        try:
            value = literal_eval(text)
            # Printing again proves that nothing was lost.
            if repr(value) == text and not is_deep(tree := _tree(value)):
                return tree
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass  # not a literal after all, or too large to read; its text says everything
    return {f"{_TAG}repr": scrubbed(text)}


def _tree(value: Plain) -> Plain:
    if isinstance(value, dict):
        return _mapping({name: _tree(member) for name, member in value.items()})
    if isinstance(value, list):
        return [_tree(member) for member in value]
    if isinstance(value, tuple):
        return {f"{_TAG}tuple": [_tree(member) for member in value]}
    if isinstance(value, bytes):
        return {f"{_TAG}bytes": value.hex()}
    if isinstance(value, set):
        raise TypeError("a set has no order to be printed in")
    return value


def _mapping(tree: dict[Plain, Plain]) -> dict[str, Plain]:
    if all(type(name) is str and not name.startswith(_TAG) for name in tree):
        return tree
    pairs = [[_tree(name), member] for name, member in tree.items()]
    return {f"{_TAG}dict": sorted(pairs, key=lambda pair: json_text(pair[0]))}


def scrubbed(text: str) -> str:
    """Return `text` without the memory addresses that objects print, ` at 0x7f3a…`, outside quotes only.

    Where a quote has no partner nobody can say what is inside, so that nothing is changed.
    """
    if any(found["orphan"] for found in _compiled(_SCRUBBED).finditer(text)):
        return text
    return _compiled(_SCRUBBED).sub(lambda found: found["string"] or f"{found['at']}0x", text)
