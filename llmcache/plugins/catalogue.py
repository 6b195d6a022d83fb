"""The catalogue of installed stores: asked by scheme, opened when used.

First-party stores come by the same door as a stranger's.
"""

import difflib
import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from llmcache.config.quantities import read_bytes, read_count, read_flag, read_remap, read_seconds
from llmcache.config.url import StoreURL
from llmcache.errors import ConfigError, LLMCacheError, PluginError, UsageError
from llmcache.model.units import Instant
from llmcache.plugins.loading import Installed, installed, said_by
from llmcache.plugins.spec import Option, OptionKind, StoreSpec, Target
from llmcache.protocols.whole import StorePair

FIRST_PARTY_EXTRAS = {
    "disk": "disk",
    "redis": "redis",
    "rediss": "redis",
    "redis+unix": "redis",
    "redis+cluster": "redis",
    "rediss+cluster": "redis",
    "redis+sentinel": "redis",
    "rediss+sentinel": "redis",
    "momento": "momento",
    "momento-local": "momento",
}
"""Schemes that belong to an extra of llmcache-kit, for the hint in the error where they are not installed."""


@dataclass(frozen=True, slots=True)
class State:
    """Whether a store can be opened.

    Attributes:
        word: "ready"; "missing" where a package it needs is not installed; "broken".
        reason: Why it cannot, or "".
        install: The command that installs what is missing, or "".
    """

    word: Literal["ready", "missing", "broken"]
    reason: str = ""
    install: str = ""


def state_of(spec: StoreSpec, plugin: Installed, plugins: Sequence[Installed]) -> State:
    """Return whether the store of `spec` can be opened, without importing it."""
    claims = _claims(spec.scheme, plugins)
    if plugin.broken or len(claims) > 1:
        return State("broken", plugin.broken or _claimed(spec.scheme, claims))
    missing = [name for name in spec.requires if not _is_importable(name)]
    if not missing:
        return State("ready")
    what = f"'llmcache-kit[{spec.extra}]'" if spec.extra else " ".join(missing)
    return State("missing", f"needs {', '.join(missing)}", f"pip install {what}")


def find(scheme: str, plugins: Sequence[Installed] | None = None) -> StoreSpec:
    """Return the one spec for `scheme`.

    Raises:
        ConfigError: Nothing installed has that scheme; names the nearest one and the extra to install.
        PluginError: Two plugins claim it, or the one that does, or is named like it, is broken.
    """
    known = installed() if plugins is None else plugins
    claims = _claims(scheme, known)
    if len(claims) > 1:
        raise PluginError(_claimed(scheme, claims))
    own_names = {scheme, FIRST_PARTY_EXTRAS.get(scheme, scheme)}
    for plugin in claims or [plugin for plugin in known if plugin.name in own_names]:
        if plugin.broken:
            raise PluginError(f"the store plugin {plugin.name!r} of {plugin.distribution} is broken: {plugin.broken}")
    for plugin in claims:
        return next(spec for spec in plugin.specs if spec.scheme == scheme)
    raise ConfigError(_unknown(scheme, sorted({spec.scheme for plugin in known for spec in plugin.specs})))


def _claims(scheme: str, plugins: Sequence[Installed]) -> list[Installed]:
    return [plugin for plugin in plugins if any(spec.scheme == scheme for spec in plugin.specs)]


def _claimed(scheme: str, claims: Sequence[Installed]) -> str:
    owners = ", ".join(sorted(plugin.distribution for plugin in claims))
    return f"the scheme {scheme!r} is claimed by several plugins: {owners}; uninstall all but one"


def _unknown(scheme: str, schemes: list[str]) -> str:
    near = difflib.get_close_matches(scheme, [*schemes, *FIRST_PARTY_EXTRAS], n=1)
    hints = [f"installed are {', '.join(schemes) or 'none'}"]
    if near and near[0] != scheme:
        hints.append(f"did you mean {near[0]!r}?")
    extra = FIRST_PARTY_EXTRAS.get(scheme) or (FIRST_PARTY_EXTRAS.get(near[0]) if near else None)
    if extra:
        hints.append(f"that store comes with: pip install 'llmcache-kit[{extra}]'")
    return f"no store is installed for the scheme {scheme!r}; {'; '.join(hints)}"


def check(url: StoreURL, plugins: Sequence[Installed] | None = None, *, options_only: bool = False) -> None:
    """Raise ConfigError or PluginError where it is known without any I/O that the store behind `url` cannot be opened.

    Args:
        options_only: The address is not known yet: check the scheme, and the names and kinds of options.
    """
    spec = find(url.scheme, plugins)
    target = _target(spec, url, time.time)
    # On a machine without its packages the store may be checked all the same; opening it says what to install.
    if spec.check and not options_only and all(map(_is_importable, spec.requires)):
        _called(spec, spec.check, target)


