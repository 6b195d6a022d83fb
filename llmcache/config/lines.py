"""Where each key of a TOML text stands: what `tomllib` does not tell, and an error message must.

The text was read by `tomllib` before, so it is valid, and reading it again can be simple: values are stepped over, and only
keys, headers and line breaks are looked at. A text that is not valid gives some lines or others, and never an endless loop.
"""

import re
import tomllib
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""The names from the top of the file down to a key."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)
# A number, a date or true: everything up to what can end it.
_PLAIN = re.compile(r"[^,\]}#\n]*")


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each key and each table header; the first one of those that repeat."""
    return _Scanner(text).lines()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted, self._line = 0, 1
        self._found: dict[Path, int] = {}

    def lines(self) -> dict[Path, int]:
        table: Path = ()
        while not self._skip(_BLANK).is_at_end:
            before = self._at
            if self._sees("["):
                table = self._header()
            else:
                self._pair(table)
            if self._at == before:
                break
        return self._found

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def _header(self) -> Path:
        brackets = 2 if self._sees("[[") else 1
        line = self._line_here()
        self._at += brackets
        table = self._key()
        self._note(table, line)
        self._at += brackets
        return table

    def _pair(self, table: Path) -> None:
        line = self._line_here()
        path = table + self._key()
        self._note(path, line, since=len(table))
        self._skip(_SPACE)
        self._at += self._sees("=")
        self._value(path)

    def _key(self) -> Path:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            names.append(self._name())
            self._skip(_SPACE)
            if not self._sees("."):
                return tuple(names)
            self._at += 1

    def _name(self) -> str:
        for pattern in (_BASIC, _LITERAL):
            quoted = self._take(pattern)
            if quoted:
                return _unquoted(quoted)
        return self._take(_BARE_KEY)

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self._sees("["):
            self._items(path, "]")
        elif self._sees("{"):
            self._items(path, "}")
        elif not any(self._take(text) for text in (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL)):
            self._take(_PLAIN)

    def _items(self, path: Path, end: str) -> None:
        """Step over an array or an inline table; keys inside of the latter are noted."""
        self._at += 1
        while not self._skip(_BLANK).is_at_end and not self._sees(end):
            before = self._at
            if end == "}":
                self._pair(path)
            else:
                self._value(path)
            self._skip(_BLANK)
            self._at += self._sees(",")
            if self._at == before:
                break
        self._at += 1

    def _note(self, path: Path, line: int, since: int = 0) -> None:
        """Note a key, and the tables that it implies, as `a` in `a.b = 1`."""
        for length in range(since + 1, len(path) + 1):
            self._found.setdefault(path[:length], line)

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _sees(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _skip(self, pattern: re.Pattern[str]) -> "_Scanner":
        self._take(pattern)
        return self


def _unquoted(quoted: str) -> str:
    try:
        name: str = tomllib.loads(f"name = {quoted}")["name"]
    except tomllib.TOMLDecodeError:
        return quoted
    return name
