"""From the source that holds to the settings in force: value by value, the nearest word wins."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath

from llmcache.config.document import Document, Value
from llmcache.config.mistakes import error_of, nearest, shown
from llmcache.config.references import filled, filled_url, names_in, shown_url
from llmcache.config.schema import PURPOSES, SEMANTIC, Path, options_of
from llmcache.config.sealing import seal_of, secrets_of, shown_keys, variables_of
from llmcache.config.settings import NearChoice, Origin, Setting, Settings, StoreChoice
from llmcache.config.sources import ARGUMENT, DEFAULT, NAMESPACE_VARIABLE, PROFILE_VARIABLE, Source, find_source
from llmcache.config.url import parse_url
from llmcache.config.values import ALLOWED, is_url
from llmcache.errors import ConfigError, Mistake, UsageError
from llmcache.model.namespace import Namespace
from llmcache.model.seal import Seal
from llmcache.model.units import Plain

DEFAULT_URL = "sqlite:"
DEFAULT_NAMESPACE = Namespace(("default",))


def resolve(
    given: str | FilePath | None = None,
    *,
    namespace: Namespace | str | None = None,
    profile: str | None = None,
    seal: Seal | None = None,
    environment: Mapping[str, str] | None = None,
    folder: FilePath | None = None,
) -> Settings:
    """Return the settings in force.

    Args:
        given: A store URL, the path of a TOML file, or None for what the environment or a file says.
        namespace: Holds over every other.
        profile: A profile of the file; None means $LLMCACHE_PROFILE, or the one that the file names.
        seal: Holds over what a file says.
        environment: Variables; None means those of the process.
        folder: Where the search for a file begins; None means the working folder.

    Raises:
        ConfigError: The source is wrong; lists every mistake in a file.
        UsageError: An argument is wrong.
    """
    seen = os.environ if environment is None else environment
    check_namespace(namespace)
    _check_seal(seal)
    source = find_source(given, seen, folder)
    document = _read(source)
    name, origin = _profile(source, document, seen, profile)
    return _Resolving(source, document, seen, name).settings(namespace, seal, origin)


def naming_in_force(given: Namespace | str | None) -> tuple[Namespace, bytes | None]:
    """Return the namespace, and the secret that names are hidden with or None, for who needs keys and no store.

    What is said about stores is not looked at.
    """
    check_namespace(given)
    source = find_source(None, os.environ)
    document = _read(source)
    name, _ = _profile(source, document, os.environ, None)
    return _Resolving(source, document, os.environ, name).naming(given)


def written_secrets(document: Document) -> tuple[str, ...]:
    """Return the variables that hold the secrets of a file's seals, those of every profile."""
    return variables_of([value for path, value in document.values.items() if path[-2:-1] == ("seal",)])


def written_stores(document: Document) -> list[StoreChoice]:
    """Return every store of a file, whether a profile uses it or not, with its references as they are written."""
    found = [(path[1], value) for path, value in document.values.items() if path[-1] == "url"]
    found += [("", value) for path, value in document.values.items() if path[-1] == "store" and is_url(value.value)]
    return [_written(document, name, value) for name, value in found]


def _written(document: Document, name: str, value: Value) -> StoreChoice:
    text: str = value.value
    beside = {key: document.values.get(("stores", name, key)) for key in ("deadline", "write_behind")}
    said = {key: found for key, found in beside.items() if found is not None}
    return StoreChoice(
        name,
        text,
        document.folder,
        **{key: found.value for key, found in said.items()},
        shown=shown_url(text),
        origin=_origin(document, value),
        variables=names_in(text),
        origins={key: _origin(document, found) for key, found in said.items()},
    )


def check_namespace(given: object) -> None:
    """Raise UsageError unless `given` is a namespace, a text, or None."""
    if given is not None and not isinstance(given, Namespace | str):
        raise UsageError(f"namespace is a text such as 'shop/prod', found {type(given).__name__}")


def _check_seal(given: object) -> None:
    if given is not None and not isinstance(given, Seal):
        raise UsageError(f"seal is a llmcache.Seal, found {type(given).__name__}")


def _read(source: Source) -> Document:
    if source.file is None:
        return Document("", FilePath())
    from llmcache.config.reading import read_document  # noqa: PLC0415 -- reads TOML, which few programs need

    document = read_document(source.file, source.origin)
    if document.mistakes:
        raise error_of(document.mistakes)
    return document


