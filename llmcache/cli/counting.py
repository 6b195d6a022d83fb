"""`llmcache stats`: how full the store is, and what its answers had cost."""

from dataclasses import dataclass

import click

from llmcache.api.cache import Cache
from llmcache.cli.exits import ExitCode
from llmcache.cli.finding import keys_of
from llmcache.cli.listing import space_data
from llmcache.cli.options import opened, shown_store, with_json, with_store
from llmcache.cli.reading import row_of
from llmcache.cli.screen import Column, say, show_json, show_table
from llmcache.cli.wording import size
from llmcache.model.key import Kind
from llmcache.model.units import Plain, Seconds
from llmcache.protocols.scan import SpaceUse

# Sums need a read of every entry: a moment for this many, minutes for a million.
_MOST_ENTRIES_SUMMED = 5_000


@dataclass(frozen=True, slots=True)
class Worth:
    """What the answers of a space had cost: what each further hit on them saves."""

    input_tokens: int
    output_tokens: int
    seconds: Seconds
    unreadable: int


@click.command()
@with_store
@with_json
def stats(store: str | None, namespace: str | None, as_json: bool) -> int:
    """Show how full each namespace is, and the tokens its answers had cost.

    Each hit on an answer saves the tokens it had cost. With --namespace only that one is shown.
    """
    with opened(store, namespace) as cache:
        within = cache.namespace
        uses = [use for use in cache.spaces() if namespace is None or use.space.namespace == within]
        counted = [(use, _worth(cache, use)) for use in uses]
    where = shown_store(store)
    if as_json:
        show_json({"store": where, "spaces": [_data(use, worth) for use, worth in counted]})
    elif not counted:
        say(f"{where} holds nothing yet." if namespace is None else f"{within.shown} in {where}: nothing is kept.")
    else:
        columns = [
            Column("Namespace"), Column("Kind", keep=True), Column("Entries", right=True), Column("Size", right=True),
            Column("Tokens in", right=True), Column("out", right=True), Column("Seconds", right=True),
        ]  # fmt: skip
        show_table(columns, [_cells(use, worth) for use, worth in counted], title=where)
    return ExitCode.OK


def _worth(cache: Cache, use: SpaceUse) -> Worth | None:
    """Return the sums of a space of answers; None for other kinds, and where there are too many to read."""
    if use.space.kind is not Kind.RESPONSE or use.entries > _MOST_ENTRIES_SUMMED:
        return None
    rows = [row_of(cache, listed) for listed in keys_of(cache, [use.space])]
    known = [row.header.provenance for row in rows if row.header is not None]
    return Worth(
        sum(one.input_tokens or 0 for one in known),
        sum(one.output_tokens or 0 for one in known),
        sum(one.seconds or 0.0 for one in known),
        sum(row.header is None for row in rows),
    )


def _data(use: SpaceUse, worth: Worth | None) -> dict[str, Plain]:
    sums = None if worth is None else {
        "input_tokens": worth.input_tokens, "output_tokens": worth.output_tokens,
        "seconds": round(worth.seconds, 3), "unreadable": worth.unreadable,
    }  # fmt: skip
    return space_data(use) | {"cost_of_answers": sums}


def _cells(use: SpaceUse, worth: Worth | None) -> tuple[str, ...]:
    own = (use.space.namespace.shown, use.space.kind.value, f"{use.entries:,}", size(use.body_bytes))
    if worth is None:
        return (*own, "", "", "")
    return (*own, f"{worth.input_tokens:,}", f"{worth.output_tokens:,}", f"{worth.seconds:,.1f}")
