"""`llmcache get`: the whole content of one key."""

import math
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from llmcache.cli.exits import ExitCode
from llmcache.cli.finding import find
from llmcache.cli.options import opened, shown_store, with_json, with_kind, with_store
from llmcache.cli.reading import bodies_of, entry_of, head_data
from llmcache.cli.screen import complain, readable_json, say, show_json
from llmcache.cli.wording import duration, end
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind
from llmcache.model.namespace import Namespace
from llmcache.model.units import Instant, Plain

_NUMBERS_SHOWN = 8


@click.command()
@click.argument("key")
@with_store
@with_kind(None, "Look among keys of this kind only.")
@click.option("--raw", is_flag=True, help="Write the stored bytes as they are.")
@with_json
def get(*, key: str, store: str | None, namespace: str | None, kind: str | None, raw: bool, as_json: bool) -> int:
    """Show what is kept under KEY, content included.

    KEY is a whole key as `ls --json` gives it, a name, or the beginning of one name.
    """
    with opened(store, namespace) as cache:
        within = None if namespace is None else Namespace.of(namespace)
        found = find(cache, key, within, None if kind is None else Kind(kind))
        bodies = [] if found is None else bodies_of(cache, found)
        envelopes = cache.setup.envelopes
    if found is None or not bodies:
        complain(
            f"nothing is kept under {key} in {shown_store(store)}; `llmcache ls` lists what is", ExitCode.NO, as_json
        )
        return ExitCode.NO
    if raw:
        _write_raw(bodies)
        return ExitCode.OK
    entries = [entry_of(envelopes, body, found) for body in bodies]
    if as_json:
        show_json(_data(found, entries))
    elif found.space.kind is Kind.HISTORY:
        _show_conversation(found, entries)
    else:
        _show_entry(found, entries[0], len(bodies[0]))
    return ExitCode.OK


def _write_raw(bodies: Sequence[bytes]) -> None:
    for body in bodies:
        sys.stdout.buffer.write(body + b"\n")
    sys.stdout.buffer.flush()


def _data(key: Key, entries: Sequence[Entry]) -> dict[str, Plain]:
    whole = [head_data(entry) | {"value": entry.value} for entry in entries]
    if key.space.kind is Kind.HISTORY:
        return {"key": key.physical, "messages": whole}
    return {"key": key.physical, **whole[0]}


def _show_entry(key: Key, entry: Entry, body_bytes: int) -> None:
    say(key.physical, style="bold")
    say(
        f"made {_when(entry.made_at)}, {_until(entry.expires_at, key.space.kind)}, {body_bytes:,} bytes, type {entry.type}"
    )
    known = head_data(entry)
    shown = {name: known[name] for name in ("model", "input_tokens", "output_tokens", "cost", "tags")}
    words = [f"{name.replace('_', ' ')} {_plain(value)}" for name, value in shown.items() if value]
    took = entry.provenance.seconds
    say(", ".join(words + ([] if took is None else [f"took {duration(took)}"])) or "nothing known about the call")
    say()
    say(_numbers(entry.value) if key.space.kind is Kind.EMBEDDING else readable_json(entry.value))


def _numbers(values: Sequence[float]) -> str:
    """Return the beginning of a vector, and its length, by which people tell normalised ones."""
    more = ", ..." if len(values) > _NUMBERS_SHOWN else ""
    return f"{', '.join(f'{value:.6g}' for value in values[:_NUMBERS_SHOWN])}{more} (length {math.hypot(*values):.6g})"


def _show_conversation(key: Key, entries: Sequence[Entry]) -> None:
    say(key.physical, style="bold")
    for number, entry in enumerate(entries, start=1):
        say(f"\n{number}. {_when(entry.made_at)}, type {entry.type}", style="bold")
        say(readable_json(entry.value))


def _plain(value: Plain) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _when(at: Instant) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def _until(at: Instant | None, kind: Kind) -> str:
    return f"kept {end(kind)}" if at is None else f"gone after {_when(at)}"
