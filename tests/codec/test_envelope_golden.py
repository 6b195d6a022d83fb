"""Bodies that a release has written are read by every later one.

The files in `golden/` are bodies as they lie in a store. They change only together with the format number and a decision
note; a file of an old format stays for as long as that format is read.
"""

from pathlib import Path

import pytest

from llmcache.codec.envelope import pack, unpack
from llmcache.model.entry import Entry, Provenance
from llmcache.model.key import Key
from tests.codec.strategies import same

GOLDEN = Path(__file__).parent / "golden"

RESPONSE = "llmcache:1:shop/prod:response:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
HISTORY = "llmcache:1:shop/tenant%20a:history:session-%C3%BC"

ANSWER = [
    {
        "message": {
            "type": "ai",
            "content": "It is 21 °C in Zürich.",
            "id": "lc_run--0199a8b5-5f0a-7d12-9a30-0123456789ab-0",
            "response_metadata": {"model_name": "gpt-5.4-mini", "finish_reason": "stop", "logprobs": None},
            "usage_metadata": {"input_tokens": 12, "output_tokens": 9, "total_tokens": 21},
        },
        "generation_info": {"finish_reason": "stop"},
    }
]

ENTRIES: dict[str, tuple[str, Entry]] = {
    "answer.json": (
        RESPONSE,
        Entry(
            ANSWER,
            made_at=1763800000.25,
            type="langchain",
            stale_at=1763803600.25,
            expires_at=1763886400.25,
            tags=("weather", "zürich"),
            provenance=Provenance("gpt-5.4-mini", 12, 9, 0.000125, 1.5),
        ),
    ),
    "stamped.json": (
        RESPONSE,
        Entry("it rains", 1763800000.5, tags=("weather", "zürich"), stamps=("", "0f1e2d3c4b5a69788796a5b4c3d2e1f0")),
    ),
    "least.json": (RESPONSE, Entry(None, made_at=0)),
    "message.json": (HISTORY, Entry({"type": "human", "content": "hi"}, made_at=1763800000, type="langchain")),
    "marked.json": (
        RESPONSE,
        Entry(
            {
                "$llmcache": "dict",
                "scores": [float("nan"), float("inf"), -float("inf"), -0.0],
                "large": 2**64,
                "half": "100% of an emoji: \ud83d",
                "\udfff": b"\x00\xff",
            },
            made_at=1763800000.0,
        ),
    ),
    "squeezed.bin": (RESPONSE, Entry({"answer": "all work and no play " * 1000}, made_at=1763800000.0)),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_golden_body_still_decodes(name: str) -> None:
    """A body of format 1 gives the entry it was made of."""
    physical, entry = ENTRIES[name]
    found = unpack((GOLDEN / name).read_bytes(), Key.from_physical(physical))

    assert same(entry.value, found.value)
    assert (
        entry.stamps,
        entry.made_at,
        entry.type,
        entry.stale_at,
        entry.expires_at,
        entry.tags,
        entry.provenance,
    ) == (
        found.stamps,
        found.made_at,
        found.type,
        found.stale_at,
        found.expires_at,
        found.tags,
        found.provenance,
    )


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith(".json")])
def test_golden_body_is_still_written(name: str) -> None:
    """This release writes the same bytes; compressed bodies may differ with the version of zlib."""
    physical, entry = ENTRIES[name]

    assert (GOLDEN / name).read_bytes() == pack(entry, Key.from_physical(physical))


def test_every_golden_file_is_read() -> None:
    """No file lies there untested."""
    assert set(ENTRIES) == {path.name for path in GOLDEN.iterdir()}


def test_the_page_about_the_envelope_shows_a_real_one() -> None:
    """The example of the reference page is read under the key that the page names."""
    page = (Path(__file__).parents[2] / "docs/reference/envelope.md").read_text()
    physical = page.partition("Under the key `")[2].partition("`")[0]
    body = page.partition("```json\n")[2].partition("\n```")[0]

    assert {"answer": "four"} == unpack(body.encode(), Key.from_physical(physical)).value
