"""The stand-in answers Momento's own SDK, in both colours, as the service is documented to."""

from datetime import timedelta
from typing import Any

import pytest
from momento.errors import MomentoErrorCode
from momento.requests import CollectionTtl, SortOrder

from llmcache_momento.local import MomentoLocal
from tests.momento.driving import Clock, Sdk

SECOND = timedelta(seconds=1)


def test_caches_are_made_listed_emptied_and_dropped(sdk: Sdk) -> None:
    """Creating twice says so, and a missing one cannot be dropped."""
    made = [sdk.name_of("create_cache", name) for name in ("new", "new", "shop")]
    names = {cache.name for cache in sdk("list_caches").caches}
    sdk("set", "new", "key", "value")
    emptied = sdk.name_of("flush_cache", "new")
    after = sdk.name_of("get", "new", "key")
    dropped = [sdk.name_of("delete_cache", "new"), sdk.name_of("delete_cache", "new")]

    assert ["Success", "CacheAlreadyExists", "CacheAlreadyExists"] == made
    assert {"shop", "new"} == names
    assert ("Success", "Miss", ["Success", "Error"]) == (emptied, after, dropped)


def test_scalars_live_until_they_expire(sdk: Sdk, clock: Clock) -> None:
    """Set, get, delete, and the end of a time to live."""
    sdk("set", "shop", "short", "1", SECOND)
    sdk("set", "shop", "long", b"\x00\xff")
    before = sdk("get", "shop", "short").value_string, sdk("get", "shop", "long").value_bytes
    clock.now += 1.0
    after = sdk.name_of("get", "shop", "short"), sdk.name_of("get", "shop", "long")
    sdk("delete", "shop", "long")

    assert ("1", b"\x00\xff") == before
    assert ("Miss", "Hit") == after
    assert "Miss" == sdk.name_of("get", "shop", "long")


def test_a_scalar_is_set_only_where_nothing_is(sdk: Sdk, clock: Clock) -> None:
    """And again once it expired."""
    first = sdk.name_of("set_if_not_exists", "shop", "key", "1", SECOND)
    second = sdk.name_of("set_if_not_exists", "shop", "key", "2", SECOND)
    clock.now += 1.0
    third = sdk.name_of("set_if_not_exists", "shop", "key", "3", SECOND)

    assert ("Stored", "NotStored", "Stored", "3") == (first, second, third, sdk("get", "shop", "key").value_string)


def test_integers_are_added_to(sdk: Sdk) -> None:
    """From nothing, down, and not where there is none."""
    sums = [sdk("increment", "shop", "key", amount).value for amount in (5, -7)]
    sdk("set", "shop", "text", "five")
    sdk("set", "shop", "most", str(2**63 - 1))

    assert [5, -2] == sums
    for name in ("text", "most"):
        assert MomentoErrorCode.FAILED_PRECONDITION_ERROR == sdk("increment", "shop", name, 1).error_code


def test_dictionaries_keep_fields(sdk: Sdk) -> None:
    """Set, get, add, fetch, remove, until nothing is left."""
    sdk("dictionary_set_fields", "shop", "d", {"a": "1", "b": "2"})
    sdk("dictionary_set_field", "shop", "d", "c", "3")
    total = sdk("dictionary_increment", "shop", "d", "a", 4).value
    one, other = sdk("dictionary_get_field", "shop", "d", "a"), sdk.name_of("dictionary_get_field", "shop", "d", "z")
    some = sdk("dictionary_get_fields", "shop", "d", ["a", "z", "b"]).value_dictionary_string_string
    sdk("dictionary_remove_field", "shop", "d", "b")
    whole = sdk("dictionary_fetch", "shop", "d").value_dictionary_string_string
    sdk("dictionary_remove_fields", "shop", "d", ["a", "c"])

    assert (5, "5", "Miss") == (total, one.value_string, other)
    assert ({"a": "5", "b": "2"}, {"a": "5", "c": "3"}) == (some, whole)
    assert ["Miss"] * 3 == [
        sdk.name_of("dictionary_fetch", "shop", "d"),
        sdk.name_of("dictionary_get_field", "shop", "d", "a"),
        sdk.name_of("dictionary_remove_field", "shop", "d", "a").replace("Success", "Miss"),
    ]


def test_lists_grow_at_both_ends_and_are_capped_at_the_other(sdk: Sdk) -> None:
    """Concatenate, push, pop, remove; a cap drops from the far end; what is empty is gone."""
    back = sdk("list_concatenate_back", "shop", "l", ["3", "4"]).list_length
    front = sdk("list_concatenate_front", "shop", "l", ["1", "2"]).list_length
    sdk("list_push_back", "shop", "l", "5", truncate_front_to_size=4)
    sdk("list_push_front", "shop", "l", "0", truncate_back_to_size=4)
    whole = sdk("list_fetch", "shop", "l").value_list_string
    sdk("list_remove_value", "shop", "l", "3")
    popped = sdk("list_pop_front", "shop", "l").value_string, sdk("list_pop_back", "shop", "l").value_string
    length = sdk("list_length", "shop", "l").length
    sdk("list_pop_back", "shop", "l")

    assert (2, 4, ["0", "2", "3", "4"]) == (back, front, whole)
    assert (("0", "4"), 1) == (popped, length)
    assert ["Miss"] * 4 == [
        sdk.name_of(f"list_{what}", "shop", "l") for what in ("fetch", "length", "pop_back", "pop_front")
    ]
    assert "Error" == sdk.name_of("list_concatenate_back", "shop", "l", [])


