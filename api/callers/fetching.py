"""Small JSON documents of identity providers: the one place that asks somebody else, within limits of time and size."""

import time
from pathlib import Path
from typing import Any

import orjson
import urllib3

from api.callers.errors import KeysUnavailable
from api.callers.identities import require_safe

LARGEST = 256 << 10  # bytes
CONNECTING, READING, IN_ALL = 3.0, 3.0, 8.0  # seconds
_PIECE = 16 << 10


class Documents:
    """Fetches over TLS that is checked; over plain HTTP from this machine alone. No proxy, no redirect, no coding."""

    def __init__(self, *, ca: Path | None = None, seconds: float = IN_ALL) -> None:
        self._seconds = seconds
        timeout = urllib3.Timeout(connect=min(CONNECTING, seconds), read=min(READING, seconds))
        self._pool = urllib3.PoolManager(
            num_pools=2, timeout=timeout, retries=False, cert_reqs="CERT_REQUIRED", ca_certs=str(ca) if ca else None
        )

    def get(self, address: str) -> dict[str, Any]:
        """The JSON object at that address. Raises `KeysUnavailable`, after `IN_ALL` seconds and one read at most."""
        try:
            require_safe(address)
            content = self._content(address)
            found = orjson.loads(content)
        except urllib3.exceptions.HTTPError as error:
            raise KeysUnavailable(reason=type(error).__name__) from None
        except ValueError:
            raise KeysUnavailable(reason="not what was expected") from None
        if not isinstance(found, dict):
            raise KeysUnavailable(reason="not what was expected")
        return found

    def _content(self, address: str) -> bytes:
        until, content = time.monotonic() + self._seconds, bytearray()
        answer = self._pool.request(
            "GET",
            address,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            preload_content=False,
            redirect=False,
            decode_content=False,
        )
        try:
            if answer.status != 200:
                raise KeysUnavailable(reason=f"status {answer.status}")
            while piece := answer.read1(_PIECE):
                content += piece
                if len(content) > LARGEST:
                    raise KeysUnavailable(reason="too large")
                if time.monotonic() > until:
                    raise KeysUnavailable(reason="too slow")
        finally:
            answer.close()
        return bytes(content)
