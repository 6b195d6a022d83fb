"""Namespaces keep applications and tenants apart, whatever characters their names contain."""

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmcache.errors import UsageError
from llmcache.model.namespace import MAX_NAMESPACE_BYTES, MAX_PART_BYTES, Namespace, escape, unescape

# Lone surrogates too: they come from file names and broken JSON.
# A character is at most twelve bytes when escaped, so that two such paths in one are within the limit.
ANY_TEXT = st.text(st.characters(), min_size=1, max_size=5)
PARTS = st.lists(ANY_TEXT, min_size=1, max_size=4).map(tuple)


@given(ANY_TEXT)
def test_escape_round_trips(text: str) -> None:
    """What is escaped reads back as it was, NUL, emoji and lone surrogates included."""
    back = unescape(escape(text))

    assert text == back


@given(ANY_TEXT)
def test_escaped_text_is_harmless(text: str) -> None:
    """An escape has only letters, digits and `._~-%`: nothing a glob, a path, a shell or a query would act on."""
    escaped = escape(text)

    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", escaped)


@given(ANY_TEXT, ANY_TEXT)
def test_escape_is_injective(one: str, other: str) -> None:
    """Two texts never share an escape."""
    assume(one != other)

    assert escape(one) != escape(other)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("shop", "shop"),
        ("a/b", "a%2Fb"),
        ("a:b", "a%3Ab"),
        ("%", "%25"),
        ("é", "%C3%A9"),
        ("e\u0301", "e%CC%81"),
        ("\ud800", "%ED%A0%80"),
        ("\ud83d\ude00", "%ED%A0%BD%ED%B8%80"),
        ("😀", "%F0%9F%98%80"),
        ("", ""),
    ],
)
def test_escapes_stay_as_they_are(text: str, escaped: str) -> None:
    """The escape of a text is part of every stored key, so it never changes."""
    assert escaped == escape(text)


@pytest.mark.parametrize("text", ["%61", "%c3%a9", "%", "%4", "%zz", "é", "a b", "%+f", "% 1", "%C3", "a/b", "%ff"])
def test_unescape_refuses_what_escape_does_not_write(text: str) -> None:
    """A text that `escape` cannot have made is refused, so that no two physical keys mean one name."""
    with pytest.raises(UsageError, match="not an escaped name"):
        unescape(text)


@given(PARTS)
def test_namespace_text_round_trips(parts: tuple[str, ...]) -> None:
    """A namespace reads back from its text."""
    namespace = Namespace(parts)

    assert namespace == Namespace.from_text(namespace.text)


@given(PARTS, PARTS)
def test_namespaces_never_share_a_text(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Different parts give different texts, wherever their slashes are."""
    assume(one != other)

    assert Namespace(one).text != Namespace(other).text


@given(PARTS, PARTS)
def test_child_lies_below_its_parent(parent: tuple[str, ...], below: tuple[str, ...]) -> None:
    """A child begins with all of its parent, whatever it is called: ".." does not climb."""
    child = Namespace(parent).child(below)

    assert parent + below == child.parts
    assert child.text.startswith(Namespace(parent).text + "/")


def test_namespace_is_read_from_text_parts_or_itself() -> None:
    """Text is split at slashes, parts are taken raw."""
    expected = Namespace(("shop", "prod"))

    assert expected == Namespace.of("shop/prod") == Namespace.of(["shop", "prod"]) == Namespace.of(expected)
    assert ("shop/prod",) == Namespace.of(["shop/prod"]).parts
    assert "shop/prod" == str(expected)


@pytest.mark.parametrize("given_text", ["", "/", "a/", "/a", "a//b"])
def test_empty_parts_are_refused(given_text: str) -> None:
    """A slash too many is a mistake, not a namespace."""
    with pytest.raises(UsageError, match="part is empty"):
        Namespace.of(given_text)


def test_namespace_needs_a_part() -> None:
    """There is no namespace above all namespaces."""
    with pytest.raises(UsageError, match="at least one part"):
        Namespace(())


def test_part_that_is_no_text_is_refused() -> None:
    """A number is not taken for its digits."""
    with pytest.raises(UsageError, match="found int"):
        Namespace.of([7])  # type: ignore[list-item] # pyright: ignore[reportArgumentType] -- a caller may have no checker


def test_longest_part() -> None:
    """A part is at most 200 bytes when escaped; the message says how long it is and does not repeat it."""
    longest = Namespace(("x" * MAX_PART_BYTES,))

    assert "x" * 200 == longest.text
    with pytest.raises(UsageError, match="a namespace part is 204 bytes when escaped, limit 200") as raised:
        Namespace(("é" * 34,))
    assert "é" not in str(raised.value)


@pytest.mark.parametrize("tail", ["x", "é"])
def test_longest_namespace(tail: str) -> None:
    """The whole path is at most 500 bytes when escaped, slashes included, however it comes to be that long."""
    longest = Namespace(("x" * 200, "x" * 200, "x" * 98))
    parent = Namespace(("x" * 200, "x" * 200, "x" * 97))

    assert MAX_NAMESPACE_BYTES == 500 == len(longest.text) == len(parent.text) + 1
    makers: list[Callable[[], Namespace]] = [
        lambda: parent.child((tail,)),
        lambda: Namespace((*parent.parts, tail)),
        lambda: Namespace.of(f"{'/'.join(parent.parts)}/{tail}"),
        lambda: Namespace.from_text(f"{parent.text}/{escape(tail)}"),
    ]
    for make in makers:
        with pytest.raises(
            UsageError, match=rf"a namespace is {500 + len(escape(tail))} bytes when escaped, limit 500"
        ):
            make()


def test_namespace_is_shown_as_it_is_written() -> None:
    """Letters of every language are readable; a slash inside of a part is not one between parts."""
    assert "sh\u00f6p/a b/100%" == Namespace.of("sh\u00f6p/a b/100%").shown
    assert "a%2Fb/c" == Namespace(("a/b", "c")).shown
