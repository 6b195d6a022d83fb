"""Numbers in a question: in digits of any script, in words, in Roman letters, with or without a unit behind them."""

import re
import unicodedata
from collections import Counter
from typing import Final

NUMBER = re.compile(r"([$€£¥₹]?)([-+−]?\d+(?:[.,:/'-]\d+)*)(%|°[cf]?|[^\W\d_]*)")
ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "er", "re", "e", "eme", "º", "ª"})
_GROUPED = re.compile(r"\d{1,3}(?:[.,']\d{3})+")
_ROMAN = re.compile(r"(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})|(?=[ivx]{2})x{0,3}(?:ix|iv|v?i{0,3})")

TAILS: Final = frozenset(
    {"%", "°", "°c", "°f", "km", "m", "cm", "mm", "kg", "g", "mg", "lb", "lbs", "oz", "l", "ml", "kb", "mb", "gb", "tb"}
    | {"s", "ms", "h", "hr", "hrs", "min", "mins", "am", "pm", "k", "x", "eur", "usd", "gbp"}
)
"""Units that may stand behind a number without a space; what has other letters behind it is a code."""


def is_roman(words: list[str], index: int) -> bool:
    """True for a number in Roman letters; a single I is one behind a name, at the end: "World War I"."""
    word = words[index]
    if word == "I":
        return 0 < index == len(words) - 1 and words[index - 1][:1].isupper()
    return _ROMAN.fullmatch(word) is not None


def roman(word: str) -> int:
    """Return the value of a number in Roman letters."""
    values = [_ROMAN_VALUES[letter] for letter in word.upper()]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10}


def counted(value: str, tokens: list[str], numbers: Counter[str]) -> str:
    """Count a number that is a word; a unit behind a ten is one number with it."""
    ten = tokens[-1][1:] if tokens and tokens[-1].startswith("#") else ""
    if len(ten) == 2 and ten.endswith("0") and len(value) == 1:
        numbers[ten] -= 1
        numbers += Counter()
        tokens.pop()
        value = str(int(ten) + int(value))
    numbers[value] += 1
    return f"#{value}"


def number_of(text: str) -> str:
    """Return one form for a number: no signs between thousands, a point before decimals, the digits of ASCII."""
    digits = "".join(str(unicodedata.decimal(each, each)) for each in text).replace("−", "-").lstrip("+")
    bare = digits.lstrip("-")
    if _GROUPED.fullmatch(bare) and bare.count(".") != 1:
        return digits[: len(digits) - len(bare)] + re.sub(r"[.,']", "", bare)
    return digits.replace(",", ".")
