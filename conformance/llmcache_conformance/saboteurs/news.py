"""Saboteurs of telling of changes."""

from collections.abc import Sequence

from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Space
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Listening, News, Watcher
from llmcache_conformance.saboteurs.bodies import SharedMemory
from llmcache_conformance.saboteurs.saboteur import Saboteur


class NeverListens(MemoryStore):
    """Tells of every change, and never that it has begun."""

    def watch(self, watcher: Watcher) -> None:
        super().watch(lambda news: None if isinstance(news, Listening) else watcher(news))


class ListensForTheFirst(MemoryStore):
    """Serves one watcher, and forgets the others."""

    def watch(self, watcher: Watcher) -> None:
        if self._watchers:
            watcher(Listening())
        else:
            super().watch(watcher)


class TellsNothing(MemoryStore):
    """Says that it listens, and tells of nothing."""

    def _tell(self, news: News) -> None:
        pass


class TellsOfTheLastOne(MemoryStore):
    """Tells of each change when the next one is made."""

    def _tell(self, news: News) -> None:
        late, self.__dict__["late"] = self.__dict__.get("late"), news
        if late is not None:
            super()._tell(late)


class TellsOfOthers(MemoryStore):
    """Tells of another key than the one that has changed."""

    def _tell(self, news: News) -> None:
        if isinstance(news, Changed):
            news = Changed([Key(key.space, key.name[:-1] + "!") for key in news.keys], news.spaces)
        super()._tell(news)


class TellsOfTheFirst(MemoryStore):
    """Tells of the first key of a call."""

    def _tell(self, news: News) -> None:
        super()._tell(Changed(news.keys[:1], news.spaces) if isinstance(news, Changed) else news)


class TellsBefore(MemoryStore):
    """Tells of a put before it is made."""

    def put_many(self, puts: Sequence[Put]) -> None:
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            watcher(Changed([put.key for put in puts]))
        super().put_many(puts)
        self._watchers = watchers


class _Unheard(MemoryStore):
    def _silently(self) -> "list[Watcher]":
        watchers, self._watchers = self._watchers, []
        return watchers


class ForgetsConditionalPuts(_Unheard):
    """Does not tell of what is put where nothing was."""

    def put_if_absent(self, put: Put) -> bool:
        watchers = self._silently()
        is_kept = super().put_if_absent(put)
        self._watchers = watchers
        return is_kept


class ForgetsDeletions(_Unheard):
    """Does not tell of what is deleted."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        watchers = self._silently()
        super().delete_many(keys)
        self._watchers = watchers


class ForgetsConditionalDeletions(_Unheard):
    """Does not tell of what is deleted under a condition."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        watchers = self._silently()
        is_deleted = super().delete_if_equal(key, body)
        self._watchers = watchers
        return is_deleted


class ForgetsClearing(_Unheard):
    """Does not tell of what is cleared."""

    def clear(self, space: Space) -> None:
        watchers = self._silently()
        super().clear(space)
        self._watchers = watchers


class TellsOwnHandle(SharedMemory):
    """Tells the watchers of the handle that makes the change, and no others."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._watchers = []


class TellsAfterClose(SharedMemory):
    """Goes on telling what others do when it was closed."""

    def close(self) -> None:
        self._own.clear()
        super().close()


NEWS_SABOTEURS = (
    Saboteur(NeverListens, ("NEWS-1",)),
    Saboteur(ListensForTheFirst, ("NEWS-1",)),
    Saboteur(TellsNothing, ("NEWS-2", "NEWS-3")),
    Saboteur(TellsOfTheLastOne, ("NEWS-2",)),
    Saboteur(TellsOfOthers, ("NEWS-2",)),
    Saboteur(TellsOfTheFirst, ("NEWS-2",)),
    Saboteur(TellsOwnHandle, ("NEWS-2",), opens_same=True),
    Saboteur(TellsBefore, ("NEWS-2",)),
    Saboteur(ForgetsConditionalPuts, ("NEWS-2",)),
    Saboteur(ForgetsDeletions, ("NEWS-2",)),
    Saboteur(ForgetsConditionalDeletions, ("NEWS-2",)),
    Saboteur(ForgetsClearing, ("NEWS-3",)),
    Saboteur(TellsAfterClose, ("NEWS-4",), opens_same=True),
)
