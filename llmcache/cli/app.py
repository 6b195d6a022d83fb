"""The `llmcache` command: its subcommands, and the one place where errors become exit codes.

No traceback reaches a user: an error of ours is one line that says what to do, and so is a mistake of ours, which
shows its traceback only where LLMCACHE_TRACEBACK is set.
"""

import os
import sys
from collections.abc import Sequence

import click

from llmcache.cli.cataloguing import stores
from llmcache.cli.clearing import clear
from llmcache.cli.configuring import config
from llmcache.cli.conforming import conform
from llmcache.cli.counting import stats
from llmcache.cli.demonstrating import demo
from llmcache.cli.exits import ExitCode
from llmcache.cli.explaining import explain, key
from llmcache.cli.getting import get
from llmcache.cli.listing import ls
from llmcache.cli.screen import complain, complain_of, say
from llmcache.cli.tuning import tune
from llmcache.errors import LLMCacheError

TRACEBACK_VARIABLE = "LLMCACHE_TRACEBACK"


@click.group(
    commands=[demo, stores, key, explain, ls, get, clear, stats, config, conform, tune],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(package_name="llmcache-kit", prog_name="llmcache")
@click.pass_context
def llmcache(context: click.Context) -> None:
    """Look into a cache of answers and conversations of language models."""
    if context.invoked_subcommand is None:
        say(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; prints, and never raises."""
    as_json = "--json" in arguments
    try:
        return _invoked(arguments)
    except click.ClickException as error:
        complain(_usage(error), ExitCode.USAGE, as_json)
        return ExitCode.USAGE
    except LLMCacheError as error:
        return complain_of(error, as_json)
    except KeyboardInterrupt:
        complain("stopped", ExitCode.INTERRUPTED, as_json)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough; without this Python complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 -- the last line before a user's terminal
        return _mistake(error, as_json)


def _invoked(arguments: Sequence[str]) -> int:
    """Run the command without click's own handling of errors, which prints them in its own way."""
    try:
        with llmcache.make_context("llmcache", list(arguments)) as context:
            answer: object = llmcache.invoke(context)
    except click.exceptions.Exit as asked:  # --help and --version
        answer = asked.exit_code
    sys.stdout.flush()
    return answer if isinstance(answer, int) else ExitCode.OK


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    said = error.format_message().rstrip(".")
    if context is None:
        return said
    if said.startswith("Got unexpected extra") and any(one.name == "store" for one in context.command.params):
        said += "; a store stands behind --store"
    return f"{said}{' See' if said.endswith('?') else '; see'} {context.command_path} --help"


def _mistake(error: Exception, as_json: bool) -> int:
    if TRACEBACK_VARIABLE in os.environ:
        import traceback  # noqa: PLC0415 -- only where something went wrong

        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}"
    complain(f"a mistake in llmcache, {what}; set {TRACEBACK_VARIABLE}=1 to see where", ExitCode.MISTAKE, as_json)
    return ExitCode.MISTAKE
