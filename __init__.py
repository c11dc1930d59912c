"""gatukoll: street check. What a phone in a windscreen films becomes findings that a city can act on."""

__version__ = "0.1.0"
