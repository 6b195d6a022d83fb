"""Options of the cache under chaos, as lines of a configuration file."""

from collections.abc import Sequence

OPTIONS = {
    "fresh": 'responses = { early_refresh = "20%", jitter = "10%" }',
}
"""By name; at most one of a table at a time."""


def settings_of(options: Sequence[str]) -> str:
    """Return the lines for these options; "" for none."""
    return "\n".join(OPTIONS[name] for name in options)
