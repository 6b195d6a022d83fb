"""Loading the plugins that are installed, each in isolation: a broken one is reported by name and hurts nobody else.

Loading a plugin imports the page on which it introduces its stores, and nothing of what that page names.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, distributions, entry_points

import pluggy

from llmcache.plugins import hookspecs
from llmcache.plugins.checking import problem_in
from llmcache.plugins.spec import StoreSpec

_UNKNOWN = "unknown distribution"


@dataclass(frozen=True, slots=True)
class Installed:
    """One plugin that was found.

    Attributes:
        name: The entry point's name.
        distribution: The package and version that brings it, such as "llmcache-kit 0.1.0".
        specs: Its stores, as far as they are known.
        broken: Why it cannot be used, or "".
    """

    name: str
    distribution: str
    specs: tuple[StoreSpec, ...]
    broken: str = ""


def installed(found: Iterable[EntryPoint] | None = None) -> list[Installed]:
    """Return every installed plugin, sorted by name; a broken one says why and disturbs no other.

    Two plugins of one name are both broken, because nobody could say which is meant: neither wins silently.

    Args:
        found: Entry points to load instead of those of the installed group; for tests.
    """
    plugins = _installed() if found is None else [_load(point) for point in found]
    uses = Counter(plugin.name for plugin in plugins)
    told = [plugin if uses[plugin.name] == 1 else _one_of_several(plugin, plugins) for plugin in plugins]
    return sorted(told, key=lambda plugin: (plugin.name, plugin.distribution))


def said_by(error: BaseException) -> str:
    """Return the class and message of a foreign error, on one line; its own __str__ may fail, too."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 -- foreign code
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _installed() -> list[Installed]:
    try:
        return [_load(point) for point in entry_points(group=hookspecs.GROUP)]
    except Exception:  # noqa: BLE001 -- one distribution has metadata that cannot be read; find out which
        return _one_by_one()


def _one_by_one() -> list[Installed]:
    """As `entry_points`, which gives nothing at all where one distribution's metadata cannot be read."""
    plugins: dict[tuple[str, str], Installed] = {}
    for distribution in distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == hookspecs.GROUP]
            loaded = [_load(point) for point in points]
        except Exception as error:  # noqa: BLE001 -- as above
            name = str(getattr(distribution, "name", None) or _UNKNOWN)
            loaded = [Installed(name, name, (), f"its entry points cannot be read: {said_by(error)}")]
            if f"[{hookspecs.GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                loaded = []  # somebody else's trouble
        for plugin in loaded:
            # The first on the path is the one that is imported.
            plugins.setdefault((plugin.distribution.partition(" ")[0], plugin.name), plugin)
    return list(plugins.values())


def _load(point: EntryPoint) -> Installed:
    distribution = _distribution(point)
    if EntryPoint.pattern.match(point.value) is None:
        return Installed(
            point.name, distribution, (), f"its entry point is {point.value!r}; expected is 'package.module'"
        )
    try:
        specs = tuple(_asked(point))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- foreign code; whatever it raises, SystemExit too, is reported by name
        return Installed(point.name, distribution, (), said_by(error))
    if not specs:
        return Installed(
            point.name, distribution, (), "it brings no store: llmcache_stores() is missing or returned none"
        )
    problem = problem_in(specs)
    known = tuple(spec for spec in specs if isinstance(spec, StoreSpec))
    return Installed(point.name, distribution, known, problem)


def _asked(point: EntryPoint) -> Iterable[object]:
    """Give what a plugin's hook returns; raises whatever its code raises."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(point.load(), name=point.name)
    manager.check_pending()
    for answer in manager.hook.llmcache_stores():
        yield from answer


def _distribution(point: EntryPoint) -> str:
    try:
        return f"{point.dist.name} {point.dist.version}" if point.dist and point.dist.name else _UNKNOWN
    except Exception:  # noqa: BLE001 -- metadata that cannot be read
        return _UNKNOWN


def _one_of_several(plugin: Installed, plugins: Iterable[Installed]) -> Installed:
    owners = " and ".join(sorted(other.distribution for other in plugins if other.name == plugin.name))
    return replace(plugin, broken=f"the name {plugin.name!r} is used by {owners}; uninstall all but one")
