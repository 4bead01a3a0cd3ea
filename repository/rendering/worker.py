"""The process that decodes: one task after another from a socket, under limits, until the socket is closed.

It starts with an environment of three variables, no open file but the socket, and once its codecs are in memory it can
open none: no file, no connection. What it is sent holds no name of anybody.
"""

import logging
import os
import resource
import socket
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from repository.rendering.messages import receive, send

MISSING, UNSUPPORTED, LARGE, DAMAGED = "missing", "unsupported", "too large", "damaged"
Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Arguments: the socket's descriptor, bytes of address space, seconds of a task."""
    descriptor, memory, seconds = (int(each) for each in sys.argv[-3:])
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with socket.socket(fileno=descriptor) as line:
        task = _task()
        limit(memory)
        while (asked := receive(line)) is not None:
            _allow(seconds)
            words, content = task(*asked)
            send(line, words, content)


def limit(memory: int) -> None:
    """From here on: so much address space, no file or socket opened, none grown, no process, no core."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _allow(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, resource.RLIM_INFINITY))


def _task() -> Callable[[Mapping[str, Any], bytes], Answer]:
    from repository.formats.dicom import pixels, pixels_pictures

    try:
        pixels.prepare()
    except ImportError:
        return lambda _words, _content: ({"error": MISSING}, b"")

    def done(words: Mapping[str, Any], content: bytes) -> Answer:
        header, frame = content[: words["header"]], content[words["header"] :]
        try:
            attributes = pixels.header_of(header)
            if words["do"] == "decode":
                made, photometric = pixels.native(attributes, frame, syntax=words["syntax"], vr=words["vr"])
                return {"photometric": photometric, "lossy": pixels.is_lossy(frame, syntax=words["syntax"])}, made
            recipe = pixels_pictures.Recipe.told(words["recipe"])
            return {}, pixels_pictures.picture(attributes, frame, recipe, syntax=words["syntax"], vr=words["vr"])
        except (pixels.Unsupported, NotImplementedError):  # the latter is pydicom's
            return {"error": UNSUPPORTED}, b""
        except (MemoryError, pixels.TooLarge):
            return {"error": LARGE}, b""
        except Exception as error:  # noqa: BLE001  codecs raise anything; what they say may quote the file
            return {"error": DAMAGED, "kind": type(error).__name__}, b""

    return done


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing is left to tidy up, and codecs may not survive doing so
