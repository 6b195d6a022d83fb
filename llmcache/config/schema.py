"""What a configuration file may hold: the one table that checks it, documents it, and makes the schema for editors.

Only what this release acts on stands here: a key that is accepted has an effect (docs/decisions/0011).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "namespace",
    "profile",
    "store",
    "url",
    "seconds",
    "count",
    "flag",
    "share",
    "coalesce",
    "secret",
    "secrets",
    "size",
    "precision",
]
Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A key with a value.

    Attributes:
        kind: What its value is; `values.read_value` checks it.
        meaning: One line for people.
        without: What holds where nobody sets it.
        example: A value as it stands in a file.
    """

    kind: Kind
    meaning: str
    without: str
    example: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose keys are known.

    Attributes:
        meaning: One line for people.
        keys: What may stand in it.
    """

    meaning: str
    keys: "Mapping[str, Option | Table | Named]"


@dataclass(frozen=True, slots=True)
class Named:
    """A table of tables that the user names.

    Attributes:
        meaning: One line for people.
        each: What may stand in each of them.
    """

    meaning: str
    each: Table


STORE = Option(
    "store",
    "where to keep it: the name of a table below [stores], or a URL",
    "the `store` beside it or above it",
    '"shared"',
)

RESPONSES = Table(
    "The answers of models.",
    {
        "store": STORE,
        "ttl": Option("seconds", "time to live of an answer", "they stay until room is needed", '"7d"'),
        "early_refresh": Option(
            "share",
            "part of a life, at its end, in which one caller asks anew and the others get what is kept",
            "none",
            '"10%"',
        ),
        "background_refresh": Option(
            "flag",
            "true: who asks anew gets what is kept, and the new answer is fetched behind them; false: they wait for it",
            "`false`",
            "true",
        ),
        "stale_if_error": Option(
            "seconds", "how long beyond its end an answer may stand in for a model that fails", "not at all", '"1d"'
        ),
        "jitter": Option(
            "share",
            "part of `ttl` by which a life is shortened at most, so that answers do not end together",
            "none",
            '"5%"',
        ),
        "coalesce": Option(
            "coalesce",
            "with whom a call that is under way is shared: nobody, the callers of this process, or other processes, too",
            '`"process"`',
            '"shared"',
        ),
        "tag_models": Option(
            "flag",
            "true: answers carry the tag `model:NAME`, so that those of one model can be cleared; a hit then looks for its mark",
            "`false`",
            "true",
        ),
    },
)

HISTORY = Table(
    "Conversations.",
    {
        "store": STORE,
        "ttl": Option("seconds", "time to live of a conversation", "for ever", '"30d"'),
        "sliding": Option(
            "flag", "true: `ttl` counts from the last append; false: from the first one", "`true`", "true"
        ),
        "max_messages": Option("count", "most messages a conversation keeps, the oldest dropped first", "all", "200"),
    },
)

EMBEDDINGS = Table(
    "The vectors of texts.",
    {
        "store": replace(STORE, without="the `store` beside it or above it, or else `responses.store`"),
        "ttl": Option("seconds", "time to live of a vector", "they stay until room is needed", '"90d"'),
        "precision": Option(
            "precision",
            "how exactly vectors are kept, in four, two or one byte a number; only `float32` gives back what the model gave",
            '`"float32"`',
            '"float16"',
        ),
    },
)

SEMANTIC = Table(
    "How sure an answer by meaning must be; `llmcache tune` learns both from your own questions.",
    {
        "similarity": Option(
            "share", "least cosine between a question and the kept one whose answer it gets", "`0.8`", "0.75"
        ),
        "margin": Option("share", "least margin of that answer over all others nearby", "`0.18`", "0.1"),
    },
)

SEAL = Table(
    "The secrets with which everything is sealed: bodies, and where wanted names.",
    {
        "keys": Option(
            "secrets",
            "what bodies are encrypted with: the first one seals, every one opens",
            "bodies are readable",
            '["${LLMCACHE_SEAL_KEY}"]',
        ),
        "names": Option(
            "secret",
            "what the names of conversations and tags, and the digests of requests, are hidden with",
            "names are readable",
            '"${LLMCACHE_SEAL_NAMES}"',
        ),
    },
)

NEAR_TTL = 30.0
"""What `near.ttl` is where nobody sets it, in seconds."""

PURPOSES: Mapping[str, Table] = {"responses": RESPONSES, "history": HISTORY, "embeddings": EMBEDDINGS}
"""What a store is used for, each with its own table."""

PROFILE = Table(
    "The settings of one environment, such as dev or prod; they hold over those of [llmcache].",
    {
        "namespace": Option(
            "namespace", "a path that keeps this application's entries apart", '`"default"`', '"shop/prod"'
        ),
        "store": Option(
            "store",
            "where to keep everything: the name of a table below [stores], or a URL",
            "an SQLite file in your cache folder",
            '"sqlite:./.llmcache"',
        ),
        **PURPOSES,
        "semantic": SEMANTIC,
        "seal": SEAL,
    },
)

MAIN = Table(
    "What holds in every profile, and which profile that is.",
    {
        "profile": Option("profile", "the profile in force, unless $LLMCACHE_PROFILE names one", "none", '"dev"'),
        **PROFILE.keys,
    },
)

PROFILES = Named("Profiles by name.", PROFILE)

NEAR = Table(
    "Copies of the store's answers and embeddings in the memory of each process.",
    {
        "max_bytes": Option("size", "most memory that the copies take, in each process", "it must be given", '"64MiB"'),
        "ttl": Option(
            "seconds",
            "longest that a copy is used: how long a change by another process may go unseen",
            f"`{NEAR_TTL:g}`",
            '"30s"',
        ),
    },
)

STORES = Named(
    "Stores by name; several profiles and purposes may use one.",
    Table(
        "One store.",
        {
            "url": Option(
                "url",
                "which store, with its options; secrets as ${NAME}, from the environment",
                "it must be given",
                '"redis://:${REDIS_PASSWORD}@cache.internal:6379/0"',
            ),
            "deadline": Option(
                "seconds",
                "longest a call about answers takes, for a store that keeps no time itself",
                "five seconds",
                '"250ms"',
            ),
            "write_behind": Option(
                "size",
                "callers go on before their answer is written; most that waits, in each process",
                "they wait for it",
                '"16MiB"',
            ),
            "near": NEAR,
        },
    ),
)

FILE = Table("llmcache.toml", {"llmcache": MAIN, "profiles": PROFILES, "stores": STORES})
"""A file of its own."""

SECTION = Table("[tool.llmcache] of pyproject.toml", {**MAIN.keys, "profiles": PROFILES, "stores": STORES})
"""The same inside a project's file: what stands in [llmcache] there stands in [tool.llmcache] here."""

REQUIRED: frozenset[str] = frozenset({"url", "max_bytes"})
"""Keys that must be there where their table is."""


def options_of(table: Table, path: Path = ()) -> Iterator[tuple[Path, Option]]:
    """Give every option of `table` and of the tables inside it; a name that the user chooses is "NAME"."""
    for name, entry in table.keys.items():
        if isinstance(entry, Option):
            yield (*path, name), entry
        elif isinstance(entry, Named):
            yield from options_of(entry.each, (*path, name, "NAME"))
        else:
            yield from options_of(entry, (*path, name))
