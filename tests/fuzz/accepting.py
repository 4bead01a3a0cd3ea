"""`python -m tests.fuzz.accepting [libFuzzer options]`: Accept fields, whatever they hold.

They must be read or be an error of ours, and what is read must be read the same again.
"""

import sys

import atheris

with atheris.instrument_imports(include=["api.accepting"]):
    from api.accepting import Offer, chosen, ranges, rendered, wants_gzip
    from api.errors import HttpError

from tests.fuzz.running import run

OFFERS = (
    Offer("application/dicom+json"),
    Offer("application/dicom", multipart=True, syntax="1.2.840.10008.1.2.1"),
    Offer("application/octet-stream", multipart=True),
)


def one(data: bytes) -> None:
    text = atheris.FuzzedDataProvider(data).ConsumeUnicodeNoSurrogates(len(data))
    wants_gzip(text)
    try:
        found = ranges(text)
        if found:
            assert ranges(rendered(found)) == found
        assert chosen(text, OFFERS) in OFFERS
    except HttpError:
        return


if __name__ == "__main__":
    run(one, sys.argv)
