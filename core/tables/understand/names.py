"""What the words of a column's name say about what is in it, in English and German."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[0-9]+")
_UNNAMED = re.compile(r"unnamed(?:[:_\s]|$)", re.IGNORECASE)


def vocabulary(text: str) -> frozenset[str]:
    """Return the words of `text`, which are parted by blanks."""
    return frozenset(text.split())


ID = vocabulary(
    "id ids uid uuid guid pid rid oid sid ident identifier identifikation kennung key keys index idx nr no num "
    "number nummer lfd rownum rowid recid schlüssel hash token ean isbn imei vin"
)
CODE = vocabulary(
    "code codes kode zip zipcode postcode postal plz fips naics sic icd hcpcs cpt iata icao postleitzahl store "
    "shop branch outlet filiale region district bezirk landkreis county state country nation nationality "
    "nationalität staatsangehörigkeit city town gemeinde kommune province provinz municipality neighborhood "
    "category categories categorie kategorie cat type types typ typen kind art subclass subtype klasse group "
    "gruppe segment cluster bucket division dept department abteilung product produkt item sku article artikel "
    "vendor supplier lieferant seller merchant händler agent agency manager mgr employee mitarbeiter customer "
    "kunde kunden client user account konto role rolle title titel job occupation beruf profession industry "
    "branche sector sektor channel kanal course kurs browser os device platform plattform carrier airline airport "
    "route terminal gate zone station site location standort warehouse lager plant werk machine maschine brand "
    "marke make manufacturer hersteller color colour farbe gender sex geschlecht race ethnicity religion marital "
    "familienstand status mode method methode reason grund source quelle currency währung language sprache "
    "qualification team player school schule hospital clinic ward physician doctor driver vehicle tariff tarif "
    "plan family familie resource party partei species system systems zahlungsart contract vertrag"
)
CODE_HEADS = vocabulary(
    "code codes kode id ids key category kategorie cat type typ class klasse group gruppe cluster zone"
)
QUANTITY = vocabulary(
    "count counts cnt anzahl amount betrag sum summe total gesamt avg average mean median mittel min max std var "
    "rate ratio quote share percent percentage pct prozent price preis cost costs kosten fee fees gebühr salary "
    "gehalt lohn income einkommen revenue umsatz sales sale verkäufe balance value values wert age alter year "
    "years jahr jahre yr duration dauer elapsed days tage hours stunden minutes minuten seconds sekunden months "
    "monate weeks wochen tenure size größe length länge width breite height höhe weight gewicht depth tiefe "
    "distance entfernung area fläche sqft sf km kg cm mm lat lon lng latitude longitude temperature temp speed "
    "volume population einwohner households rooms zimmer bath baths bathrooms bedrooms floors stock qty quantity "
    "menge visits calls usage charge charges credit limit loan debt profit gain loss discount rabatt tax steuer "
    "margin budget units bytes probability prob index pressure humidity power energy voltage mileage dose "
    "concentration"
)
RATING = vocabulary(
    "rating ratings stars sterne score scores points punkte grade note noten quality qualität satisfaction "
    "zufriedenheit rank rang level stufe stage severity priority priorität qual cond condition likert importance "
    "skill degree order tier risk bewertung education"
)
CALENDAR = vocabulary(
    "month mnth monat mo mon weekday wday dow wochentag day tag hour hr stunde quarter qtr quartal season "
    "jahreszeit week kw woche minute"
)
DATE = vocabulary("date datum dates dt dteday day tag fecha timestamp when birthday geburtstag geburtsdatum dob")
TIME = vocabulary("time timestamp ts datetime date datum created updated modified at zeit zeitstempel epoch unix")
PERSON = vocabulary("name names vorname nachname surname lastname firstname fullname familienname")
_COUNTED_FIRST = ("n", "num", "nb", "no", "number", "anzahl", "count")


@dataclass(frozen=True)
class NameWords:
    """The words of a column's name in lower case, numbers left out."""

    words: tuple[str, ...]
    is_unnamed: bool = False

    def has(self, vocabulary: frozenset[str]) -> bool:
        """Tell whether one of the words is in the vocabulary."""
        return any(word in vocabulary for word in self.words)

    @property
    def last(self) -> str:
        """Return the last word, which in both languages says what the thing is; nothing for no words."""
        return self.words[-1] if self.words else ""

    @property
    def is_id(self) -> bool:
        """Tell whether the name ends like that of an id, or starts so, or is none that anybody gave."""
        return self.is_unnamed or self.last in ID or self.words[:1] in (("id",), ("uuid",), ("lfd",))

    @property
    def is_quantity(self) -> bool:
        """Tell whether the name is that of something counted, measured or rated."""
        if self.last in CODE_HEADS:
            return False
        counted = len(self.words) > 1 and self.words[0] in _COUNTED_FIRST
        return counted or self.has(QUANTITY) or self.has(RATING)

    @property
    def is_code(self) -> bool:
        """Tell whether the name is that of something with a number for a name: a store, a type, a postal code."""
        return not self.is_quantity and (self.has(CODE) or self.last in CODE_HEADS or self.is_id)


@lru_cache(maxsize=10_000)
def name_words(name: str) -> NameWords:
    """Return the words of `name`: MS.SubClass is ms, sub and class, and customerID customer and id."""
    words = [word.lower() for word in _WORD.findall(name) if not word.isdigit()]
    return NameWords(tuple(_split(words)), _UNNAMED.match(name) is not None)


def _split(words: list[str]) -> list[str]:
    """Take a written-together ending such as kundennr or storeid apart."""
    parts: list[str] = []
    for word in words:
        ending = next((end for end in ("nummer", "code", "id", "nr", "typ") if _ends_with(word, end)), "")
        parts += [word[: -len(ending)], ending] if ending else [word]
    return parts


def _ends_with(word: str, ending: str) -> bool:
    """Tell whether a word is another and an ending; `id` also ends valid, paid and humid."""
    stem = word[: -len(ending)]
    if ending in ("id", "nr", "typ"):
        return word.endswith(ending) and any(stem in words for words in (CODE, PERSON)) and bool(stem)
    return word.endswith(ending) and len(stem) > 2