def _profile(
    source: Source, document: Document, environment: Mapping[str, str], given: str | None
) -> tuple[str, Origin]:
    """Return the profile in force and who named it; "" where there is none."""
    named = environment.get(PROFILE_VARIABLE) or ""
    if source.file is None:
        _refuse_profile(source, given, named)
        return "", Origin(DEFAULT)
    for name, asker, what in ((given, ARGUMENT, "profile"), (named, f"${PROFILE_VARIABLE}", PROFILE_VARIABLE)):
        if name:
            if name not in document.profiles:
                raise ConfigError(_no_such_profile(what, name, document))
            return name, Origin(asker)
    written = document.values.get(("profile",))
    if written is not None:
        return written.value, _origin(document, written)
    if document.profiles and ("store",) not in document.values:
        raise ConfigError(
            f"{document.file} has the profiles {', '.join(document.profiles)} and does not say which holds; "
            f'write profile = "{document.profiles[0]}" below [llmcache], or set {PROFILE_VARIABLE}'
        )
    return "", Origin(DEFAULT)


def _refuse_profile(source: Source, given: str | None, named: str) -> None:
    """Raise where somebody asks for a profile and there is no file that could have one."""
    if given is not None:
        raise UsageError(f"profile is {given!r}, and profiles are in a file; the store comes from {source.origin}")
    # An address holds over all that is said about files; with neither, the profile cannot have been meant to be ignored.
    if named and source.url is None:
        raise ConfigError(f"{PROFILE_VARIABLE} is {named!r}, and there is no llmcache.toml from here upward")


def _no_such_profile(what: str, name: str, document: Document) -> str:
    near = nearest(name, document.profiles)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"{what} is {name!r}; profiles of {document.file} are {', '.join(document.profiles) or 'none'}{hint}"


def _origin(document: Document, found: Value | None) -> Origin:
    return Origin(DEFAULT) if found is None else Origin(document.file, found.place, found.line)


