"""The nouns of the archive as frozen values; no input or output happens here."""
