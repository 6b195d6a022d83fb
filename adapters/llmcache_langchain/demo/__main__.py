"""`python -m llmcache_langchain.demo`: what llmcache is for, shown. `llmcache demo` and `make demo` start it."""

import argparse
import os
import sys

from llmcache.cli.exits import ExitCode, code_of
from llmcache.cli.screen import complain, show_json
from llmcache.cli.wording import one_line
from llmcache.errors import LLMCacheError
from llmcache_langchain.demo import show, story


def main() -> int:
    """Run the demonstration and return the exit code."""
    parser = argparse.ArgumentParser(prog="llmcache demo")
    parser.add_argument("--store", default="sqlite:./.llmcache")
    parser.add_argument("--delay", type=float, default=0.8)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--semantic", action="store_true")
    parser.add_argument("--vectors", action="store_true")
    given = parser.parse_args()
    try:
        if given.semantic:
            _run_meaning(given.store, given.delay, given.json)
        elif given.vectors:
            _run_shelf(given.store, given.json)
        else:
            _run(given.store, given.delay, given.json)
    except LLMCacheError as error:
        return _complained(str(error), code_of(error), given.json)
    except story.PartFailed as error:
        return _complained(str(error), error.code, given.json)
    except KeyboardInterrupt:
        return _complained("stopped", ExitCode.INTERRUPTED, given.json)
    return ExitCode.OK


def _run(store: str, delay: float, as_json: bool) -> None:
    with story.chosen_model(os.environ, delay) as chosen:
        if not as_json:
            show.show_setting(chosen, store, delay)
        story.clear_traces(store)
        outcome = story.run(chosen, store, _progress)
    looks = show.commands(store, story.places(outcome))
    if as_json:
        show_json(show.summary(chosen, store, outcome, looks))
        return
    show.show_asks(outcome)
    show.show_turns(outcome)
    show.show_places(looks)


def _run_meaning(store: str, delay: float, as_json: bool) -> None:
    from llmcache_langchain.demo import meaning, meaning_show, meanings  # noqa: PLC0415 -- as below

    with story.chosen_model(os.environ, delay, meanings.answer) as chosen:
        if not as_json:
            meaning_show.show_setting(chosen, store, delay)
        story.clear_traces(store, meaning.NAMESPACE)
        outcome = meaning.run(chosen, store, _progress)
    if as_json:
        show_json(meaning_show.summary(chosen, store, outcome))
    else:
        meaning_show.show(outcome)


def _run_shelf(store: str, as_json: bool) -> None:
    from llmcache_langchain.demo import shelf, shelf_show  # noqa: PLC0415 -- needs NumPy, which the others do not

    if not as_json:
        shelf_show.show_setting(store)
    outcome = shelf.run(store)
    if as_json:
        show_json(shelf_show.summary(store, outcome))
    else:
        shelf_show.show(outcome)


def _progress(what: str) -> None:
    sys.stderr.write(f"  .. {one_line(what)}\n")


def _complained(message: str, code: int, as_json: bool) -> int:
    complain(message, code, as_json)
    return code


if __name__ == "__main__":
    sys.exit(main())
