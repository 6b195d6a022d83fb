"""The demonstration of the semantic cache: on every kind of store, and as people and programs see it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from langchain_core.globals import set_llm_cache

from llmcache.cli.demonstrating import demo
from llmcache.model.units import Plain
from llmcache_langchain.demo import meaning, meaning_part, meaning_show, meanings, story
from llmcache_langchain.demo.model import LocalModel
from tests.demo.test_demo import run

WHY_NOT = ["order", "numbers", "negation", "opposites", ""]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalModel]:
    """The local model, where LangChain's client looks for it."""
    with LocalModel(meanings.answer) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield running
    set_llm_cache(None)


def asked(store: str, questions: tuple[str, ...], kept: tuple[str, ...] = ()) -> list[dict[str, Plain]]:
    """Ask questions as a process of the demonstration does."""
    told: list[dict[str, Plain]] = []
    task = {"questions": questions, "kept": kept, "store": store, "namespace": meaning.NAMESPACE, "model": "local"}
    meaning_part.ask_all(task, told.append)
    return told


@pytest.mark.stores(needs="persistent")
def test_the_same_is_answered_and_the_rest_is_not(url: str, model: LocalModel) -> None:
    """On every store: four paraphrases get the kept answers, and four reversals and a stranger are asked of the model."""
    kept = asked(url, meanings.KEPT)
    same, other = (asked(url, questions, meanings.KEPT) for questions in (meanings.SAME, meanings.OTHER))

    assert 9 == model.calls
    assert [one["text"] for one in kept] == [one["text"] for one in same]
    assert [*meanings.KEPT] == [one["semantic"]["question"] for one in same]
    assert [0] * 4 + [1] * 5 == [one["calls"] for one in (*same, *other)]
    assert [None] * 5 == [one["semantic"] for one in other]
    assert WHY_NOT == [one["why_not"] for one in other]
    assert not {one["text"] for one in other} & {one["text"] for one in kept}


def test_what_it_prints(
    tmp_path: Path, model: LocalModel, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fits on 80 columns; a reversal that is nearer than every paraphrase stands beside who answered it, and why."""
    monkeypatch.setenv("COLUMNS", "80")
    store = f"sqlite:{tmp_path}"
    kept = asked(store, meanings.KEPT)
    same, other = (asked(store, questions, meanings.KEPT) for questions in (meanings.SAME, meanings.OTHER))
    meaning_show.show_setting(story.Chosen("local", model.base_url, is_local=True), "sqlite:./.llmcache", 0.8)
    meaning_show.show(meaning.Outcome(kept, same, other))
    printed = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in printed.splitlines()]

    assert "OPENAI_API_KEY is not set" in printed
    assert f"{meanings.KEPT[0]} 0.999 order" in lines
    assert f"{meanings.KEPT[0]} 0.979 the same" in lines
    assert f"{meanings.KEPT[2]} 0.172 too far away" in lines
    assert "0.999 is nearer than any of them" in printed
    assert max(one["cosine"] for one in same) < 0.999
    assert 80 >= max(map(len, printed.splitlines()))
    assert "\x1b" not in printed


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_two_processes(tmp_path: Path) -> None:
    """What the first one kept answers the second one; one document for programs says so."""
    done = run(tmp_path, "demo", "--semantic", "--json", "--delay", "0")

    assert 0 == done.returncode, done.stderr
    told = json.loads(done.stdout)
    assert [1] * 4 == [one["calls"] for one in told["kept"]]
    assert [0] * 4 == [one["calls"] for one in told["same"]]
    assert WHY_NOT == [one["why_not"] for one in told["other"]]
    assert ("all-MiniLM-L6-v2", True) == (told["embedding_model"], told["model"]["local"])


def test_one_demonstration_at_a_time() -> None:
    """Two at once are a mistake in the call."""
    done = CliRunner().invoke(demo, ["--semantic", "--vectors"])

    assert 2 == done.exit_code
    assert "choose one" in done.output


def test_a_second_run_begins_anew(tmp_path: Path, model: LocalModel) -> None:
    """What an earlier one kept is neither served nor compared with."""
    store = f"sqlite:{tmp_path}"
    asked(store, meanings.KEPT)
    story.clear_traces(store, meaning.NAMESPACE)

    assert [1] * 4 == [one["calls"] for one in asked(store, meanings.SAME)]
