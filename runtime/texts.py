"""The words that results speak, in Swedish and in English."""

from __future__ import annotations

from typing import Literal

Language = Literal["sv", "en"]

STATUS: dict[str, dict[Language, str]] = {
    "new": {"sv": "ny", "en": "new"},
    "confirmed": {"sv": "bekräftad", "en": "confirmed"},
    "rejected": {"sv": "avvisad", "en": "rejected"},
    "ordered": {"sv": "beställd", "en": "ordered"},
    "done": {"sv": "åtgärdad", "en": "done"},
    "gone": {"sv": "borta", "en": "gone"},
    "returned": {"sv": "återkommen", "en": "returned"},
}

SEVERITY: dict[Language, tuple[str, str, str]] = {
    "sv": ("lindrig", "måttlig", "svår"),
    "en": ("slight", "moderate", "severe"),
}

STATE: dict[str, dict[Language, str]] = {
    "done": {"sv": "granskad", "en": "looked at"},
    "rejected": {"sv": "avvisad", "en": "rejected"},
}

OTHER: dict[Language, str] = {"sv": "Övrigt", "en": "Other"}

LAYERS: dict[str, dict[Language, str]] = {
    "findings": {"sv": "Fynd", "en": "Findings"},
    "findings_lines": {"sv": "Fynd, linjer", "en": "Findings, lines"},
    "findings_areas": {"sv": "Fynd, ytor", "en": "Findings, areas"},
    "observations": {"sv": "Iakttagelser", "en": "Observations"},
    "traces": {"sv": "Körda sträckor", "en": "Driven traces"},
}

COMPASS: dict[Language, tuple[str, ...]] = {
    "sv": ("N", "NO", "Ö", "SO", "S", "SV", "V", "NV"),
    "en": ("N", "NE", "E", "SE", "S", "SW", "W", "NW"),
}


def status(word: str, language: Language) -> str:
    """Return a status in words; one that is not known stays as it is."""
    return STATUS.get(word, {}).get(language, word)


def compass(heading_deg: float, language: Language) -> str:
    """Return the quarter wind of a heading, "" where there is none (NaN).

    >>> compass(44.0, "sv"), compass(359.0, "en")
    ('NO', 'N')
    """
    if heading_deg != heading_deg:
        return ""
    return COMPASS[language][round(heading_deg / 45) % 8]
