"""A report as JSON in a file, and the few facts of it that the docs show."""

import json
from collections.abc import Mapping
from typing import Any

from llmcache_conformance.report import Report


def as_json(report: Report) -> str:
    """Return the report as a JSON document."""
    return json.dumps(report.to_json(), indent=1) + "\n"


def facts(stored: Mapping[str, Any]) -> dict[str, str]:
    """Return what a stored report says of its store, for a table: one text for each fact."""
    capabilities = stored["capabilities"]
    limits = capabilities["limits"]
    counts = stored["counts"]
    return {
        "store": stored["store"],
        "key-value": stored["profiles"]["key-value"],
        "log": stored["profiles"]["log"],
        "scan": stored["profiles"]["scan"],
        "vector": _vector(stored),
        "persistent": _yes(capabilities["persistent"]),
        "shared": _yes(capabilities["shared"]),
        "makes room": _room(capabilities),
        "largest body": _number(limits["max_body_bytes"], "bytes"),
        "longest time to live": _number(limits["max_ttl"], "s"),
        "most keys in a call": _number(limits["max_batch"], ""),
        "checks": ", ".join(f"{count} {status}" for status, count in counts.items() if count),
        "made": stored["made"],
        "of": ", ".join([*(f"{name} {number}" for name, number in stored["versions"].items()), *stored["notes"]]),
    }


def _vector(stored: Mapping[str, Any]) -> str:
    # Reports that were made before there were checks of vectors know nothing of them.
    verdict, index = stored["profiles"].get("vector", "not run"), stored.get("index")
    return f"{verdict}, by {index}" if index else str(verdict)


def _room(capabilities: Mapping[str, Any]) -> str:
    return "its server does" if capabilities["server_makes_room"] else "by its own bound"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _number(value: float | None, unit: str) -> str:
    return "no limit" if value is None else f"{value:,.0f} {unit}".rstrip()
