"""Whether what a plugin says about its stores can be right: checked when it is loaded, so that it is its own fault and named."""

import re
from collections.abc import Iterable, Mapping
from typing import get_args

from llmcache.config.mistakes import nearest
from llmcache.config.url import SCHEME
from llmcache.plugins.spec import Ability, OptionKind, StoreSpec

_SCHEME = re.compile(SCHEME, re.ASCII)
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_MODULE = re.compile(rf"{_NAME}(\.{_NAME})*", re.ASCII)
_FUNCTION = re.compile(rf"{_NAME}(\.{_NAME})*:{_NAME}", re.ASCII)
_OPTION = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_TEXTS = ("scheme", "factory", "summary", "extra", "presence", "check")


def problem_in(specs: Iterable[object]) -> str:
    """Say everything that is wrong with the stores of one plugin, or return ""."""
    found = list(specs)
    strangers = [
        f"llmcache_stores() returned a {type(spec).__name__}, no StoreSpec" for spec in found if not _is_spec(spec)
    ]
    known = [spec for spec in found if isinstance(spec, StoreSpec)]
    schemes = [spec.scheme for spec in known if isinstance(spec.scheme, str)]
    twice = [f"the scheme {scheme!r} is given twice" for scheme in dict.fromkeys(schemes) if schemes.count(scheme) > 1]
    return "; ".join([*strangers, *(wrong for spec in known for wrong in _wrongs(spec)), *twice])


def _is_spec(spec: object) -> bool:
    return isinstance(spec, StoreSpec)


def _wrongs(spec: StoreSpec) -> list[str]:
    where = f"store {spec.scheme!r}"
    # Nothing is known about the types: a stranger's package may have been written without a checker.
    wrong = {name: getattr(spec, name) for name in _TEXTS if not isinstance(getattr(spec, name), str)}
    if wrong:
        return [f"{where}: {name} is a text, found {type(value).__name__}" for name, value in wrong.items()]
    says = [
        _scheme(spec.scheme),
        _path("factory", spec.factory),
        _path("presence", spec.presence) if spec.presence else "",
        _path("check", spec.check) if spec.check else "",
    ]
    says += [*_options(spec.options), _requires(spec.requires), _abilities(spec.abilities)]
    says += [_flag(name, getattr(spec, name)) for name in ("is_path", "keeps_time")]
    return [f"{where}: {said}" for said in says if said]


def _scheme(scheme: str) -> str:
    # One letter would be taken for a drive of Windows.
    right = _SCHEME.fullmatch(scheme) is not None and len(scheme) > 1
    return "" if right else "a scheme is two or more of a-z and 0-9, with single + or - between them"


def _path(name: str, path: str) -> str:
    return "" if _FUNCTION.fullmatch(path) else f"{name} is written 'package.module:function', found {path!r}"


def _flag(name: str, value: object) -> str:
    return "" if isinstance(value, bool) else f"{name} is True or False, found {type(value).__name__}"


def _options(options: object) -> list[str]:
    if not isinstance(options, Mapping):
        return [f"options is a dict of names and kinds, found {type(options).__name__}"]
    return [said for name, kind in options.items() if (said := _option(name, kind))]


def _option(name: object, kind: object) -> str:
    if not isinstance(name, str) or not _OPTION.fullmatch(name):
        return f"an option's name is made of a-z, 0-9 and _, found {name!r}"
    kinds = get_args(OptionKind)
    if kind in kinds:
        return ""
    near = nearest(str(kind), kinds)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"option {name!r} is of the kind {kind!r}; kinds are {', '.join(kinds)}{hint}"


def _requires(requires: object) -> str:
    # A text is a collection of texts, too: requires=("redis") is the mistake people make.
    if isinstance(requires, tuple | list) and all(
        isinstance(name, str) and _MODULE.fullmatch(name) for name in requires
    ):
        return ""
    return f"requires is a tuple of import names such as ('redis',), found {requires!r}"


def _abilities(abilities: object) -> str:
    known = get_args(Ability)
    if isinstance(abilities, tuple | list) and all(name in known for name in abilities):
        return ""
    return f"abilities is a tuple out of {', '.join(known)}, found {abilities!r}"