def anchored(url: StoreURL, folder: Path, plugins: Sequence[Installed] | None = None) -> StoreURL:
    """Return `url` with a relative path made whole: it counts from `folder`. What is no path stays as it is."""
    address = url.address
    is_whole = not address or address.startswith(("/", "~")) or Path(address).is_absolute()
    if is_whole or not find(url.scheme, plugins).is_path:
        return url
    return replace(url, address=str(folder / address))


def open_pair(url: StoreURL, clock: Callable[[], Instant], plugins: Sequence[Installed] | None = None) -> StorePair:
    """Open the store behind `url`, importing its package now.

    Raises:
        ConfigError: No such store, or an option is wrong.
        PluginError: The plugin is broken, lacks a package, or what its factory does is not what a factory does.
        StoreError: The store could not be opened.
    """
    spec = find(url.scheme, plugins)
    pair = _called(spec, spec.factory, _target(spec, url, clock))
    if not isinstance(pair, StorePair) or (pair.blocking is None and pair.awaiting is None):
        raise PluginError(
            f"the store {spec.scheme!r} cannot be used: {spec.factory!r} returned {_kind_of(pair)}; "
            "a factory returns a StorePair with one colour or both"
        )
    return pair


def is_there(url: StoreURL, clock: Callable[[], Instant], plugins: Sequence[Installed] | None = None) -> bool:
    """False where opening the store behind `url` would make it: for who only wants to look."""
    spec = find(url.scheme, plugins)
    return not spec.presence or bool(_called(spec, spec.presence, _target(spec, url, clock)))


def _target(spec: StoreSpec, url: StoreURL, clock: Callable[[], Instant]) -> Target:
    return Target(url.scheme, url.address, _typed(spec, url), clock)


def _kind_of(pair: object) -> str:
    return "a StorePair of nothing" if isinstance(pair, StorePair) else f"a {type(pair).__name__}"


def _called(spec: StoreSpec, path: str, target: Target) -> object:
    """Return what a function of the plugin answers; an error that is none of ours is the plugin's fault."""
    function = _loaded(spec, path)
    try:
        return function(target)
    except UsageError as error:
        # The arguments were in a URL: it is not the call that is to be mended.
        raise ConfigError(str(error)) from error
    except LLMCacheError:
        raise
    except Exception as error:
        # The class only: a message of foreign code may hold the address, and that a password.
        what = type(error).__name__
        raise PluginError(f"the store {spec.scheme!r} cannot be opened: {path!r} raised {what}") from error


def _loaded(spec: StoreSpec, path: str) -> Callable[[Target], object]:
    missing = [name for name in spec.requires if not _is_importable(name)]
    if missing:
        how = f"pip install 'llmcache-kit[{spec.extra}]'" if spec.extra else f"pip install {' '.join(missing)}"
        raise PluginError(f"the store {spec.scheme!r} needs {', '.join(missing)}; install with: {how}")
    module, _, function = path.partition(":")
    try:
        found = cast(object, getattr(importlib.import_module(module), function))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code; whatever it raises, SystemExit too, is reported by name
        raise PluginError(f"the store {spec.scheme!r} cannot be loaded from {path!r}: {said_by(error)}") from error
    if not callable(found):
        raise PluginError(
            f"the store {spec.scheme!r} cannot be loaded: {path!r} is a {type(found).__name__}, no function"
        )
    return found


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False  # the package around it is missing, or is none


def _typed(spec: StoreSpec, url: StoreURL) -> dict[str, Option]:
    typed: dict[str, Option] = {}
    for name, text in url.options.items():
        kind = spec.options.get(name)
        if kind is None:
            near = difflib.get_close_matches(name, spec.options, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            allowed = ", ".join(sorted(spec.options)) or "none"
            raise ConfigError(f"unknown option {name!r} in {url.shown}; {spec.scheme} takes {allowed}{hint}")
        typed[name] = _read(kind, f"{name} in {url.shown}", text)
    return typed


def _read(kind: OptionKind, name: str, text: str) -> Option:
    if kind == "bytes":
        return read_bytes(name, text)
    if kind == "seconds":
        return read_seconds(name, text)
    if kind == "count":
        return read_count(name, text)
    if kind == "remap":
        read_remap(name, text)
    return read_flag(name, text) if kind == "flag" else text
