"""From a store URL to an open store."""

from pathlib import Path

from llmcache.config.sources import cache_folder, folder_named
from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_disk.doors import open_pair
from llmcache_disk.place import Place
from llmcache_disk.settings import Settings


def open_target(target: Target) -> StorePair:
    """Open the folder that `disk:FOLDER` names; no folder means "disk" in the user's cache folder."""
    return open_pair(folder_of(target.address), clock=target.clock, **target.options)


def check_target(target: Target) -> None:
    """Raise where the address names no folder, or an option is out of range."""
    folder_of(target.address)
    Settings.of(target.options, target.clock)


def is_there(target: Target) -> bool:
    """True where a cache is in the folder; opening would make one otherwise."""
    try:
        return Path(Place.at(folder_of(target.address)).file).exists()
    except OSError:
        # Perhaps it is there and may not be looked at: opening it says what is wrong.
        return True


def folder_of(address: str) -> Path:
    """Return the folder of an address; an empty one means the user's cache folder."""
    return folder_named("disk", address) or cache_folder() / "disk"
