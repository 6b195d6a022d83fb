"""Saboteurs that confuse keys."""

import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed
from llmcache_conformance.saboteurs.saboteur import Saboteur


class Rekeying(MemoryStore):
    """Files everything under another key than was asked."""

    def rekey(self, key: Key) -> Key:
        """Return the key that is used instead of `key`."""
        raise NotImplementedError

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return super().get_many([self.rekey(key) for key in keys])

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many([Put(self.rekey(put.key), put.body, put.ttl) for put in puts])

    def put_if_absent(self, put: Put) -> bool:
        return super().put_if_absent(Put(self.rekey(put.key), put.body, put.ttl))

    def delete_many(self, keys: Sequence[Key]) -> None:
        super().delete_many([self.rekey(key) for key in keys])

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return super().delete_if_equal(self.rekey(key), body)

    def clear(self, space: Space) -> None:
        super().clear(self.rekey(Key(space, "name")).space)

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return super().append(self.rekey(log), bodies, max_length=max_length, ttl=ttl)

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return super().read_log(self.rekey(log), start, stop)

    def log_length(self, log: Key) -> int:
        return super().log_length(self.rekey(log))

    def delete_log(self, log: Key) -> None:
        super().delete_log(self.rekey(log))

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        behind = None if after is None else self.rekey(after)
        return super().scan(self.rekey(Key(space, "name")).space, after=behind, count=count)


class Renaming(Rekeying):
    """Files everything under another name."""

    def rename(self, name: str) -> str:
        """Return the name that is used instead of `name`."""
        raise NotImplementedError

    def rekey(self, key: Key) -> Key:
        return Key(key.space, self.rename(key.name) or "nothing")


class FoldsCase(Renaming):
    """Takes "A" for "a"."""

    def rename(self, name: str) -> str:
        return name.lower()


class StripsNames(Renaming):
    """Takes "a " for "a"."""

    def rename(self, name: str) -> str:
        return name.strip()


class NormalisesNames(Renaming):
    """Takes decomposed letters for composed ones."""

    def rename(self, name: str) -> str:
        return unicodedata.normalize("NFC", name)


class CutsNamesAtNul(Renaming):
    """Ends a name where a C string ends."""

    def rename(self, name: str) -> str:
        return name.split("\x00", maxsplit=1)[0]


class ShortensNames(Renaming):
    """Looks at the first 255 characters, as a file name does."""

    def rename(self, name: str) -> str:
        return name[:255]


class UnescapesNames(Renaming):
    """Takes "%61" for "a"."""

    def rename(self, name: str) -> str:
        return unquote(name, errors="surrogatepass")


class TakesNamesForNumbers(Renaming):
    """Takes "01" and "1.0" for "1", as a column with numeric affinity does."""

    def rename(self, name: str) -> str:
        try:
            return f"{float(name):g}"
        except ValueError:
            return name


class DropsLoneSurrogates(Renaming):
    """Loses what is not valid UTF-8."""

    def rename(self, name: str) -> str:
        return name.encode("utf-8", "ignore").decode()


class IgnoresNamespaces(Rekeying):
    """Keeps the entries of all namespaces together."""

    def rekey(self, key: Key) -> Key:
        return Key(Space(Namespace(("all",)), key.space.kind), key.name)


class JoinsNamespaceAndName(Rekeying):
    """Takes the name "b/name" in "a" for the name "name" in "a/b"."""

    def rekey(self, key: Key) -> Key:
        parts = (*key.space.namespace.parts, *key.name.split("/"))
        return Key(Space(Namespace(("all",)), key.space.kind), "/".join(parts)[-400:])


class IgnoresKinds(Rekeying):
    """Keeps answers, leases and marks of one name together."""

    def rekey(self, key: Key) -> Key:
        kind = key.space.kind if key.space.kind.is_log else Kind.RESPONSE
        return Key(Space(key.space.namespace, kind), key.name)


class FindsTheNext(MemoryStore):
    """Answers a missing key with one whose name begins like it."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        return [self._like(key) if body is None else body for key, body in zip(keys, found, strict=True)]

    def _like(self, key: Key) -> bytes | None:
        for listed in self.scan(key.space, count=1_000):
            if listed.key.name.startswith(key.name):
                return super().get_many((listed.key,))[0]
        return None


class FindsLogsAsEntries(MemoryStore):
    """Answers a missing entry with the first body of a log of the same name."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        return [self._of_log(key) if body is None else body for key, body in zip(keys, found, strict=True)]

    def _of_log(self, key: Key) -> bytes | None:
        return next(iter(self.read_log(Key(Space(key.space.namespace, Kind.HISTORY), key.name), 0, 1)), None)


NAME_SABOTEURS = (
    *(
        Saboteur(store, ("KV-15",))
        for store in (
            FoldsCase,
            StripsNames,
            NormalisesNames,
            CutsNamesAtNul,
            ShortensNames,
            UnescapesNames,
            TakesNamesForNumbers,
            DropsLoneSurrogates,
            IgnoresNamespaces,
            JoinsNamespaceAndName,
            IgnoresKinds,
        )
    ),
    Saboteur(FindsTheNext, ("KV-2",)),
    Saboteur(FindsLogsAsEntries, ("LOG-12",)),
)
