"""How far a run is: told to a function, or shown where it takes long and somebody looks."""

import io
from types import SimpleNamespace

import pytest

import llmcache
from llmcache.api import progress
from llmcache.api.progress import SOON, Bar, bar_for
from tests.api.embedding import Model


class Screen(io.StringIO):
    """Standard error of somebody who looks, or of nobody."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal."""
    shown = Screen(is_terminal=True)
    # Not `sys.stderr` itself, which pytest replaces between a fixture and its test.
    monkeypatch.setattr("llmcache.api.progress.sys", SimpleNamespace(stderr=shown))
    return shown


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock for durations that the test sets."""
    now = [0.0]
    monkeypatch.setattr("llmcache.api.progress.time.monotonic", lambda: now[0])
    return now


def embed(texts: list[str], shown: progress.Progress, model: Model) -> None:
    """Embed two at a time."""
    with llmcache.open("memory:") as cache:
        cache.embeddings.embed(texts, model, model="m", batch_size=2, progress=shown)


def test_a_function_is_told_after_each_call_of_the_model() -> None:
    """How many texts have a vector, of how many different ones; what was kept counts."""
    told: list[tuple[int, int]] = []
    model = Model()
    with llmcache.open("memory:") as cache:
        cache.embeddings.embed(["x"], model, model="m")
        cache.embeddings.embed([*"xabcda"], model, model="m", batch_size=2, progress=lambda *seen: told.append(seen))
        cache.embeddings.embed([*"xabcd"], model, model="m", batch_size=2, progress=lambda *seen: told.append(seen))

    assert [(3, 5), (5, 5)] == told


def test_what_a_function_raises_passes(screen: Screen) -> None:
    """And what was embedded before is kept."""
    model = Model()

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with llmcache.open("memory:") as cache:
        with pytest.raises(InterruptedError):
            cache.embeddings.embed([*"abcd"], model, model="m", batch_size=2, progress=stop)
        cache.embeddings.embed([*"abcd"], model, model="m", batch_size=2)

    assert [["a", "b"], ["c", "d"]] == model.asked
    assert "" == screen.getvalue()


def test_a_bar_is_shown_where_it_is_asked_for(screen: Screen) -> None:
    """On one line, which ends."""
    embed([*"abcd"], True, Model())

    assert (
        "\rembedding [###############...............] 2 of 4 texts"
        "\rembedding [##############################] 4 of 4 texts\n"
    ) == screen.getvalue()


@pytest.mark.parametrize(("shown", "is_terminal"), [(False, True), (None, False)])
def test_no_bar_is_shown_to_nobody(shown: bool | None, is_terminal: bool, screen: Screen, seconds: list[float]) -> None:
    """However long it takes."""
    screen.is_terminal = is_terminal
    with bar_for(shown) as bar:
        seconds[0] = 100.0

        assert None is bar.tell
    assert "" == screen.getvalue()


def test_by_itself_a_bar_is_shown_after_a_while(screen: Screen, seconds: list[float]) -> None:
    """Where it is not done by then; what is quick shows nothing."""
    with bar_for(None) as bar:
        assert bar.tell is not None
        bar.tell(1, 4)
        early = screen.getvalue()
        seconds[0] = SOON
        bar.tell(2, 4)
        later = screen.getvalue()
    with bar_for(None) as bar:
        assert bar.tell is not None
        seconds[0] = 2 * SOON
        bar.tell(4, 4)

    assert ("", True) == (early, "2 of 4 texts" in later)
    assert later + "\n" == screen.getvalue()


def test_a_program_without_standard_error_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one without a console on Windows."""
    monkeypatch.setattr("llmcache.api.progress.sys", SimpleNamespace(stderr=None))

    assert None is bar_for(None).tell


def test_a_bar_that_was_never_told_anything_leaves_no_line(screen: Screen) -> None:
    """Nor does one whose run failed at once."""
    with pytest.raises(KeyError), Bar():
        raise KeyError

    assert "" == screen.getvalue()
