"""Reading one configuration file and checking all of it against the table of options."""

import tomllib
from collections.abc import Mapping
from pathlib import Path as FilePath

from llmcache.config.document import Document, Value
from llmcache.config.lines import lines_of
from llmcache.config.mistakes import dotted, nearest, shown
from llmcache.config.schema import FILE, MAIN, REQUIRED, SECTION, STORES, Named, Option, Path, Table
from llmcache.config.sources import ARGUMENT, PROJECT_FILE
from llmcache.config.values import ALLOWED, Wrong, is_url, read_value
from llmcache.errors import Mistake
from llmcache.model.units import Plain

_SECTION_PATH = ("tool", "llmcache")


def read_document(path: FilePath, named_by: str = ARGUMENT) -> Document:
    """Return what the file at `path` says; whatever is wrong with it is among its mistakes.

    Args:
        named_by: Who named the file, in words, for where there is none.
    """
    document = Document(shown_path(path), path.parent.resolve())
    try:
        text = path.read_bytes().decode("utf-8-sig")
        raw = tomllib.loads(text)
    except FileNotFoundError:
        missing = f"there is no such file; {named_by} names it"
        document.mistakes.append(Mistake(document.file, None, "", "", "", "", hint=missing))
        return document
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        document.mistakes.append(_unreadable(document.file, error))
        return document
    _Check(document, lines_of(text), path.name == PROJECT_FILE).whole(raw)
    # Unsorted they come table by table; people mend a file from the top.
    document.mistakes.sort(key=lambda mistake: mistake.line or 0)
    return document


def shown_path(path: FilePath) -> str:
    """Return a path for messages: from the working folder where it lies below that."""
    whole = path.absolute()
    try:
        here = FilePath.cwd()
    except OSError:
        return str(whole)  # the working folder was removed
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def _unreadable(file: str, error: Exception) -> Mistake:
    if isinstance(error, tomllib.TOMLDecodeError):
        what, _, place = str(error).rpartition(" (at ")
        line = "".join(filter(str.isdigit, place.partition(",")[0]))
        # The text around the mistake is not shown: it may be a secret.
        return Mistake(file, int(line) if line else None, "", "", f"no TOML: {what or place}", "TOML as of toml.io")
    if isinstance(error, UnicodeDecodeError):
        line_number = error.object.count(b"\n", 0, error.start) + 1
        return Mistake(file, line_number, "", "", "bytes that are no UTF-8", "TOML in UTF-8")
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return Mistake(file, None, "", "", f"a file that cannot be read: {why}", "a TOML file")


class _Check:
    """Checks one file against the table of options."""

    def __init__(self, document: Document, lines: Mapping[Path, int], is_project: bool) -> None:
        self._document = document
        self._lines = lines
        self._top: Path = _SECTION_PATH if is_project else ()
        self._table = SECTION if is_project else FILE

    def whole(self, raw: Mapping[str, Plain]) -> None:
        """Check everything and note values and mistakes."""
        for name in self._top:
            found = raw.get(name, {})
            if not isinstance(found, dict):
                self._wrong(self._top, Wrong(shown(found)), "a table")
                return
            raw = found
        self._keys(raw, self._table, self._top, ())
        self._document.profiles, self._document.stores = _names(raw, "profiles"), _names(raw, "stores")
        for path, value in self._document.values.items():
            self._names_something(path, value)

    def _keys(self, raw: Mapping[str, Plain], table: Table, place: Path, path: Path) -> None:
        for name, value in raw.items():
            entry = table.keys.get(name)
            at = (*place, name)
            if entry is None:
                self._unknown(at, table)
            elif isinstance(entry, Option):
                self._option(entry, value, at, (*path, name))
            elif not isinstance(value, dict):
                self._wrong(at, Wrong(shown(value)), f"a table{_holding(entry)}")
            elif isinstance(entry, Named):
                self._named(value, entry, at, (*path, name))
            else:
                # [llmcache] of a file of its own is the top: its keys are those of [tool.llmcache].
                self._keys(value, entry, at, path if entry is MAIN else (*path, name))
        for name in REQUIRED & table.keys.keys() - raw.keys():
            self._wrong((*place, name), Wrong("nothing"), ALLOWED["url" if name == "url" else "size"])

    def _named(self, raw: Mapping[str, Plain], named: Named, place: Path, path: Path) -> None:
        for name, value in raw.items():
            at = (*place, name)
            if not name or ":" in name:
                self._wrong(at, Wrong(f"the name {shown(name)}"), "a name that is not empty and has no colon")
            elif not isinstance(value, dict):
                self._wrong(at, Wrong(shown(value)), f"a table{_holding(named.each)}")
            else:
                self._keys(value, named.each, at, (*path, name))

    def _option(self, option: Option, value: Plain, place: Path, path: Path) -> None:
        read = read_value(option.kind, value)
        if isinstance(read, Wrong):
            self._wrong(place, read, ALLOWED[option.kind])
        else:
            self._document.values[path] = Value(read, place, self._lines.get(place))

    def _names_something(self, path: Path, value: Value) -> None:
        profiles, stores = self._document.profiles, self._document.stores
        if path[-1] == "profile" and value.value not in profiles:
            self._stray(value, profiles, "profiles")
        elif path[-1] == "store" and not is_url(value.value) and value.value not in stores:
            folder = any(sign in value.value for sign in "/\\.~")
            self._stray(value, stores, "stores", f"for a folder write 'sqlite:{value.value}'" if folder else "")

    def _stray(self, value: Value, names: list[str], table: str, hint: str = "") -> None:
        listed = f"the name of a table below [{table}]: {', '.join(names) or 'there is none'}"
        allowed = f"a URL, or {listed}" if table == "stores" else listed
        self._wrong(value.place, Wrong(shown(value.value), hint), allowed, nearest(value.value, names))

    def _unknown(self, place: Path, table: Table) -> None:
        near = nearest(place[-1], table.keys)
        hint = _where_it_belongs(place[-1], table)
        # Its own name in another table says more than a name that is like it in this one.
        self._wrong(place, Wrong("an unknown key", hint), ", ".join(table.keys), "" if hint else near)

    def _wrong(self, place: Path, wrong: Wrong, allowed: str, near: str = "") -> None:
        # What is missing has no line of its own; its table has one.
        line = self._lines.get(place, self._lines.get(place[:-1]))
        table = dotted(place[:-1])
        self._document.mistakes.append(
            Mistake(self._document.file, line, table, dotted(place[-1:]), wrong.found, allowed, near, wrong.hint)
        )


def _names(raw: Mapping[str, Plain], table: str) -> list[str]:
    found = raw.get(table)
    return list(found) if isinstance(found, dict) else []


def _holding(entry: Table | Named) -> str:
    return f" with {', '.join(entry.keys)}" if isinstance(entry, Table) else " of tables"


def _where_it_belongs(key: str, table: Table) -> str:
    """Say where a key belongs that stands in the wrong table, or return "" where it belongs nowhere."""
    if table is FILE and key in MAIN.keys:
        return f"it belongs below [llmcache], as {key}"
    if table is FILE:
        below = _where_it_belongs(key, MAIN)
        return f"below [llmcache] {below}" if below.startswith("write ") else below
    inside = [f"{name}.{key}" for name, entry in table.keys.items() if isinstance(entry, Table) and key in entry.keys]
    if inside:
        return f"write {' or '.join(inside)}"
    return "it belongs to a store, below [stores.NAME]" if key in STORES.each.keys else ""
