"""Says how alike two column names are: the same words in another order, shortened, with a unit or a slip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from core.tables.numbers import CURRENCIES, UNITS
from core.tables.understand.names import vocabulary

SURE = 0.85  # from here on two names say the same
MAX_CHARS, MAX_CONTRACTED = 120, 6  # of a name that is looked at, and words that one may stand for

_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_WORD = re.compile(r"[^\W_]+|[%‰]")
_ORDINAL = re.compile(r"(?<![^\W_])(\d+)(?:st|nd|rd|th)(?![^\W_])", re.IGNORECASE)
_DEGREES = re.compile(r"°\s*[A-Za-z]?(?![^\W_])")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")

# Words that add little to a name: where only one of two names has them, it may well be the same column.
_LIGHT = vocabulary(
    "a an and n as at by for from has have in is of on or per the to with id ids nr no num number code flag name names "
    "value values val column col field new current actual x % ‰"
)
_UNIT_WORDS = vocabulary(
    "day days week weeks month months year years hour hours minute minutes second seconds percent pct celsius "
    "fahrenheit euro euros dollar dollars inch inches feet sqft sqm meter meters metre metres mile miles degrees"
)
_UNITS = _UNIT_WORDS | {unit.casefold() for unit in UNITS | CURRENCIES if unit.isalpha() and len(unit) > 1}
_UNITS_IN_BRACKETS = _UNITS | {part.casefold() for unit in UNITS | CURRENCIES for part in unit.split("/")}
_TURNED = vocabulary("without not non excluding excl except ohne nicht")  # words that turn a name into another
_SAME_WORDS = (
    "gender sex geschlecht", "quantity qty menge count cnt", "number no nr num n", "identifier id ident key",
    "customer cust client kunde", "account acct acc konto", "address addr adresse", "amount amt betrag",
    "average avg mean", "maximum max", "minimum min", "percent pct perc percentage", "date dt datum day",
    "year yr jahr", "month mo mon mnth mth monat", "hour hr hrs stunde", "week wk woche", "weekday dow wochentag",
    "department dept", "transaction txn trx trans", "manager mgr", "latitude lat", "longitude lon lng long",
    "city town stadt", "zip zipcode postcode postal plz", "phone telephone tel telefon", "price preis",
    "job occupation profession beruf", "education edu educ", "category cat", "description desc descr",
    "house home", "type kind typ", "revenue sales umsatz turnover", "salary wage wages gehalt pay", "age alter",
    "country land nation", "square sq", "feet foot ft", "temperature temp tmp temperatur", "humidity hum",
    "wind wnd", "speed spd", "previous prev", "total tot", "class cls klasse", "flag flg", "children kids",
    "spouse partner", "holiday feiertag", "first 1", "second 2", "third 3", "fourth 4", "service svc",
    "message msg",
)  # fmt: skip
_GROUP = {word: group for group, words in enumerate(_SAME_WORDS) for word in words.split()}
_LIGHT_WEIGHT, _SAME_WORD, _SAME_STEM = 0.2, 0.95, 0.97
_SLIP = 0.85  # of the letters that two words share


@dataclass(frozen=True)
class NameParts:
    """A name as its words in lower case, each with its weight; `core` is the name without what is in brackets.

    `has_unit_only` tells that there is nothing but a unit in the brackets.
    """

    words: tuple[str, ...]
    weights: tuple[float, ...]
    core: NameParts | None = None
    has_unit_only: bool = False

    @property
    def heavy(self) -> tuple[str, ...]:
        """Return the words that say what the column is."""
        return tuple(word for word, weight in zip(self.words, self.weights, strict=True) if weight == 1)


def folded(name: str) -> str:
    """Return a name without accents, its letters in lower case; the marks between words stay."""
    return _bare(name).casefold()


def name_likeness(one: str, other: str) -> float:
    """Return from 0 to 1 how alike two names are; from `SURE` on they say the same."""
    return parts_likeness(parts_of(one), parts_of(other))


def are_siblings(one: str, other: str) -> bool:
    """Tell whether two names share something but each has its own, as first and second grade, or temp and atemp."""
    first, second = parts_of(one), parts_of(other)
    if name_likeness(one, other) >= SURE:
        return False
    pairs = [(a, b) for a in first.heavy for b in second.heavy]
    is_part = any(a != b and min(len(a), len(b)) >= 3 and (a in b or b in a) for a, b in pairs)
    n_shared = sum(word_likeness(a, b) > 0 for a, b in pairs)
    return is_part or 0 < n_shared < min(len(first.heavy), len(second.heavy))


def distinguishing_words(one: str, other: str) -> frozenset[str]:
    """Return the words that only one of two names has, but for light ones; none for a contraction."""
    first, second = parts_of(one), parts_of(other)
    if max(_contraction(first, second), _contraction(second, first)):
        return frozenset()
    return _lacking_in(second, first) | _lacking_in(first, second)


@lru_cache(maxsize=4_096)
def parts_of(name: str) -> NameParts:
    """Return the words of a name: cust_age, CustAge and "Cust. age" have the same."""
    bare = _bare(name[:MAX_CHARS])
    without = _BRACKETS.sub(" ", bare)
    if without == bare or not _WORD.search(without):
        return _weighed(_words(bare))
    inside = [word for match in _BRACKETS.finditer(bare) for word in _words(match.group())]
    has_unit_only = all(word in _UNITS_IN_BRACKETS or word in _LIGHT for word in inside)
    whole = _weighed(_words(bare))
    return NameParts(whole.words, whole.weights, _weighed(_words(without)), has_unit_only)


def without_prefix(parts: Sequence[NameParts]) -> tuple[NameParts, ...]:
    """Return names without the first words that all of them have, as a table's name before each."""
    n_same = 0
    while len(parts) > 2 and all(len(part.words) > n_same + 1 for part in parts):
        if len({part.words[n_same] for part in parts}) > 1:
            break
        n_same += 1
    return tuple(_weighed(part.words[n_same:]) for part in parts) if n_same else tuple(parts)


