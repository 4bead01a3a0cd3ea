"""Stands in for the telephone of whoever tries the archive out: `authenticator.py OTPAUTH-URI` prints a code.

Who signs in for work keeps the secret on a device of their own, not beside the archive.
"""

import base64
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from repository.people.totp import code_at, step_at


def main(uri: str) -> None:
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    code = code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), step_at(datetime.now(UTC)))
    sys.stdout.write(code + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
