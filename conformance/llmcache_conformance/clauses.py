"""The numbered sentences of the contract, word for word as they stand in `llmcache.protocols`.

A clause's text is what stands before its number there; a test compares. Numbers are never given anew: a sentence
that goes takes its number with it.
"""

from collections.abc import Mapping
from types import MappingProxyType

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "KV-1": "Return one slot per key, in the order of `keys`",
        "KV-2": "A missing or expired key gives `None`, which no body equals, an empty one included",
        "KV-3": "Duplicates are answered twice, and no keys give an empty sequence",
        "KV-4": "A body is returned exactly as it was put, as `bytes`",
        "KV-5": "Keep each body under its key, replacing body and time to live together",
        "KV-6": "When it returns, every handle on the store reads the new bodies",
        "KV-7": (
            "An entry is never returned at or after its time to live plus `limits.ttl_resolution`, "
            "and not dropped before it but to make room"
        ),
        "KV-8": "A time to live is zero, negative, infinite, NaN, or no number, which a truth value is not",
        "KV-9": "All puts are checked before the first is written: one wrong put and nothing is written",
        "KV-10": "Each put is atomic, the set is not",
        "KV-11": "Keep the body if the key is missing or expired, and return whether it was kept",
        "KV-12": "Make every key missing; a key that is missing already is no error",
        "KV-13": ("Delete `key` if its present body equals `body`, in one atomic step; return whether it was deleted"),
        "KV-14": "Make every key of `space` missing, logs included, and touch no other space",
        "KV-15": "Keys of different namespace, kind or name never meet, whatever characters they contain",
        "KV-16": "A body is over `limits.max_body_bytes`",
        "KV-17": "a body is not `bytes`",
        "KV-18": "Every other method raises `ClosedError` from then on",
        "KV-19": "A store that makes room drops other evictable entries, never one that was just put",
        "KV-20": "Cancelling a call leaves the store before or after it, never half-way",
        "KV-21": (
            "Closing one handle takes nothing from the others, "
            "and what a persistent store holds is there when it is opened again"
        ),
        "KV-22": "Closing either colour closes both",
        "KV-23": "More than `limits.max_batch` keys in one call",
        "KV-24": "a time to live is over `limits.max_ttl`",
        "KV-25": "`body` is not `bytes`, even if it equals what is there",
        "KV-26": (
            "However full it is, an entry is there as it was put or missing, and a put that finds no room raises "
            "`StoreLimit` and changes nothing"
        ),
        "LOG-1": "Add `bodies` at the end, in order, all or none",
        "LOG-2": "and return the length afterwards",
        "LOG-3": (
            "The bodies of one call stay adjacent, whatever other writers do, and the calls of one writer keep their "
            "order; no acknowledged body is lost"
        ),
        "LOG-4": (
            "With `max_length` the oldest bodies beyond it are dropped in the same atomic step: "
            "no reader ever sees a longer log"
        ),
        "LOG-5": (
            "`ttl` is the time to live of the whole log from now on, None meaning it does not expire: "
            "each append starts it anew"
        ),
        "LOG-6": "Return the bodies of `log[start:stop]`, oldest first, with the meaning of a Python slice",
        "LOG-7": "A missing or expired log is empty",
        "LOG-8": "Drop the whole log in one atomic step; a missing log is no error",
        "LOG-9": "The slice is one atomic snapshot",
        "LOG-10": "An append of no bodies changes nothing and returns the length",
        "LOG-11": "A body is not `bytes`; `max_length` is under 1; `ttl` is not positive and finite",
        "LOG-12": "a log and an entry never share a key",
        "SCAN-1": "Return every space that holds something, ordered by prefix",
        "SCAN-2": "Return at most `count` keys of `space`, ordered by physical key, beginning behind `after`",
        "SCAN-3": (
            "Repeating with `after` set to the last key of the answer, until the answer is empty, gives every key that "
            "was there the whole time exactly once, and ends"
        ),
        "SCAN-4": "Expired keys are left out",
        "SCAN-5": "`count` is under 1 or no whole number, or `after` is a key of another space",
        "NEWS-1": "`Listening` is told when it has begun",
        "NEWS-2": (
            "From then on, whichever handle makes it, each change of a key by a put, a conditional put or a deletion is "
            "told, after reads can see it, within `limits.news_delay`"
        ),
        "NEWS-3": "Of a space that is cleared the space is told, or each of its keys",
        "NEWS-4": "After `close` nothing is told",
        "VEC-1": "Add points, or replace those of the same id whole",
        "VEC-2": "of one id twice in a call the later one holds",
        "VEC-3": "When it returns, every handle finds them",
        "VEC-4": "All are checked before the first is put",
        "VEC-5": "Make points missing; one that is missing already is no error",
        "VEC-6": "Return one slot per id, in order, None where there is no point",
        "VEC-7": "A vector comes back at length 1, within `limits.vector_error` of what was put",
        "VEC-8": "Return the points nearest to `vector` by the cosine, the nearest first",
        "VEC-9": "at most `count`",
        "VEC-10": "None that has ended at `at` is among them, also at that very instant",
        "VEC-11": "nor one below `least`",
        "VEC-12": "nor one whose facts do not fit `where`",
        "VEC-13": "a missing index gives none",
        "VEC-14": (
            "What a deletion or replacement made missing is not found by any search that begins after it returned"
        ),
        "VEC-15": (
            "A search that is exact, as `capabilities.exact_vectors` says, leaves out nothing that is nearer than what "
            "it returns"
        ),
        "VEC-16": (
            "Return at most `count` points that end at or before `until` and are still kept at `at`, the first to end first"
        ),
        "VEC-17": (
            'Found points come with their vectors, as from `get_points`, if `with_vectors` is true, and with none at all, b"", if '
            "it is not"
        ),
        "VEC-18": (
            "With `over` each point is put only while the point of its id is of the version that stands there, or is missing "
            "where that is None; what others put or delete meanwhile is never replaced by it"
        ),
        "VEC-19": "With `over`, each only while it is of that version",
    }
)
