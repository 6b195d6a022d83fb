"""What a store plugin says about itself: data, so that listing the stores imports none of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from llmcache.model.units import Instant
from llmcache.protocols.whole import StorePair

OptionKind = Literal["bytes", "seconds", "count", "flag", "text", "remap"]
Ability = Literal["log", "scan", "news", "persistent", "shared"]
Option = int | float | bool | str


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """One scheme and the store behind it.

    Attributes:
        scheme: The part of a store URL before the colon.
        factory: "package.module:function", imported when such a URL is opened and not before. It is called with a
            `Target` and returns a `StorePair`.
        summary: One line for `llmcache stores`.
        options: URL options that the store takes, by name, with the kind of value. "remap" is a text that
            `config.quantities.read_remap` reads, for a store whose servers name each other.
        requires: Import names of foreign packages the factory needs.
        extra: The extra of llmcache-kit that installs them; "" where there is none.
        presence: "package.module:function", called with a `Target`; it tells whether something is there, or opening
            would make it. "" where opening makes nothing that stays.
        is_path: True where the address is a file or folder of this machine. A relative one in a configuration file then
            counts from that file's folder.
        abilities: What the opened store declares of `model.capabilities` where its URL has no options, by name, so that the
            stores can be listed without opening one; empty where that is not known.
        check: "package.module:function", called with a `Target`; it raises ConfigError or UsageError where the factory would
            refuse the address or the options, and asks nothing outside of the process. "" where their names and kinds are all
            that can be checked.
        keeps_time: True where the opened store declares `limits.timeout`: a deadline from outside is then refused.
    """

    scheme: str
    factory: str
    summary: str
    options: Mapping[str, OptionKind] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    extra: str = ""
    presence: str = ""
    is_path: bool = False
    abilities: tuple[Ability, ...] = ()
    check: str = ""
    keeps_time: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What a factory is asked to open.

    Attributes:
        scheme: As in the URL.
        address: What follows the colon in the URL, unchanged; may be empty.
        options: The URL's options, checked against the spec and converted.
        clock: Tells the time of day; a store with a clock of its own uses this one.
    """

    scheme: str
    address: str = field(repr=False)
    options: Mapping[str, Option] = field(repr=False)
    clock: Callable[[], Instant]


StoreFactory = Callable[[Target], StorePair]
