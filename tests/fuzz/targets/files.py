"""`config`: any bytes as a configuration file are settings or ConfigError, and no message shows a secret."""

import tempfile
from pathlib import Path

from llmcache.config.lines import lines_of
from llmcache.config.reading import read_document
from llmcache.config.resolving import resolve, written_stores
from llmcache.errors import ConfigError, UsageError
from tests.fuzz.feed import Feed, as_text

_SECRET = "zQ7-canary-91xk"
_FOLDER = tempfile.TemporaryDirectory(prefix="llmcache-fuzz-")
_FILES = (Path(_FOLDER.name, "llmcache.toml"), Path(_FOLDER.name, "pyproject.toml"))
_ENVIRONMENT = {"PASSWORD": _SECRET, "HOST": "cache.internal", "EMPTY": ""}

SEEDS = (
    b"""\x00[llmcache]
namespace = "shop"
profile = "dev"
responses = { ttl = "7d" }
[profiles.dev]
store = "sqlite:./x"
history = { ttl = 30, sliding = true, max_messages = 200 }
[profiles.prod]
store = "shared"
[stores.shared]
url = "redis://:${PASSWORD}@${HOST}:6379/0"
""",
    b'\x01[tool.llmcache]\nstore = "sqlite:"\nnamespace = "a/${HOST}"\n',
    b'\x00[stores."a b"]\nurl = \'memory:?max_bytes=1MiB\' # x\n[profiles]\nx.store = "a b"\n[llmcache]\nprofile="x"\n',
    b'\x00[llmcache]\nstore = """redis://u:p@h/"""\nttl = [1, {a = 2}]\n',
)


def check(data: bytes) -> None:
    """Read a file, and resolve what it says."""
    feed = Feed(data)
    way, content = feed.byte() % 3, feed.rest()
    if way == 2:
        lines_of(as_text(content))
        return
    file = _FILES[way]
    file.write_bytes(content)
    document = read_document(file)
    shown = [mistake.text for mistake in document.mistakes] + [store.shown for store in written_stores(document)]
    try:
        settings = resolve(str(file), environment=_ENVIRONMENT)
        # A namespace is no secret and is shown as it is, whatever somebody puts there.
        if _SECRET not in settings.namespace.text:
            shown += [repr(setting) for setting in settings.listed]
            shown.append(repr(settings))
    except (ConfigError, UsageError) as error:
        shown.append(str(error))
    assert not any(_SECRET in text for text in shown)
