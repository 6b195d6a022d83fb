"""`llmcache config`: what is in force and where it came from, whether it can be right, and a schema for editors."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from llmcache.api.settling import settle
from llmcache.cli.checking import Report, report_of
from llmcache.cli.exits import ExitCode
from llmcache.cli.options import is_default_folder, with_json, with_namespace
from llmcache.cli.screen import Column, say, show_json, show_table
from llmcache.cli.wording import count, size, span
from llmcache.config.editors import json_schema
from llmcache.config.references import without_literal
from llmcache.config.schema import MAIN, options_of
from llmcache.config.settings import Setting, Settings
from llmcache.config.sources import CONFIG_VARIABLE, PROFILE_VARIABLE, URL_VARIABLE, cache_folder
from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, PluginError
from llmcache.model.units import Plain
from llmcache.plugins.catalogue import anchored
from llmcache.plugins.loading import Installed, installed

_KINDS = {".".join(path): option.kind for path, option in options_of(MAIN)}
_LONG = 120.0  # seconds; what is longer is easier to read in another unit

_SOURCE = click.option(
    "--store", metavar="URL", help="A store URL, or the path of a llmcache.toml; by default what the environment says."
)
_PROFILE = click.option("--profile", metavar="NAME", help=f"A profile of the file; by default ${PROFILE_VARIABLE}.")


@click.group(name="config")
def config() -> None:
    """Show and check the configuration, or print a schema of it for editors."""


@config.command()
@_SOURCE
@_PROFILE
@with_namespace
@with_json
def show(*, store: str | None, profile: str | None, namespace: str | None, as_json: bool) -> int:
    """Show every value in force and where it came from. Secrets are not shown."""
    settings = settle(store, namespace=namespace, profile=profile)
    if as_json:
        show_json(_data(settings))
        return ExitCode.OK
    say(_headline(settings), style="bold")
    for name in _passed_over(settings):
        say(f"Not used: ${name}, because {settings.source.origin} names the store.")
    say()
    places = _places(settings)
    columns = [Column("Setting", keep=True), Column("Value"), Column("From")]
    rows = [(one.key, _value(one) + places.get(_value(one), ""), one.origin.text) for one in settings.listed]
    show_table(columns, rows)
    return ExitCode.OK


@config.command()
@_SOURCE
@_PROFILE
@click.option("--connect", is_flag=True, help="Ask each store in force for a key that nobody has.")
@with_json
def check(*, store: str | None, profile: str | None, connect: bool, as_json: bool) -> int:
    """Find every mistake in the configuration, of all profiles; with --connect also whether the stores answer."""
    report = report_of(store, profile, connect=connect)
    if as_json:
        show_json(asdict(report) | {"mistakes": [asdict(one) | {"text": one.text} for one in report.mistakes]})
    else:
        _show_report(report)
    if report.mistakes or any(one.state == "wrong" for one in report.stores):
        return ExitCode.USAGE
    return ExitCode.STORE if any(one.state == "failed" for one in report.stores) else ExitCode.OK


@config.command()
@with_json
def schema(*, as_json: bool) -> int:  # noqa: ARG001 -- it is JSON either way
    """Print the JSON schema of llmcache.toml, for editors."""
    show_json(json_schema())
    return ExitCode.OK


def _headline(settings: Settings) -> str:
    if settings.source.file is None:
        return f"No file: the store comes from {settings.source.origin}."
    return f"{settings.source.file}, {settings.source.origin}"


def _passed_over(settings: Settings) -> list[str]:
    """Return the variables that are set and say nothing, because an address or a file was named more directly."""
    weaker = (
        (URL_VARIABLE, CONFIG_VARIABLE) if settings.source.file else (URL_VARIABLE, CONFIG_VARIABLE, PROFILE_VARIABLE)
    )
    return [name for name in weaker if os.environ.get(name) and settings.source.origin != f"${name}"]


def _value(setting: Setting) -> str:
    if setting.value is None:
        return "none"
    if isinstance(setting.value, bool):
        return str(setting.value).lower()
    kind = _KINDS.get(setting.key)
    if kind == "share" and not setting.key.startswith("semantic."):  # a cosine is no percentage
        return f"{100 * setting.value:.12g} %"
    if kind == "seconds":
        rounded = f" ({span(setting.value)})" if setting.value >= _LONG else ""
        return f"{setting.value:,.12g} s{rounded}"
    if setting.key.endswith(".max_bytes"):
        return size(setting.value)
    return str(setting.value)


def _places(settings: Settings) -> dict[str, str]:
    """Return what to add to the URLs in force whose paths count from a file's folder, or that name none, and not from the working folder."""
    plugins = installed()
    relative = {
        choice.shown: f" (in {choice.folder})"
        for choice in settings.stores
        if choice.folder is not None and _is_relative(choice.shown, plugins)
    }
    default = [choice.shown for choice in settings.stores if is_default_folder(parse_url(choice.url))]
    return relative | dict.fromkeys(default, f" (in {cache_folder()})" if default else "")


def _is_relative(shown: str, plugins: Sequence[Installed]) -> bool:
    if shown.startswith("${"):
        return False
    try:
        url = parse_url(without_literal(shown))
        return anchored(url, Path("/"), plugins) != url
    except (ConfigError, PluginError):
        return False  # showing a URL is not the place to judge it


def _data(settings: Settings) -> dict[str, Plain]:
    return {
        "source": settings.source.origin,
        "file": None if settings.source.file is None else str(settings.source.file),
        "profile": settings.profile or None,
        "not_used": _passed_over(settings),
        "settings": [
            {
                "key": one.key,
                "value": one.value,
                "from": one.origin.what,
                "line": one.origin.line,
                "table": list(one.origin.place[:-1]),
            }
            for one in settings.listed
        ],
        "stores": [
            {
                "url": one.shown,
                "name": one.name or None,
                "folder": None if one.folder is None else str(one.folder),
                "variables": list(one.variables),
            }
            for one in settings.stores
        ],
    }


def _show_report(report: Report) -> None:
    for mistake in report.mistakes:
        say(mistake.text)
    what = report.file or f"the store of {report.source}"
    say(f"{what}: {count(len(report.mistakes), 'mistake')}." if report.mistakes else f"{what}: no mistake.")
    if report.profiles and not report.mistakes:
        say(
            f"Profiles: {', '.join(f'{name} (in force)' if name == report.profile else name for name in report.profiles)}."
        )
    unset = [one.name for one in report.variables if not one.is_set]
    if unset and not report.mistakes:
        say(f"Variables that other profiles need and that are not set: {', '.join(unset)}.")
    if report.stores:
        say()
        show_table([Column("Store"), Column("Answer")], [(one.url, one.told) for one in report.stores])
