"""Names for quantities, so that a signature says its unit."""

from typing import Any, TypeAlias

Seconds: TypeAlias = float
"""A length of time, in seconds."""

Instant: TypeAlias = float
"""A point in time: seconds since the Unix epoch, UTC, as `time.time()` counts them."""

Share: TypeAlias = float
"""A part of something, from 0 (nothing) to 1 (all of it)."""

Plain: TypeAlias = Any
"""JSON-like data: None, bool, int, float, str, and lists and str-keyed dicts of these.

An alias of Any because that is what a user's own values are, as in `json.loads`; `codec.plain` checks it.
"""