def test_sets_keep_elements_once(sdk: Sdk) -> None:
    """Add, fetch, remove."""
    sdk("set_add_elements", "shop", "s", {"a", "b"})
    sdk("set_add_element", "shop", "s", "a")
    both = sdk("set_fetch", "shop", "s").value_set_string
    sdk("set_remove_element", "shop", "s", "a")
    one = sdk("set_fetch", "shop", "s").value_set_string
    sdk("set_remove_elements", "shop", "s", {"b", "c"})

    assert ({"a", "b"}, {"b"}, "Miss") == (both, one, sdk.name_of("set_fetch", "shop", "s"))
    assert "Success" == sdk.name_of("set_remove_element", "shop", "s", "b")


def test_sorted_sets_rank_by_score(sdk: Sdk) -> None:
    """Put, fetch by rank and by score in both orders, score, rank, add, remove."""
    sdk("sorted_set_put_elements", "shop", "z", {"a": 3.0, "b": 1.0, "c": 2.0, "d": 4.0})
    by_rank = sdk("sorted_set_fetch_by_rank", "shop", "z", start_rank=1, end_rank=3, sort_order=SortOrder.DESCENDING)
    by_score = sdk("sorted_set_fetch_by_score", "shop", "z", min_score=2.0, max_score=4.0, offset=1, count=1)
    score, rank = sdk("sorted_set_get_score", "shop", "z", "a").score, sdk("sorted_set_get_rank", "shop", "z", "a").rank
    missing = (
        sdk.name_of("sorted_set_get_score", "shop", "z", "q"),
        sdk.name_of("sorted_set_get_rank", "shop", "z", "q"),
    )
    total = sdk("sorted_set_increment_score", "shop", "z", "b", 8.0).score
    sdk("sorted_set_remove_element", "shop", "z", "a")
    sdk("sorted_set_remove_elements", "shop", "z", ["c", "d"])

    assert [("a", 3.0), ("c", 2.0)] == by_rank.value_list_string
    assert [("a", 3.0)] == by_score.value_list_string
    assert (3.0, 2, ("Miss", "Miss"), 9.0) == (score, rank, missing, total)
    assert [("b", 9.0)] == sdk("sorted_set_fetch_by_rank", "shop", "z").value_list_string


@pytest.mark.parametrize(
    ("add", "element", "fetch"),
    [
        ("list_push_back", ("v",), "list_fetch"),
        ("set_add_element", ("v",), "set_fetch"),
        ("dictionary_set_field", ("f", "v"), "dictionary_fetch"),
        ("sorted_set_put_element", ("v", 1.0), "sorted_set_fetch_by_rank"),
    ],
)
def test_a_collection_lives_by_its_last_change_or_by_its_first(
    add: str, element: tuple[Any, ...], fetch: str, sdk: Sdk, clock: Clock
) -> None:
    """A change starts the time anew unless it says otherwise."""
    found: list[str] = []
    for name, ttl in (
        ("anew", CollectionTtl.of(SECOND)),
        ("once", CollectionTtl.of(SECOND).with_no_refresh_ttl_on_updates()),
    ):
        sdk(add, "shop", name, *element, ttl=ttl)
        clock.now += 0.75
        sdk(add, "shop", name, *element, ttl=ttl)
        clock.now += 0.75
        found.append(sdk.name_of(fetch, "shop", name))

    assert ["Hit", "Miss"] == found


def test_an_item_of_another_type_is_refused(sdk: Sdk) -> None:
    """And stays what it was."""
    sdk("set", "shop", "key", "scalar")
    codes = {
        sdk("list_push_back", "shop", "key", "v").error_code,
        sdk("set_add_element", "shop", "key", "v").error_code,
        sdk("dictionary_fetch", "shop", "key").error_code,
        sdk("sorted_set_get_rank", "shop", "key", "v").error_code,
    }

    assert {MomentoErrorCode.FAILED_PRECONDITION_ERROR} == codes
    assert "scalar" == sdk("get", "shop", "key").value_string


def test_a_missing_cache_is_not_found(sdk: Sdk) -> None:
    """By reading, writing and emptying."""
    codes = {
        sdk("get", "no", "k").error_code,
        sdk("set", "no", "k", "v").error_code,
        sdk("flush_cache", "no").error_code,
    }

    assert {MomentoErrorCode.NOT_FOUND_ERROR} == codes


def test_signing_keys_are_made_listed_and_revoked(sdk: Sdk, clock: Clock) -> None:
    """Until they expire."""
    made = [sdk("create_signing_key", timedelta(minutes=minutes)).key_id for minutes in (1, 2, 3)]
    revoked = sdk.name_of("revoke_signing_key", made[1])
    before = {each.key_id for each in sdk("list_signing_keys").signing_keys}
    clock.now += 60
    after = {each.key_id for each in sdk("list_signing_keys").signing_keys}

    assert ("Success", {made[0], made[2]}, {made[2]}) == (revoked, before, after)
    assert MomentoErrorCode.NOT_FOUND_ERROR == sdk("revoke_signing_key", made[1]).error_code


def test_calls_are_noted_without_the_key(server: MomentoLocal, sdk: Sdk) -> None:
    """Name, cache, and what came with them but for the token."""
    sdk("set", "shop", "key", "value")
    called = server.calls[-1]

    assert ("Set", "shop", 1) == (called.rpc, called.cache, server.count("Set"))
    assert "authorization" not in called.metadata