def parts_likeness(one: NameParts, other: NameParts) -> float:
    """Return from 0 to 1 how alike two names are, given their words."""
    likeness = _likeness(one, other)
    if (one.core is None) == (other.core is None):
        return likeness
    is_unit = one.has_unit_only or other.has_unit_only
    without = _likeness(one.core or one, other.core or other)
    return max(likeness, without * 0.98 if is_unit else min(without, SURE - 0.01))


def _lacking_in(parts: NameParts, of: NameParts) -> frozenset[str]:
    return frozenset(word for word in of.heavy if not any(word_likeness(word, own) for own in parts.words))


def _likeness(one: NameParts, other: NameParts) -> float:
    if not one.words or not other.words:
        return 0.0
    if "".join(one.words) == "".join(other.words):
        return 1.0
    return max(_by_words(one, other), _contraction(one, other), _contraction(other, one))


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return unicodedata.normalize("NFKC", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _words(bare: str) -> tuple[str, ...]:
    spaced = _JOINT.sub(" ", _DEGREES.sub(" degrees ", _ORDINAL.sub(r" \1 ", bare)))
    return tuple(word.casefold() for word in _WORD.findall(spaced))


def _weighed(words: tuple[str, ...]) -> NameParts:
    weights = tuple(
        _LIGHT_WEIGHT if word in _LIGHT or (at > 0 and word in _UNITS) else 1.0 for at, word in enumerate(words)
    )
    if words and max(weights) < 1:  # a name of light words alone: they are all it says
        weights = (1.0,) * len(words)
    return NameParts(words, weights)


def _by_words(one: NameParts, other: NameParts) -> float:
    """Return the share of the words that have their like in the other name; less where each has one of its own."""
    pairs = [(word_likeness(a, b), i, j) for i, a in enumerate(one.words) for j, b in enumerate(other.words)]
    left, right = dict(enumerate(one.weights)), dict(enumerate(other.weights))
    shared = 0.0
    for likeness, i, j in sorted((pair for pair in pairs if pair[0]), key=lambda pair: (-pair[0], *pair[1:])):
        if i in left and j in right:
            shared += likeness * (left.pop(i) + right.pop(j))
    result = shared / (sum(one.weights) + sum(other.weights))
    own = max(left.values(), default=0.0), max(right.values(), default=0.0)
    is_turned = _TURNED & {one.words[i] for i in left} | _TURNED & {other.words[j] for j in right}
    return result * (0.5 if min(own) == 1 or is_turned else 0.8 if min(own) > 0 else 1)


@lru_cache(maxsize=65_536)
def word_likeness(one: str, other: str) -> float:
    """Return from 0 to 1 how alike two words are: 0 for different numbers, and for less than a slip."""
    if one == other:
        return 1.0
    if one in _GROUP and _GROUP[one] == _GROUP.get(other):
        return _SAME_WORD
    if one.isdecimal() or other.isdecimal():
        return _SAME_STEM if one.isdecimal() and other.isdecimal() and int(one) == int(other) else 0.0
    if _stem(one) == _stem(other):
        return _SAME_STEM
    short, long = sorted((one, other), key=len)
    return max(_shortening(short, long), _slip(short, long))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _shortening(short: str, long: str) -> float:
    """Return how likely `short` stands for `long`: temp for temperature, qty for quantity, hr for hour."""
    if short[0] != long[0] or len(short) < 2 or len(short) > 0.8 * len(long):
        return 0.0
    if long.startswith(short):
        return {2: 0.6, 3: 0.8}.get(len(short), 0.9)
    letters = iter(long)
    if not all(letter in letters for letter in short):
        return 0.0
    has_vowel = any(letter in "aeiou" for letter in short[1:])
    if len(short) == 2:
        return 0.8 if short[-1] == long[-1] and len(long) <= 5 and not has_vowel else 0.0
    return 0.7 if has_vowel else 0.85


def _slip(short: str, long: str) -> float:
    if len(short) < 5 or short[0] != long[0] or len(long) - len(short) > 2:
        return 0.0
    ratio = SequenceMatcher(None, short, long, autojunk=False).ratio()
    return ratio if ratio >= _SLIP else 0.0


def _contraction(short: NameParts, long: NameParts) -> float:
    """Return how likely one word stands for several: custage for customer age, dob for date of birth."""
    joined, words = "".join(short.words), long.heavy
    if len(short.words) > 1 or len(joined) < 3:
        return 0.0
    if len(long.words) >= 3 and joined == "".join(word[0] for word in long.words):
        return SURE
    if len(words) == 2 and joined == words[1] + words[0]:
        return SURE
    return 0.8 if 2 <= len(words) <= MAX_CONTRACTED and _is_run_of_starts(joined, words) else 0.0


@lru_cache(maxsize=65_536)
def _is_run_of_starts(joined: str, words: tuple[str, ...]) -> bool:
    """Tell whether `joined` is made of the starts of all words in order: whole, three letters and more, or one."""
    if not words:
        return not joined
    first, rest = words[0], words[1:]
    lengths = (1, *range(min(3, len(first)), len(first) + 1)) if rest else range(min(3, len(first)), len(first) + 1)
    return any(joined.startswith(first[:n]) and _is_run_of_starts(joined[n:], rest) for n in lengths)
