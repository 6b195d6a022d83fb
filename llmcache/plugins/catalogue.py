"""The catalogue of installed stores: found by entry point, loaded in isolation, opened by scheme.

Each plugin is loaded into a plugin manager of its own, so that a broken one is reported by name and hurts
nobody else. First-party stores come by the same door as a stranger's.
"""

import difflib
import importlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast

import pluggy

from llmcache.config.quantities import read_bytes, read_count, read_flag, read_seconds
from llmcache.config.url import StoreURL
from llmcache.errors import ConfigError, PluginError
from llmcache.model.units import Instant
from llmcache.plugins import hookspecs
from llmcache.plugins.spec import Option, OptionKind, StoreFactory, StoreSpec, Target
from llmcache.protocols.whole import StorePair

FIRST_PARTY_EXTRAS = {
    "disk": "disk",
    "redis": "redis",
    "rediss": "redis",
    "redis+cluster": "redis",
    "redis+sentinel": "redis",
    "momento": "momento",
    "momento-local": "momento",
}
"""Schemes that belong to an extra of llmcache-kit, for the hint in the error where they are not installed."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One plugin that was found.

    Attributes:
        name: The entry point's name.
        distribution: The package and version that brings it, such as "llmcache-kit 0.1.0".
        specs: Its stores; empty where it is broken.
        broken: Why it cannot be used, or "".
    """

    name: str
    distribution: str
    specs: tuple[StoreSpec, ...]
    broken: str = ""


def installed(found: Iterable[EntryPoint] | None = None) -> list[Installed]:
    """Return every installed plugin, sorted by name; a broken one says why and disturbs no other.

    Args:
        found: Entry points to load instead of those of the installed group; for tests.
    """
    points = entry_points(group=hookspecs.GROUP) if found is None else found
    return sorted((_load(point) for point in points), key=lambda plugin: (plugin.name, plugin.distribution))


def _load(point: EntryPoint) -> Installed:
    distribution = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown distribution"
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(point.load(), name=point.name)
        specs = tuple(spec for answer in manager.hook.llmcache_stores() for spec in answer)
        if not all(isinstance(spec, StoreSpec) for spec in specs):
            return Installed(point.name, distribution, (), "llmcache_stores() returned something that is no StoreSpec")
    except Exception as error:  # noqa: BLE001 -- foreign code; whatever it raises is reported by name
        return Installed(point.name, distribution, (), f"{type(error).__name__}: {error}")
    return Installed(point.name, distribution, specs)


def find(scheme: str, plugins: Sequence[Installed] | None = None) -> StoreSpec:
    """Return the one spec for `scheme`.

    Raises:
        ConfigError: Nothing installed has that scheme; names the nearest one and the extra to install.
        PluginError: Two plugins claim it, or the one named like it is broken.
    """
    known = installed() if plugins is None else plugins
    claims = [(plugin, spec) for plugin in known for spec in plugin.specs if spec.scheme == scheme]
    if len(claims) == 1:
        return claims[0][1]
    if claims:
        owners = ", ".join(sorted(plugin.distribution for plugin, _ in claims))
        raise PluginError(f"the scheme {scheme!r} is claimed by several plugins: {owners}; uninstall all but one")
    for plugin in known:
        if plugin.broken and plugin.name == scheme:
            raise PluginError(f"the store plugin {plugin.name!r} of {plugin.distribution} is broken: {plugin.broken}")
    raise ConfigError(_unknown(scheme, sorted(spec.scheme for plugin in known for spec in plugin.specs)))


def _unknown(scheme: str, schemes: list[str]) -> str:
    near = difflib.get_close_matches(scheme, [*schemes, *FIRST_PARTY_EXTRAS], n=1)
    hints = [f"installed are {', '.join(schemes) or 'none'}"]
    if near and near[0] != scheme:
        hints.append(f"did you mean {near[0]!r}?")
    extra = FIRST_PARTY_EXTRAS.get(scheme) or (FIRST_PARTY_EXTRAS.get(near[0]) if near else None)
    if extra:
        hints.append(f"that store comes with: pip install 'llmcache-kit[{extra}]'")
    return f"no store is installed for the scheme {scheme!r}; {'; '.join(hints)}"


def check(url: StoreURL) -> None:
    """Raise ConfigError or PluginError unless a store is installed for the scheme and takes the options; opens nothing."""
    _typed(find(url.scheme), url)


def anchored(url: StoreURL, folder: Path) -> StoreURL:
    """Return `url` with a relative path made whole: it counts from `folder`. What is no path stays as it is."""
    address = url.address
    is_whole = not address or address.startswith(("/", "~")) or Path(address).is_absolute()
    if is_whole or not find(url.scheme).is_path:
        return url
    return replace(url, address=str(folder / address))


def open_pair(url: StoreURL, clock: Callable[[], Instant]) -> StorePair:
    """Open the store behind `url`, importing its package now."""
    spec = find(url.scheme)
    factory = cast(StoreFactory, _loaded(spec, spec.factory))
    return factory(Target(url.scheme, url.address, _typed(spec, url), clock))


def is_there(url: StoreURL, clock: Callable[[], Instant]) -> bool:
    """False where opening the store behind `url` would make it: for who only wants to look."""
    spec = find(url.scheme)
    target = Target(url.scheme, url.address, _typed(spec, url), clock)
    return not spec.presence or cast(Callable[[Target], bool], _loaded(spec, spec.presence))(target)


def _loaded(spec: StoreSpec, path: str) -> object:
    missing = [name for name in spec.requires if not _is_importable(name)]
    if missing:
        how = f"pip install 'llmcache-kit[{spec.extra}]'" if spec.extra else f"pip install {' '.join(missing)}"
        raise PluginError(f"the store {spec.scheme!r} needs {', '.join(missing)}; install with: {how}")
    module, _, function = path.partition(":")
    try:
        return cast(object, getattr(importlib.import_module(module), function))
    except Exception as error:  # foreign code; whatever it raises is reported by name
        found = f"{type(error).__name__}: {error}"
        raise PluginError(f"the store {spec.scheme!r} cannot be loaded from {path!r}: {found}") from error


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
    return read_flag(name, text) if kind == "flag" else text
