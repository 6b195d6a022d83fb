"""`llmcache key` and `llmcache explain`: which key a request has, and why."""

import click

from llmcache.cli.asking import Asked, LangChainCall, read_asked
from llmcache.cli.exits import ExitCode
from llmcache.cli.options import with_json, with_namespace
from llmcache.cli.screen import say, show_json
from llmcache.cli.wording import count
from llmcache.codec.seal import hidden
from llmcache.config.resolving import naming_in_force
from llmcache.keys import langchain_key, request_key
from llmcache.keys.difference import Difference, first_difference
from llmcache.keys.explain import Explanation, explain_langchain, explain_request
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain


@click.command()
@click.argument("file")
@with_namespace
@with_json
def key(file: str, namespace: str | None, as_json: bool) -> int:
    """Print the key of the request in FILE.

    FILE is JSON, or - for standard input: {"model", "messages", "parameters", "tools"}, or LangChain's
    {"prompt", "llm_string"}.
    """
    found = _key(read_asked(file), naming_in_force(namespace))
    if as_json:
        show_json({"key": found.physical, "namespace": found.space.namespace.shown, "digest": found.name})
    else:
        say(found.physical)
    return ExitCode.OK


@click.command()
@click.argument("file")
@click.argument("other", required=False)
@with_namespace
@with_json
def explain(file: str, other: str | None, namespace: str | None, as_json: bool) -> int:
    """Show what is in the key of the request in FILE, and what is not and why.

    With OTHER, show where the two first differ; the exit code is 1 where their keys differ.
    """
    within = naming_in_force(namespace)
    asked = read_asked(file)
    if other is None:
        _show_one(_explained(asked), _key(asked, within), as_json)
        return ExitCode.OK
    against = read_asked(other)
    difference = first_difference(_explained(asked), _explained(against))
    _show_two(_key(asked, within), _key(against, within), difference, as_json)
    return ExitCode.OK if difference is None else ExitCode.NO


def _key(asked: Asked, within: tuple[Namespace, bytes | None]) -> Key:
    """Return the key as a store knows it."""
    namespace, secret = within
    if isinstance(asked, LangChainCall):
        key = langchain_key(asked.prompt, asked.llm_string, namespace)
    else:
        key = request_key(asked, namespace)
    return key if secret is None else hidden(key, secret)


def _explained(asked: Asked) -> Explanation:
    if isinstance(asked, LangChainCall):
        return explain_langchain(asked.prompt, asked.llm_string)
    return explain_request(asked)


def _show_one(explained: Explanation, found: Key, as_json: bool) -> None:
    if as_json:
        show_json({"key": found.physical, **_data(explained)})
        return
    say(found.physical, style="bold")
    say("\nIn the key:", style="bold")
    say(explained.text)
    say(f"\nNot in the key, {count(len(explained.dropped), 'thing')}:", style="bold")
    for dropped in explained.dropped:
        say(f"  {dropped.path}: {dropped.reason}")


def _data(explained: Explanation) -> dict[str, Plain]:
    return {
        "sort": explained.sort,
        "form": dict(explained.form),
        "dropped": [{"path": dropped.path, "reason": dropped.reason} for dropped in explained.dropped],
    }


def _show_two(first: Key, second: Key, difference: Difference | None, as_json: bool) -> None:
    if as_json:
        shown = None if difference is None else {
            "path": difference.path, "left": difference.left, "right": difference.right
        }  # fmt: skip
        keys = [first.physical, second.physical]
        show_json({"same_key": difference is None, "keys": keys, "difference": shown})
    elif difference is None:
        say("Both have the same key:")
        say(first.physical)
    else:
        say(f"They have different keys. The first difference is at {difference.path}:")
        say(f"  first   {difference.left}")
        say(f"  second  {difference.right}")
