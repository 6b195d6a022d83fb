"""`llmcache demo`: starts the demonstration, a program of the LangChain integration.

The core imports no adapter, so the demonstration is another process: `python -m llmcache_langchain.demo`.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

from llmcache.cli.options import with_json
from llmcache.errors import PluginError
from llmcache.plugins.loading import installed

_PROGRAM = "llmcache_langchain.demo"
_NEEDED = ("llmcache_langchain", "langchain_openai")
_OWN_FOLDER = "demo"


@click.command()
@click.option(
    "--store",
    metavar="URL",
    default="sqlite:./.llmcache",
    show_default=True,
    help="Where to keep things: a store URL, or the path of a llmcache.toml.",
)
@click.option(
    "--semantic", is_flag=True, help="Show answers that are given to questions that mean the same, and to no others."
)
@click.option("--vectors", is_flag=True, help="Show documents that are found by meaning, end, and come back.")
@click.option("--delay", type=click.FloatRange(min=0), help="Seconds the local model takes to begin an answer.")
@with_json
def demo(store: str, semantic: bool, vectors: bool, delay: float | None, as_json: bool) -> int:
    """Show the two use cases, an answer asked for again and a conversation remembered; or what an option names.

    Asks the model of $OPENAI_API_KEY (with $OPENAI_BASE_URL and $OPENAI_MODEL), or one on this machine that costs nothing.
    """
    if semantic and vectors:
        raise click.UsageError("choose one of --semantic and --vectors")
    needed = (*_NEEDED, "numpy") if semantic or vectors else _NEEDED
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise PluginError(f"the demo needs {', '.join(missing)}; install with: pip install 'llmcache-kit[demo]'")
    if not _is_there():
        raise PluginError(
            "the demo is a distribution of its own, which is not installed; in a checkout: pip install ./demo"
        )
    arguments = [
        "--store",
        _whole(store),
        *(["--semantic"] if semantic else []),
        *(["--vectors"] if vectors else []),
        *(["--json"] if as_json else []),
        *([] if delay is None else ["--delay", str(delay)]),
    ]
    return subprocess.run([sys.executable, "-m", _PROGRAM, *arguments], check=False).returncode  # noqa: S603 -- our own program


def _is_there() -> bool:
    spec = importlib.util.find_spec("llmcache_langchain")
    places = (spec and spec.submodule_search_locations) or ()
    return any(Path(place, _OWN_FOLDER).is_dir() for place in places)


def _whole(store: str) -> str:
    """Return the URL that a bare scheme such as "momento-local" means; anything else is left to be opened or refused."""
    schemes = {spec.scheme for plugin in installed() for spec in plugin.specs}
    return f"{store}:" if store in schemes else store
