"""Head and body leave in one piece, in their order, and nothing waits for what does not come."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.joining import SMALL, Joining
from tests.api.served import Served
from tests.peers.plain_http import PLAIN

SIZES = st.sampled_from([0, 1, 100, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL])


class Counted(asyncio.Transport):
    """Passes on to a real one, and knows how often and how much."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self.calls: list[int] = []

    def write(self, data: Any) -> None:
        self.calls.append(len(data))
        self._transport.write(data)

    def writelines(self, list_of_data: Any) -> None:
        self.calls.append(sum(map(len, list_of_data)))
        self._transport.writelines(list_of_data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Counted, Joining, asyncio.StreamReader]]:
    here, there = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
    reader, writer = await asyncio.open_connection(sock=there)
    counted = Counted(transport)
    async with asyncio.timeout(20):
        yield counted, Joining(counted, loop), reader
    if not transport.is_closing():
        transport.abort()
    writer.close()
    await writer.wait_closed()


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(SIZES, st.booleans()), max_size=8))
def test_what_is_written_comes_in_its_order_and_nothing_is_left_behind(steps: list[tuple[int, bool]]) -> None:
    """Each step writes so many bytes, and may then give the loop its turn."""

    async def main() -> None:
        async with pair() as (_, joining, reader):
            coming = asyncio.ensure_future(reader.read())
            expected = b""
            for number, (size, turn) in enumerate(steps):
                data = bytes([number]) * size
                expected += data
                joining.write(data)
                if turn:
                    await asyncio.sleep(0)
            joining.close()
            assert joining.is_closing()
            assert await coming == expected

    asyncio.run(main())


def test_a_head_and_its_body_are_one_write_and_a_head_alone_does_not_wait() -> None:
    async def main() -> None:
        async with pair() as (counted, joining, reader):
            joining.write(b"head")
            assert joining.get_write_buffer_size() == 4
            joining.write(b"body")
            joining.write(b"head")
            joining.write(b"b" * SMALL)
            assert counted.calls == [8, 4 + SMALL]
            joining.write(b"alone")
            assert await reader.readexactly(12 + SMALL) == b"headbodyhead" + b"b" * SMALL
            assert await reader.readexactly(5) == b"alone"
            assert counted.calls[2:] == [5]

    asyncio.run(main())


def test_what_is_cut_off_says_no_more_and_a_closed_one_takes_nothing() -> None:
    async def main() -> None:
        async with pair() as (counted, joining, reader):
            joining.write(b"held")
            joining.abort()
            await asyncio.sleep(0)
            joining.write(b"too late")
            joining.write(b"and later")
            await asyncio.sleep(0)
            assert counted.calls == []
            assert joining.is_closing()
            assert await reader.read() == b""

    asyncio.run(main())


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_answers_with_and_without_a_body_come_one_after_the_other(served: Served, method: str) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, verify=PLAIN, timeout=60) as client:
        answers = [client.request(method, "/v1/health") for _ in range(5)]
    assert len({each.status_code for each in answers}) == 1
    assert len({each.content for each in answers}) == 1


def test_requests_that_come_in_one_piece_are_answered_in_their_order(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    asked = [f"GET /v1/{each} HTTP/1.1\r\nHost: x\r\n" for each in ("health", "nothing", "health")]
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(("\r\n".join(asked) + "Connection: close\r\n\r\n").encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"200"]
