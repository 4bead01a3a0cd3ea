"""A stream of parts becomes request bodies of one size, made one at a time."""

from collections.abc import Iterable, Iterator

from storage.objects.port import Bytes

# S3 takes at most 10 000 parts: 156 GiB at this size. Larger parts cost memory for each worker, smaller ones requests.
BODY = 16 * 1024 * 1024


def bodies(parts: Iterable[Bytes], *, size: int = BODY) -> Iterator[bytes | bytearray]:
    """At least one body; all but the last have `size` bytes, and the last is empty only if it is the only one.

    A part is copied as it comes, since its buffer may be used again; one `bytes` that is the whole object is not.
    """
    if isinstance(parts, list | tuple) and len(parts) == 1 and isinstance(parts[0], bytes) and len(parts[0]) <= size:
        yield parts[0]
        return
    body, began = bytearray(), False
    for part in parts:
        left = memoryview(part).cast("B") if len(part) else memoryview(b"")
        while len(left):
            if len(body) == size:
                yield body
                body, began = bytearray(), True
            room = size - len(body)
            body += left[:room]
            left = left[room:]
    if body or not began:
        yield body