class _Resolving:
    """Chooses, option by option, the value that holds."""

    def __init__(self, source: Source, document: Document, environment: Mapping[str, str], profile: str) -> None:
        self._source = source
        self._document = document
        self._environment = environment
        self._profile = profile
        self._mistakes: list[Mistake] = []
        self._listed: list[Setting] = []

    def settings(self, namespace: Namespace | str | None, seal: Seal | None, profile_origin: Origin) -> Settings:
        if self._source.file is not None:
            self._list("profile", self._profile or None, profile_origin)
        within = self._namespace(namespace)
        responses, history = (self._store(purpose) for purpose in ("responses", "history"))
        # What embeds nothing opens no store for it.
        embeddings = self._store("embeddings", instead="responses")
        values = {path: self._option(path) for path in _OPTIONS}
        sealed = self._seal(seal)
        if self._mistakes:
            raise error_of(self._mistakes)
        return Settings(
            within,
            responses,
            history,
            embeddings,
            ttl=values["responses", "ttl"],
            early_refresh=values["responses", "early_refresh"],
            jitter=values["responses", "jitter"],
            stale_if_error=values["responses", "stale_if_error"],
            background_refresh=values["responses", "background_refresh"],
            coalesce=values["responses", "coalesce"],
            tag_models=values["responses", "tag_models"],
            history_ttl=values["history", "ttl"],
            sliding=values["history", "sliding"],
            max_messages=values["history", "max_messages"],
            embedding_ttl=values["embeddings", "ttl"],
            embedding_precision=values["embeddings", "precision"],
            similarity=values["semantic", "similarity"],
            margin=values["semantic", "margin"],
            seal=sealed,
            source=self._source,
            profile=self._profile,
            listed=tuple(self._listed),
        )

    def naming(self, namespace: Namespace | str | None) -> tuple[Namespace, bytes | None]:
        within, names = self._namespace(namespace), self._find(("seal", "names"))
        secrets = self._secrets(names)
        if self._mistakes:
            raise error_of(self._mistakes)
        return within, secrets[0] if secrets else None

    def _find(self, path: Path) -> Value | None:
        """Return what the profile says, else what [llmcache] says."""
        own = self._document.values.get(("profiles", self._profile, *path))
        return self._document.values.get(path) if own is None else own

    def _option(self, path: Path) -> Plain:
        found = self._find(path)
        value = _DEFAULTS.get(path) if found is None else found.value
        self._list(".".join(path), value, _origin(self._document, found))
        return value

    def _namespace(self, given: Namespace | str | None) -> Namespace:
        named, found = self._environment.get(NAMESPACE_VARIABLE), self._find(("namespace",))
        if given is not None:
            within, origin = Namespace.of(given), Origin(ARGUMENT)
        elif named:
            within, origin = _namespace_of_variable(named), Origin(f"${NAMESPACE_VARIABLE}")
        else:
            within, origin = self._written_namespace(found), _origin(self._document, found)
        self._list("namespace", within.shown, origin)
        return within

    def _written_namespace(self, found: Value | None) -> Namespace:
        if found is None or self._has_gaps(found):
            return DEFAULT_NAMESPACE
        try:
            return Namespace.of(filled(found.value, self._environment))
        except UsageError as error:
            self._note(found, f"{shown(found.value)}, filled from the environment", ALLOWED["namespace"], str(error))
            return DEFAULT_NAMESPACE

    def _seal(self, given: Seal | None) -> Seal | None:
        if given is not None:
            self._list("seal.keys", ", ".join(f"key {name}" for name in given.ids), Origin(ARGUMENT))
            return given
        keys, names = self._find(("seal", "keys")), self._find(("seal", "names"))
        shown = None if keys is None else shown_keys(keys, self._environment)
        self._list("seal.keys", shown, _origin(self._document, keys))
        self._list("seal.names", None if names is None else names.value[0], _origin(self._document, names))
        if keys is None and names is not None:
            self._note(names, "names without keys", "both, or keys alone", "a seal hides names and bodies, or bodies")
        secrets, hiding = self._secrets(keys), self._secrets(names)
        return None if keys is None else seal_of(keys, secrets, hiding, self._note)

    def _secrets(self, written: Value | None) -> list[bytes]:
        if written is None or self._has_gaps(written):
            return []
        return secrets_of(written, self._environment, self._note)

    def _store(self, purpose: str, instead: str = "") -> StoreChoice:
        found = self._find((purpose, "store")) or self._find(("store",)) or self._find((instead, "store"))
        choice = self._choice(found)
        self._list(
            f"{purpose}.store", choice.name or choice.shown, _origin(self._document, found) if found else choice.origin
        )
        if choice.name:
            self._list(f"stores.{choice.name}.url", choice.shown, choice.origin)
            for key, origin in choice.origins.items():
                self._list(f"stores.{choice.name}.{key}", getattr(choice, key), origin)
            choice = replace(choice, near=self._near(choice.name))
        return choice

    def _near(self, name: str) -> NearChoice | None:
        most, ttl = (self._document.values.get(("stores", name, "near", key)) for key in ("max_bytes", "ttl"))
        if most is None:
            return None
        near = NearChoice(most.value) if ttl is None else NearChoice(most.value, ttl.value)
        for key, value, found in (("max_bytes", near.max_bytes, most), ("ttl", near.ttl, ttl)):
            self._list(f"stores.{name}.near.{key}", value, _origin(self._document, found))
        return near

    def _choice(self, found: Value | None) -> StoreChoice:
        if found is None:
            url = self._source.url
            origin = Origin(DEFAULT if url is None else self._source.origin)
            text = DEFAULT_URL if url is None else url
            return StoreChoice("", text, shown=shown_url(text), origin=origin)
        if is_url(found.value):
            return self._filled("", found)
        return self._filled(found.value, self._document.values["stores", found.value, "url"])

    def _filled(self, name: str, written: Value) -> StoreChoice:
        choice = _written(self._document, name, written)
        if self._has_gaps(written):
            return choice
        url = filled_url(choice.url, self._environment)
        try:
            parse_url(url)
        except ConfigError:
            # The value of the variable is not shown: it may be a secret.
            self._note(
                written, f"{shown(choice.url)}, which is no URL when filled from the environment", ALLOWED["url"]
            )
        return replace(choice, url=url)

    def _has_gaps(self, written: Value) -> bool:
        """True where a variable that a value refers to is missing, which is noted."""
        missing = [name for name in names_in("".join(written.value)) if not self._environment.get(name)]
        for name in missing:
            what = "empty" if name in self._environment else "not set"
            self._note(written, f"${{{name}}}, which is {what}", "a variable of the environment that has a value")
        return bool(missing)

    def _note(self, written: Value, found: str, allowed: str, hint: str = "") -> None:
        mistake = _origin(self._document, written).mistake(found, allowed, hint)
        if mistake not in self._mistakes:  # one store may serve two purposes
            self._mistakes.append(mistake)

    def _list(self, key: str, value: Plain, origin: Origin) -> None:
        setting = Setting(key, value, origin)
        if setting not in self._listed:
            self._listed.append(setting)


_OPTIONS: tuple[Path, ...] = tuple(
    path
    for purpose, table in {**PURPOSES, "semantic": SEMANTIC}.items()
    for path, option in options_of(table, (purpose,))
    if option.kind != "store"
)
_DEFAULTS: Mapping[Path, Plain] = {
    ("responses", "background_refresh"): False,
    ("responses", "coalesce"): "process",
    ("responses", "tag_models"): False,
    ("history", "sliding"): True,
    ("embeddings", "precision"): "float32",
}


def _namespace_of_variable(text: str) -> Namespace:
    try:
        return Namespace.of(text)
    except UsageError as error:
        raise ConfigError(f"{NAMESPACE_VARIABLE} is {shown(text)}: {error}") from error
