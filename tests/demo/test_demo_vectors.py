"""The demonstration of the vector store: on every kind of store, and as people see it."""

import json
from pathlib import Path

import pytest

from llmcache_langchain.demo import shelf, shelf_show
from tests.demo.test_demo import run

OLD, ORDER, LAMP = (shelf.TEXTS[name] for name in ("opening.txt", "delivery.txt", "repairs.txt"))


def test_what_changed_is_found_with_its_new_text_on_every_store(url: str) -> None:
    """Old within the hour, new after it; what is gone is not found; one text is embedded again. A second run begins anew."""
    for _ in range(2):
        outcome = shelf.run(url)

        assert [
            (0, shelf.WEEKEND, OLD),
            (0, shelf.ORDER, ORDER),
            (0, shelf.LAMP, LAMP),
            (30, shelf.WEEKEND, OLD),
            (61, shelf.WEEKEND, shelf.NEW_TEXT),
            (61, shelf.ORDER, ORDER),
            (61, shelf.LAMP, None),
        ] == [(search.minutes, search.question, search.found) for search in outcome.searches]
        assert (4, 4, 1) == (outcome.embedded, outcome.loaded, outcome.embedded_again)


def test_what_it_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It fits on 80 columns, says that no network is used and that the clock is turned, and shows the old and the new text."""
    monkeypatch.setenv("COLUMNS", "80")
    shelf_show.show_setting("memory:")
    shelf_show.show(shelf.run("memory:"))
    printed = capsys.readouterr().out
    lines = printed.splitlines()

    assert "without a network" in printed
    assert "The demo turns its own clock" in printed
    assert printed.index(OLD) < printed.rindex(shelf.NEW_TEXT)
    assert "-> nothing near" in [line.strip() for line in lines]
    assert 80 >= max(map(len, lines))
    assert "\x1b" not in printed


@pytest.mark.slow
def test_for_programs_and_in_memory(tmp_path: Path) -> None:
    """With --json it is one document; a store that forgets will do, because nothing is restarted."""
    done = run(tmp_path, "demo", "--vectors", "--json", "--store", "memory:")
    told = json.loads(done.stdout)

    assert (0, "") == (done.returncode, done.stderr)
    assert ("all-MiniLM-L6-v2", "memory:", 3_600) == (told["model"], told["store"], told["ttl"])
    assert 7 == len(told["searches"])
