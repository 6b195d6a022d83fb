"""Stored names: no two keys meet, and lists are in the order of physical keys."""

from hypothesis import given
from hypothesis import strategies as st

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore
from llmcache_sqlite.names import first_digest_behind, key_of, stored_name
from tests.sqlite.things import SPACE, engine_of, key, put

DIGEST = "0123456789abcdef" * 4
ALMOST = (
    "F" + DIGEST[1:],
    " " + DIGEST[1:],
    DIGEST[:-1],
    DIGEST + "0",
    DIGEST[:-2] + "g0",
    DIGEST[:-1] + "_",
    "0" * 62 + "\n ",
)

escaped = st.text("0123456789abcdefgABF%._~-zZ", max_size=70)
digests = st.binary(min_size=32, max_size=32)


def test_digest_is_stored_as_its_bytes() -> None:
    """A digest takes 32 bytes; what only looks like one is stored as text."""
    assert bytes.fromhex(DIGEST) == stored_name(Key(SPACE, DIGEST))
    assert [str] * len(ALMOST) == [type(stored_name(Key(SPACE, name))) for name in ALMOST]


@given(
    st.lists(st.one_of(st.sampled_from((DIGEST, *ALMOST)), st.text(min_size=1, max_size=30)), unique=True, max_size=8)
)
def test_names_are_read_back(names: list[str]) -> None:
    """Every name comes back as it was, so no two are stored as one."""
    keys = [Key(SPACE, name) for name in names]

    assert keys == [key_of(SPACE, stored_name(one)) for one in keys]
    assert len(names) == len({stored_name(one) for one in keys})


@given(escaped, digests)
def test_first_digest_behind_is_where_greater_ones_begin(text: str, digest: bytes) -> None:
    """A digest is at or after the bound exactly when its hexadecimal is greater than the text."""
    bound = first_digest_behind(text)

    assert (digest.hex() > text) == (bound is not None and digest >= bound)


@given(digests, st.integers(0, 64), st.sampled_from(["", "%", "f", "g", "G", "0", "00"]))
def test_first_digest_behind_the_start_of_one(digest: bytes, length: int, end: str) -> None:
    """The same near the digest itself, where it is decided."""
    text = digest.hex()[:length] + end
    bound = first_digest_behind(text)

    assert (digest.hex() > text) == (bound is not None and digest >= bound)


def test_nothing_is_behind_the_last() -> None:
    """Behind the last digest, and behind any letter after f, there is none."""
    assert [None, None, None] == [first_digest_behind(text) for text in ("f" * 64, "g", "f" * 65)]


def test_digests_texts_and_logs_are_listed_in_one_order(store: SqliteStore) -> None:
    """A space that holds digests, other names and logs is paged through in the order of physical keys."""
    names = ["0", "00f", DIGEST, *ALMOST, "f" * 64, "e" * 64, "zebra", "Ä", "a/b"]
    space = Space(Namespace(("shop",)), Kind.HISTORY)
    keys = [Key(space, name) for name in names]
    for number, one in enumerate(keys):
        if number % 3:
            store.append(one, [b"body"])
        else:
            store.put_many((Put(one, b"body"),))
    found: list[Key] = []
    for count in (1, 2, 5, 100):
        found.clear()
        while page := store.scan(space, after=found[-1] if found else None, count=count):
            found += [listed.key for listed in page]

        assert sorted(one.physical for one in keys) == [one.physical for one in found]


def test_foreign_rows_are_not_listed(store: SqliteStore) -> None:
    """Spaces and names that no release of ours wrote are left out of the lists."""
    put(store, "a")
    file = engine_of(store).file
    with file.gate:
        execute = file.writer().execute
        execute("INSERT INTO entry (space, name, used, sum, body) VALUES (1, 'not:ours', 0, 0, x'')")
        execute("INSERT INTO space (id, prefix) VALUES (77, 'llmcache:9:whatever')")
        execute("INSERT INTO entry (space, name, used, sum, body) VALUES (77, 'a', 0, 0, x'')")

    assert [key("a")] == [listed.key for listed in store.scan(SPACE)]
    assert [SPACE] == [use.space for use in store.spaces()]
