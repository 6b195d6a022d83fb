"""`llmcache ls`: what is kept, without any content."""

import time
from collections.abc import Sequence
from itertools import groupby, islice

import click

from llmcache.cli import finding
from llmcache.cli.exits import ExitCode
from llmcache.cli.options import opened, shown_store, with_json, with_kind, with_store
from llmcache.cli.reading import FRAMED, Row, row_data, row_of
from llmcache.cli.screen import Column, say, show_json, show_table
from llmcache.cli.wording import end, size, span
from llmcache.errors import SealError
from llmcache.model.key import Key, Kind
from llmcache.model.units import Instant
from llmcache.protocols.scan import Listed, SpaceUse

_DIGEST_SHOWN = 12


@click.command()
@with_store
@with_kind(None, "List the keys of this kind.", Kind)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most keys to list.")
@click.option("--after", metavar="KEY", help="Go on behind this key.")
@with_json
def ls(
    *, store: str | None, namespace: str | None, kind: str | None, limit: int, after: str | None, as_json: bool
) -> int:
    """List what is kept, without any content.

    Alone it lists the namespaces of the store; with --namespace, --kind or --after the keys in one of them.
    """
    with opened(store, namespace) as cache:
        if namespace is None and kind is None and after is None:
            _show_spaces(cache.spaces(), shown_store(store), as_json)
            return ExitCode.OK
        start = None if after is None else Key.from_physical(after)
        within = cache.namespace if start is None or namespace is not None else start.space.namespace
        spaces = finding.spaces_of(cache, within, None if kind is None else Kind(kind))
        found = list(islice(finding.keys_of(cache, spaces, start), limit + 1))
        rows = [row_of(cache, listed) for listed in found[:limit]]
    more = rows[-1].key.physical if len(found) > limit else None
    if as_json:
        show_json({"store": shown_store(store), "keys": [row_data(row) for row in rows], "more_after": more})
    else:
        _show_keys(rows, f"{within.shown} in {shown_store(store)}", more)
    return ExitCode.OK


def _show_spaces(uses: Sequence[SpaceUse], where: str, as_json: bool) -> None:
    if as_json:
        show_json({"store": where, "spaces": [space_data(use) for use in uses]})
    elif not uses:
        say(f"{where} holds nothing yet.")
    else:
        show_table(
            [Column("Namespace"), Column("Kind", keep=True), Column("Entries", right=True), Column("Size", right=True)],
            [
                (use.space.namespace.shown, use.space.kind.value, f"{use.entries:,}", size(use.body_bytes))
                for use in uses
            ],
            title=where,
        )


def space_data(use: SpaceUse) -> dict[str, str | int]:
    """Return how full a space is, for programs."""
    return {
        "namespace": use.space.namespace.shown,
        "kind": use.space.kind.value,
        "entries": use.entries,
        "body_bytes": use.body_bytes,
    }


def _show_keys(rows: Sequence[Row], where: str, more: str | None) -> None:
    if not rows:
        say(f"{where}: nothing is kept.")
        return
    say(where, style="bold")
    for kind, of_kind in groupby(rows, key=lambda row: row.key.space.kind):
        say(f"\n{kind.value}", style="bold")
        if kind is Kind.HISTORY:
            _show_conversations(list(of_kind))
        elif kind in FRAMED:
            _show_framed(list(of_kind), time.time())
        else:
            _show_entries(list(of_kind), time.time())
    if any(row.problem == SealError.__name__ for row in rows):
        say(
            "\nSealError: sealed with a key that is not configured here, or not sealed where all should be; see `config show`."
        )
    if more is not None:
        say(f"\nThere is more; go on with: --after {more}")


def _show_entries(rows: Sequence[Row], now: Instant) -> None:
    columns = [
        Column("Key", keep=True), Column("Age", keep=True), Column("Left", keep=True), Column("Size", right=True, keep=True),
        Column("Tokens in", right=True), Column("out", right=True), Column("Model"), Column("Tags"),
    ]  # fmt: skip
    show_table(columns, [_entry_cells(row, now) for row in rows])


def _entry_cells(row: Row, now: Instant) -> tuple[str, ...]:
    listed, header = row.listed, row.header
    about = ("", "", row.problem, "")
    if header is not None:
        known = header.provenance
        about = (_tokens(known.input_tokens), _tokens(known.output_tokens), known.model or "", " ".join(header.tags))
    return (
        row.key.name[:_DIGEST_SHOWN],
        "" if header is None else span(now - header.made_at),
        _left(listed),
        size(listed.body_bytes),
        *about,
    )


def _show_framed(rows: Sequence[Row], now: Instant) -> None:
    columns = [Column("Key", keep=True), Column("Age"), Column("Left"), Column("Size", right=True), Column("Content")]
    show_table(columns, [(*_entry_cells(row, now)[:4], row.header.type if row.header else row.problem) for row in rows])


def _show_conversations(rows: Sequence[Row]) -> None:
    columns = [
        Column("Conversation"), Column("Messages", right=True), Column("Left", keep=True), Column("Size", right=True),
    ]  # fmt: skip
    cells = [(row.key.name, f"{row.listed.length:,}", _left(row.listed), size(row.listed.body_bytes)) for row in rows]
    show_table(columns, cells)


def _left(listed: Listed) -> str:
    return end(listed.key.space.kind) if listed.ttl is None else span(listed.ttl)


def _tokens(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
