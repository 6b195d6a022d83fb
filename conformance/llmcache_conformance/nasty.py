"""Names and bodies that stores have confused, each with its near neighbours.

Every member of a family must stay apart from every other member, of its own family and of all.
"""

from llmcache.model.key import MAX_NAME_BYTES

CASES_AND_SPACES = ("a", "A", "ab", "a ", " a", "a\t", "aa", "b")
UNICODE = (
    "é",
    "e\u0301",
    "É",
    "\uff45",
    "ß",
    "ss",
    "ﬁ",
    "fi",
    "😀",
    "😀\ufe0f",
    "👩\u200d👩",
    "\u200b",
    "\u202ea",
    "\u0131",
    "i",
)
CONTROLS = ("\x00", "a\x00", "a\x00b", "\n", "a\nb", "\r\n", "\x1b[0m", "\x7f")
PATTERNS = ("*", "a*", "?", "[a]", "a%", "a_", "%", "_", ".*", "^a$", "a|b")
QUOTES = ("'", '"', "`", "''", "' OR 1=1 --", "'; DROP TABLE entries; --", "${HOME}", "{0}", "\\", "\\0")
PATHS = (".", "..", "../a", "../../etc/passwd", "/", "/a", "a/b", "a//b", "C:\\a", "~", "a:b", ":", "a:")
ESCAPES = ("%61", "%2F", "%2f", "%252F", "+", "a+b", "&amp;")
NUMBERS = ("0", "00", "1", "01", "1.0", "1e0", "+1", "-1", "0x1", "NaN", "null", "None", "true")
SURROGATES = ("\ud800", "\udfff", "a\udc80")
LONG = (
    "x" * MAX_NAME_BYTES,
    "x" * (MAX_NAME_BYTES - 1),
    "x" * (MAX_NAME_BYTES - 1) + "y",
    "y" + "x" * (MAX_NAME_BYTES - 1),
)

NAMES: tuple[str, ...] = (
    *CASES_AND_SPACES,
    *UNICODE,
    *CONTROLS,
    *PATTERNS,
    *QUOTES,
    *PATHS,
    *ESCAPES,
    *NUMBERS,
    *SURROGATES,
    *LONG,
)

NAMESPACES: tuple[tuple[str, ...], ...] = (
    ("a",),
    ("A",),
    ("ab",),
    ("a", "b"),
    ("a/b",),
    ("a%2Fb",),
    ("a:b",),
    ("a", "b", "c"),
    ("a", "b/c"),
    ("b", "a"),
    ("a*",),
    ("*",),
    ("a_",),
    ("a%",),
    ("..",),
    ("a", ".."),
    ("é",),
    ("e\u0301",),
    ("response",),
    ("a:response:b",),
)

BODIES: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\x00\x00",
    b" ",
    b"\n",
    b"a\x00b",
    b"null",
    b"0",
    b"None",
    b'{"a": 1}',
    bytes(range(256)),
    b"\xff\xfe",
    b"\xc3\x28",
    b"\x1f\x8b\x08\x00",
    b"\x80\x04N.",
    "é".encode(),
    "e\u0301".encode(),
    b"a" * 1_023,
    b"\x00" * 4_096,
    bytes(range(256)) * 256,
)
