"""`llmcache clear`: drop what is kept, after showing what that is."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from llmcache.api.cache import Cache
from llmcache.cli.exits import ExitCode
from llmcache.cli.listing import space_data
from llmcache.cli.options import opened, shown_store, with_json, with_kind, with_store
from llmcache.cli.screen import say, show_json
from llmcache.cli.wording import count, one_line, size
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows.tags import model_tag
from llmcache.model.key import INDEXES, Kind, Space
from llmcache.protocols.scan import SpaceUse
from llmcache.protocols.store_ops import Clear

_NOUNS = {
    Kind.RESPONSE: ("answer", "answers"),
    Kind.HISTORY: ("conversation", "conversations"),
    Kind.EMBEDDING: ("embedding", "embeddings"),
    Kind.DOCUMENT: ("document", "documents"),
    Kind.BYTES: ("value of bytes", "values of bytes"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which answers are meant; all where neither is given."""

    tags: Sequence[str] = ()
    models: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.tags or self.models)

    @property
    def text(self) -> str:
        """Such as "carry faq or old, or are of gpt-5.4-mini"."""
        carry = [f"carry {' or '.join(self.tags)}"] if self.tags else []
        are_of = [f"are of {' or '.join(self.models)}"] if self.models else []
        return ", or ".join(carry + are_of)


@click.command()
@with_store
@with_kind(Kind.RESPONSE, "What to drop.")
@click.option("--tag", "tags", multiple=True, help="Drop only answers that carry this tag; may be repeated.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Drop only answers of this model, where the cache tags models; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_json
def clear(
    *,
    store: str | None,
    namespace: str | None,
    kind: str,
    tags: Sequence[str],
    models: Sequence[str],
    yes: bool,
    as_json: bool,
) -> int:
    """Drop the answers of a namespace, or what --kind says; asks before it does.

    Other namespaces, and other kinds of the same one, are never touched.
    """
    with opened(store, namespace) as cache:
        space = Space(cache.namespace, Kind(kind))
        chosen = Chosen(tags, models)
        if chosen and space.kind is not Kind.RESPONSE:
            raise UsageError(f"tags and models are of answers only; leave --tag and --model away, or --kind {kind}")
        if models and not cache.setup.defaults.tag_models:
            raise UsageError(
                "the configuration does not say tag_models = true, so that answers carry no tags of models; where the "
                f"application says so itself, use --tag {model_tag(models[0])}"
            )
        held = _use_of(cache, space)
        if not held.entries:
            _tell(held, chosen, shown_store(store), as_json, cleared=False)
            return ExitCode.OK
        if not yes and not _confirmed(_question(held, chosen, shown_store(store))):
            return ExitCode.NO
        if chosen:
            cache.clear(tags=tags, models=models)
        else:
            for kind_of_it in filter(None, (INDEXES.get(space.kind), space.kind)):
                run(iter(Clear(Space(space.namespace, kind_of_it))), cache.setup.of(space.kind).blocking_world)
    _tell(held, chosen, shown_store(store), as_json, cleared=True)
    return ExitCode.OK


def _use_of(cache: Cache, space: Space) -> SpaceUse:
    for use in cache.spaces():
        if use.space == space:
            return use
    return SpaceUse(space, 0, 0)


def _confirmed(question: str) -> bool:
    """Ask on the error stream, so that standard output holds nothing but the answer; UsageError where nobody replies."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    reply = sys.stdin.readline()
    if not reply:
        sys.stderr.write("\n")
        raise UsageError("nobody answered the question; add --yes to drop without being asked")
    return reply.strip().lower() in {"y", "yes"}


def _question(held: SpaceUse, chosen: Chosen, where: str) -> str:
    what = f"{_amount(held)} of {one_line(held.space.namespace.shown)} in {where}"
    if chosen:
        return f"Drop those of the {what} that {one_line(chosen.text)}?"
    return f"Drop {what}?"


def _amount(held: SpaceUse) -> str:
    return f"{count(held.entries, *_NOUNS[held.space.kind])} ({size(held.body_bytes)})"


def _tell(held: SpaceUse, chosen: Chosen, where: str, as_json: bool, *, cleared: bool) -> None:
    if as_json:
        show_json(
            {
                "store": where,
                **space_data(held),
                "tags": list(chosen.tags),
                "models": list(chosen.models),
                "cleared": cleared,
            }
        )
    elif not cleared:
        say(f"{held.space.namespace.shown} in {where} holds no {_NOUNS[held.space.kind][1]}.")
    elif chosen:
        say(f"Dropped the answers that {chosen.text}.")
    else:
        say(f"Dropped {_amount(held)}.")
