"""Keys that are fetched: how often, for how long they are used, and from whom they are not taken."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.callers.errors import KeysUnavailable, NotAccepted
from api.callers.fetching import LARGEST, Documents
from api.callers.keys import FRESH, PAUSE, STALE, FetchedKeys, FixedKeys, keys_in
from tests.builders.identity_provider import provider

ONE = ECKey.generate_key("P-256", {"kid": "one"})
TWO = ECKey.generate_key("P-256", {"kid": "two"})


class Source:
    """What is published, and how often it was asked for; None is an outage."""

    def __init__(self, *keys: ECKey) -> None:
        self.now, self.asked = 1000.0, 0
        self.keys: tuple[ECKey, ...] | None = keys
        self.cache = FetchedKeys(self.fetch, clock=lambda: self.now)

    def fetch(self) -> dict[str, Any]:
        self.asked += 1
        if self.keys is None:
            raise KeysUnavailable(reason="test")
        return {"keys": [each.as_dict(private=False) for each in self.keys]}

    def has(self, kid: str) -> bool:
        try:
            self.cache.key(kid, "ES256")
        except NotAccepted:
            return False
        return True


def test_keys_are_kept_while_they_are_fresh() -> None:
    source = Source(ONE)
    assert [source.has("one") for _ in range(10)] == [True] * 10
    assert source.asked == 1
    source.now += FRESH
    assert source.has("one")
    assert source.asked == 2


def test_a_new_key_is_found_at_once_and_unknown_ones_are_not_asked_for_again() -> None:
    source = Source(ONE)
    assert source.has("one")
    source.keys = (ONE, TWO)
    source.now += PAUSE
    assert source.has("two")
    assert source.asked == 2
    assert not any(source.has(f"unknown-{number}") for number in range(100))
    assert source.asked == 2
    source.now += PAUSE
    assert not source.has("unknown")
    assert source.asked == 3


def test_a_key_that_is_taken_back_ends_when_keys_are_no_longer_fresh() -> None:
    source = Source(ONE, TWO)
    assert source.has("two")
    source.keys = (ONE,)
    source.now += FRESH
    assert not source.has("two")


def test_an_outage_is_bridged_and_not_for_ever() -> None:
    source = Source(ONE)
    assert source.has("one")
    source.keys = None
    source.now += STALE - 1
    assert source.has("one")
    source.now += 1
    with pytest.raises(KeysUnavailable):
        source.has("one")
    source.keys = (ONE,)
    source.now += PAUSE
    assert source.has("one")


def test_a_provider_that_never_answered_is_asked_once_a_minute() -> None:
    source = Source()
    source.keys = None
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            source.has("one")
    assert source.asked == 1


def test_an_empty_key_set_takes_no_key_away() -> None:
    """A provider that publishes nothing for a moment is out of order; it has not taken everything back."""
    source = Source(ONE)
    assert source.has("one")
    source.keys = ()
    source.now += FRESH
    assert source.has("one")


def test_one_thread_asks_while_others_go_on() -> None:
    asking, answered = threading.Event(), threading.Event()

    def fetch() -> dict[str, Any]:
        if cache._had is not None:
            asking.set()
            assert answered.wait(30)
        return {"keys": [ONE.as_dict(private=False)]}

    now = [0.0]
    cache = FetchedKeys(fetch, clock=lambda: now[0])
    cache.key("one", "ES256")
    now[0] = FRESH
    thread = threading.Thread(target=cache.key, args=("one", "ES256"))
    thread.start()
    assert asking.wait(30)
    cache.key("one", "ES256")  # would wait for ever otherwise
    answered.set()
    thread.join()


def test_only_keys_that_verify_signatures_are_keys() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
    weak = rsa.as_dict(private=False) | {"kid": "weak", "n": "q" * 171}  # 1024 bits
    said = [
        rsa.as_dict(private=False),
        weak,
        ONE.as_dict(private=True),
        TWO.as_dict(private=False) | {"use": "enc"},
        TWO.as_dict(private=False) | {"key_ops": ["sign"]},
        ECKey.generate_key("secp256k1", {"kid": "k"}).as_dict(private=False),
        OctKey.generate_key(256, {"kid": "oct"}).as_dict(),
        {"kty": "RSA", "kid": "broken", "n": "!", "e": 7},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        "no key",
        {},
    ]
    assert [key.kid for key in keys_in({"keys": said})] == ["rsa"]
    assert keys_in({"keys": {}}) == keys_in({}) == ()


def test_a_key_is_for_its_own_algorithms_alone() -> None:
    keys = FixedKeys({"keys": [ONE.as_dict(private=False) | {"alg": "ES256"}]})
    assert keys.key("one", "ES256") is keys.key("", "ES256")
    for algorithm in ("ES384", "RS256", "PS256", "HS256", "none"):
        with pytest.raises(NotAccepted):
            keys.key("one", algorithm)


def test_without_a_name_one_key_of_several_is_not_guessed() -> None:
    keys = FixedKeys({"keys": [each.as_dict(private=False) for each in (ONE, TWO)]})
    with pytest.raises(NotAccepted):
        keys.key("", "ES256")


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    answer(connection)
                except OSError:
                    return

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        thread.join(30)


def body(content: bytes, *more: str) -> Callable[[socket.socket], None]:
    head = "\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *more, "", ""))
    return lambda connection: connection.sendall(head.encode() + content)


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.05)


def moved(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


BAD: dict[str, Callable[[socket.socket], None]] = {
    "too-large": body(b" " * (LARGEST + 1)),
    "packed": body(gzip.compress(b"{}"), "Content-Encoding: gzip"),
    "no-json": body(b"<html>"),
    "a-list": body(b"[]"),
    "moved": moved,
    "an-error": lambda connection: connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"),
    "cut-off": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"),
    "no-http": lambda connection: connection.sendall(b"\x00" * 100),
    "silent": lambda connection: connection.recv(1),  # until nobody asks any more
    "dripping": dripping,
}  # fmt: skip


WHY = {
    "too-large": "too large", "packed": "not what was expected", "no-json": "not what was expected",
    "a-list": "not what was expected", "moved": "status 302", "an-error": "status 500", "cut-off": "ProtocolError",
    "no-http": "ProtocolError", "silent": "ReadTimeoutError", "dripping": "too slow",
}  # fmt: skip
SLOW = {"silent", "dripping"}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_none_is_told_as_such(name: str) -> None:
    with answering(BAD[name]) as address, pytest.raises(KeysUnavailable) as told:
        Documents(seconds=0.4 if name in SLOW else 60).get(address)
    assert told.value.fields == {"reason": WHY[name]}


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1/keys", "ftp://127.0.0.1/", "file:///etc/passwd", "https://user@h/", "//x", "", "http://localhost.evil/"]
)  # fmt: skip
def test_nothing_is_fetched_from_where_others_could_change_it(address: str) -> None:
    with pytest.raises(KeysUnavailable, match="not what was expected"):
        Documents().get(address)


def test_a_provider_that_is_there_answers() -> None:
    with provider() as made:
        assert Documents().get(f"{made.url}/keys") == json.loads(json.dumps(made.key_set))
