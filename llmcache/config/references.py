"""`${NAME}` in a value of a file: taken from the environment, which is the only place for a secret."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from llmcache.config.url import parse_url
from llmcache.errors import ConfigError

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_USER = re.compile(r"([^/?]*//)([^/?@]*)(@.*)", re.DOTALL)
# As far as the last @: a password that nobody escaped may hold any of / ? & @.
_PASSWORD = re.compile(r"[^/?]*//[^/:@]*:(.*)@", re.DOTALL)
_SECRET_OPTION = re.compile(
    r"(\A|[_.-])(pass(word|wd|phrase)?|pwd|secret|token|credentials?|(api|access|auth|secret)[_-]?key)\Z", re.IGNORECASE
)
STAND_IN = "\ue000"
"""What a reference is replaced by where only the shape of a value is judged: a character that nobody uses."""


def names_in(text: str) -> tuple[str, ...]:
    """Return the variables that `text` refers to, each once, in order."""
    return tuple(dict.fromkeys(_REFERENCE.findall(text)))


def is_reference(text: str) -> bool:
    """True where `text` is one reference and nothing else."""
    return _REFERENCE.fullmatch(text) is not None


def problem_in(text: str) -> str:
    """Say which reference of `text` is not written well, or return ""."""
    for name in names_in(text):
        if not _NAME.fullmatch(name):
            return "a reference ${...} whose name is not made of letters, digits and _"
    return "a ${ without its }" if "${" in _REFERENCE.sub("", text) else ""


def without_references(text: str) -> str:
    """Return `text` with a stand-in for each reference, to judge its shape where the variables are not set."""
    return _REFERENCE.sub(STAND_IN, text)


def filled(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with the variables' values as they are; each must be set."""
    return _REFERENCE.sub(lambda match: environment[match[1]], text)


def filled_url(text: str, environment: Mapping[str, str]) -> str:
    """Return a URL with the variables' values.

    A value inside of user and password, or of an option, is percent-encoded: a password may hold any character.
    Elsewhere it stays as it is, because it may be a host with its port, a path, or the whole URL.
    """
    head, mark, options = text.partition("?")
    match = _USER.fullmatch(head)
    if match is not None:
        head = filled(match[1], environment) + _encoded(match[2], environment) + filled(match[3], environment)
    else:
        head = filled(head, environment)
    return head + mark + _encoded(options, environment)


def _encoded(text: str, environment: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: quote(environment[match[1]], safe=""), text)


def literal_secret_in(url: str) -> str:
    """Say which secret stands in a URL itself instead of being referred to, or return ""."""
    password = _PASSWORD.match(url)
    if password is not None and _REFERENCE.sub("", password[1]):
        return "a password"
    try:
        options = parse_url(without_literal(url)).options
    except ConfigError:
        return ""
    for name, value in options.items():
        if is_secret(name) and value.strip(STAND_IN):
            return f"a secret in the option {name!r}"
    return ""


def without_literal(url: str) -> str:
    """Return a URL of a file in a shape that can be judged: every reference, and a scheme that is one, replaced."""
    return without_references(re.sub(r"\A\$\{[^}]*\}(?=:)", "memory", url))


def shown_url(url: object) -> str:
    """Return a URL for people: references stay, and a password or an option that holds a secret is masked."""
    if not isinstance(url, str):
        return type(url).__name__
    password = _PASSWORD.match(url)
    hidden = url
    if password is not None and _REFERENCE.sub("", password[1]):
        hidden = url[: password.start(1)] + "***" + url[password.end(1) :]
    head, mark, options = hidden.partition("?")
    return head + mark + "&".join(_shown_option(option) for option in options.split("&"))


def _shown_option(option: str) -> str:
    name, equals, value = option.partition("=")
    if not equals:
        # Behind a question mark that nobody escaped it may be the rest of a password.
        return "***" if option else ""
    return f"{name}=***" if is_secret(name) and _REFERENCE.sub("", value) else option


def is_secret(option: str) -> bool:
    """True where an option of that name holds a secret by the custom of names."""
    return _SECRET_OPTION.search(option) is not None
