"""The JSON schema of a configuration file, for editors; made from the table that checks the file."""

import tomllib
from typing import Final, get_args

from llmcache.config.quantities import BYTES, SECONDS
from llmcache.config.schema import FILE, REQUIRED, Kind, Named, Option, Table
from llmcache.config.values import SMALLEST_SIZE
from llmcache.model.embedder import PRECISIONS
from llmcache.model.options import Coalesce
from llmcache.model.units import Plain

_UNITS, _SIZES = (
    "|".join("".join(f"[{letter}{letter.upper()}]" for letter in unit) for unit in units) for units in (SECONDS, BYTES)
)
_TEXT: Final[dict[str, Plain]] = {"type": "string", "minLength": 1}
_REFERENCE: Final[dict[str, Plain]] = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}
_VALUES: Final[dict[Kind, dict[str, Plain]]] = {
    "namespace": _TEXT,
    "profile": _TEXT,
    "store": _TEXT,
    "url": {"type": "string", "pattern": r"^(\$\{|[a-z][a-z0-9+-]*:)"},
    "seconds": {
        "anyOf": [
            {"type": "string", "pattern": rf"^\s*\d+(\.\d+)?\s*({_UNITS})\s*$"},
            {"type": "number", "exclusiveMinimum": 0},
        ]
    },
    "count": {"type": "integer", "minimum": 1},
    "flag": {"type": "boolean"},
    "share": {
        "anyOf": [
            {"type": "string", "pattern": r"^\s*\d{1,2}(\.\d+)?\s*%\s*$"},
            {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        ]
    },
    "coalesce": {"type": "string", "enum": list(get_args(Coalesce))},
    "precision": {"type": "string", "enum": list(PRECISIONS)},
    "secret": _REFERENCE,
    "secrets": {"type": "array", "items": _REFERENCE, "minItems": 1},
    "size": {
        "anyOf": [
            {"type": "string", "pattern": rf"^\s*\d+(\.\d+)?\s*({_SIZES})\s*$"},
            {"type": "integer", "minimum": SMALLEST_SIZE},
        ]
    },
}
"""What a value looks like, by kind. A schema sees the shape of one value; what takes more, `config check` finds."""


def json_schema() -> dict[str, Plain]:
    """Return the schema of a `llmcache.toml`, of draft 07, which editors of TOML understand."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "llmcache.toml", **_table(FILE)}


def _table(table: Table) -> dict[str, Plain]:
    schema: dict[str, Plain] = {
        "type": "object",
        "description": table.meaning,
        "properties": {name: _entry(entry) for name, entry in table.keys.items()},
        "additionalProperties": False,
    }
    required = sorted(REQUIRED & table.keys.keys())
    return schema | ({"required": required} if required else {})


def _entry(entry: Option | Table | Named) -> dict[str, Plain]:
    if isinstance(entry, Table):
        return _table(entry)
    if isinstance(entry, Named):
        return {
            "type": "object",
            "description": entry.meaning,
            "propertyNames": {"pattern": "^[^:]+$"},
            "additionalProperties": _table(entry.each),
        }
    example: Plain = tomllib.loads(f"example = {entry.example}")["example"]
    about = f"{entry.meaning}. Without it: {entry.without.replace('`', '')}."
    return {"description": about, "examples": [example], **_VALUES[entry.kind]}
