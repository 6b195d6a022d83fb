"""Where a cache that was not told its store finds it: the environment, a file, then the embedded default.

One source holds, the first that is found; two are never merged. So that whoever reads the program, the environment or the file
sees the whole of it, and a file that lies somewhere cannot change what an address given in the program means.
"""

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmcache.config.url import is_file, masked
from llmcache.errors import ConfigError

URL_VARIABLE = "LLMCACHE_URL"
CONFIG_VARIABLE = "LLMCACHE_CONFIG"
PROFILE_VARIABLE = "LLMCACHE_PROFILE"
NAMESPACE_VARIABLE = "LLMCACHE_NAMESPACE"
VARIABLES = (URL_VARIABLE, CONFIG_VARIABLE, PROFILE_VARIABLE, NAMESPACE_VARIABLE)
FILE_NAME = "llmcache.toml"
PROJECT_FILE = "pyproject.toml"
ARGUMENT = "the argument"
DEFAULT = "the default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the store comes from: an address, a file, or neither.

    Attributes:
        origin: Who named it, in words.
        url: A store URL, secrets included; None where it is not one.
        file: A configuration file; None where it is not one.
    """

    origin: str
    url: str | None = field(default=None, repr=False)
    file: Path | None = None


def find_source(given: str | Path | None, environment: Mapping[str, str], folder: Path | None = None) -> Source:
    """Return the source that holds: the argument, $LLMCACHE_URL, $LLMCACHE_CONFIG, a file from the folder upward, or none.

    Args:
        given: A store URL, the path of a TOML file, as text or as a `Path`, or None.
        folder: Where the search begins; None means the working folder.

    Raises:
        ConfigError: A variable names something else than it should.
    """
    if isinstance(given, Path):
        given = str(given)
    if given is not None:
        is_path = isinstance(given, str) and is_file(given)
        return Source(ARGUMENT, file=at_home(given)) if is_path else Source(ARGUMENT, url=given)
    url, named = environment.get(URL_VARIABLE), environment.get(CONFIG_VARIABLE)
    if url:
        if is_file(url):
            raise ConfigError(f"{URL_VARIABLE} is the path {masked(url)!r}; a file is named by {CONFIG_VARIABLE}")
        return Source(f"${URL_VARIABLE}", url=url)
    if named:
        if not is_file(named):
            raise ConfigError(f"{CONFIG_VARIABLE} is {masked(named)!r}; allowed is the path of a .toml file")
        return Source(f"${CONFIG_VARIABLE}", file=at_home(named))
    try:
        return _found_upward(Path.cwd() if folder is None else folder)
    except FileNotFoundError:
        return Source(DEFAULT)  # the working folder was removed


def _found_upward(folder: Path) -> Source:
    folders = [folder, *folder.parents]
    for name, is_ours in ((FILE_NAME, _is_safe), (PROJECT_FILE, _has_section)):
        for above in folders:
            if is_ours(above / name):
                return Source("found from the working folder upward", file=above / name)
    return Source(DEFAULT)


def _is_safe(path: Path) -> bool:
    """True where the file is there and nobody can have planted it.

    In a folder that everybody may write to, such as /tmp, another user could put a file for whoever works below, and have
    their prompts sent to a server. Such a file is passed over unless it is the user's own, or root's.
    """
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return False
    if not stat.S_ISREG(file.st_mode):
        return False
    is_open = bool(folder.st_mode & stat.S_IWOTH)
    return not is_open or not hasattr(os, "getuid") or file.st_uid in {0, os.getuid()}


def _has_section(path: Path) -> bool:
    """True where a project's file has settings of ours. One that cannot be read is somebody else's trouble."""
    if not _is_safe(path):
        return False
    try:
        raw = path.read_bytes()
    except OSError:
        return False
    return b"llmcache" in raw and _is_section_in(raw)


def _is_section_in(raw: bytes) -> bool:
    import tomllib  # noqa: PLC0415 -- few programs are in a project that names us

    try:
        tools = tomllib.loads(raw.decode("utf-8-sig")).get("tool")
    except ValueError:
        # Our own section in a file that is no TOML: read it, so that the mistake is said.
        return b"[tool.llmcache" in raw
    return isinstance(tools, dict) and "llmcache" in tools


def folder_named(scheme: str, address: str) -> Path | None:
    """Return the folder that a store URL's address names; None where it is empty.

    The address is a path, with `~` for the home folder, or with `//` before an absolute path.

    Raises:
        ConfigError: A host stands where a path should, or the home folder is not known.
    """
    if not address:
        return None
    if address.startswith("//"):
        if not address.startswith("///"):
            raise ConfigError(
                f"{scheme}: names a folder on this machine; write {scheme}:FOLDER or {scheme}:///ABSOLUTE/FOLDER"
            )
        address = address[2:]
        if address.startswith(("/./", "/../", "/~")):
            # Other libraries take the third slash for a separator; ours is the root folder's, as in a file: URL.
            meant = address[1:]
            raise ConfigError(
                f"{scheme}://{masked(address)} would be below the root folder; for a folder that is relative, or your home's, "
                f"write {scheme}:{masked(meant)}"
            )
    return at_home(address)


def at_home(path: str | Path) -> Path:
    """Return a path with `~` at its beginning replaced by the home folder, and `~NAME` by that of the user NAME.

    Raises:
        ConfigError: There is no such user, or the user has no home folder.
    """
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError) as error:  # the latter for a null in it
        raise ConfigError("a path begins with ~ and nobody knows that home folder; write the whole path") from error


def cache_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Return the folder for our files in the user's cache folder, by the custom of the platform; not created.

    Raises:
        ConfigError: The user has no home folder, and the environment names no other.
    """
    seen = os.environ if environment is None else environment
    if platform == "win32":
        return Path(seen.get("LOCALAPPDATA") or _home() / "AppData" / "Local") / "llmcache"
    if platform == "darwin":
        return _home() / "Library" / "Caches" / "llmcache"
    named = Path(seen.get("XDG_CACHE_HOME") or "")
    # "All paths set in these environment variables must be absolute. If [...] relative [...] ignore it." (XDG)
    return (named if named.is_absolute() else _home() / ".cache") / "llmcache"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        # A container that runs as a number no user has.
        raise ConfigError(f"the user has no home folder; set {URL_VARIABLE}, for example to sqlite:/data") from error
