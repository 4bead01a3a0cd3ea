"""A real browser for tests: Debian's chromium without a screen, told what to do over a pipe (DevTools protocol).

It opens no port, keeps its profile in a folder of its own, reaches loopback only, and ends with the test.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PATIENCE = 60.0  # seconds for an answer to one command


def program() -> Path | None:
    """None where it is not installed."""
    beside = Path("/usr/lib/chromium/chromium")  # Debian's wrapper reads settings of the machine
    found = beside if beside.exists() else shutil.which("chromium")
    return Path(found) if found else None


def missing() -> str:
    """Why none can be started here; empty if one can."""
    return "" if program() else "chromium is not installed (Debian: chromium)"


class Page:
    """One page. `told` is what it wrote to its console, newest last, and what it could not load."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._left = b""
        self._number = 0
        self._session = ""
        self.told: list[str] = []

    def open(self) -> None:
        target = self._say("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._say("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._say(f"{domain}.enable")

    def go(self, url: str) -> None:
        self._say("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of the expression on the page; a promise's once it has one. Raises `RuntimeError` if it throws."""
        found = self._say("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def until(self, script: str, *, seconds: float = 60) -> Any:
        """The value of the expression once it is true. Raises `TimeoutError` with what the page told."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError):  # a page that is just being replaced
                if found := self.run(script):
                    return found
            time.sleep(0.1)
        raise TimeoutError(f"{script}: never; the page told {self.told[-20:]}")

    def screenshot(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode(self._say("Page.captureScreenshot", format="png")["data"])

    def _say(self, method: str, **said: Any) -> dict[str, Any]:
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": said}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._writing, json.dumps(command).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            message = self._message(end)
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)
        raise TimeoutError(method)

    def _message(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._left:
            if not select.select([self._reading], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._reading, 1 << 20)
            if not part:
                raise RuntimeError("the browser is gone")
            self._left += part
        message, _, self._left = self._left.partition(b"\0")
        read: dict[str, Any] = json.loads(message)
        return read

    def _note(self, message: dict[str, Any]) -> None:
        said = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled":
                self.told.append(" ".join(str(each.get("value", each.get("description"))) for each in said["args"]))
            case "Runtime.exceptionThrown":
                self.told.append(str(said["exceptionDetails"])[:1000])
            case "Log.entryAdded":
                self.told.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Network.responseReceived" if said["response"]["status"] >= 400:
                self.told.append(f"{said['response']['status']} {said['response']['url']}")


@contextlib.contextmanager
def browsing(folder: Path, *, size: tuple[int, int] = (1280, 900)) -> Iterator[Page]:
    """A page of a browser that was started for it; `folder` must be new."""
    found = program()
    if found is None:
        raise FileNotFoundError("chromium is not installed (Debian: chromium)")
    folder.mkdir()
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    options = [
        "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--use-gl=angle",
        "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={size[0]},{size[1]}", "--hide-scrollbars",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        # The protocol wants descriptors 3 and 4, whatever ours are.
        moved = ["bash", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', str(found), *options]
        running = subprocess.Popen(moved, pass_fds=(theirs_in, theirs_out), stdout=log, stderr=log, cwd=folder)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        page = Page(ours_in, ours_out)
        page.open()
        yield page
    finally:
        os.close(ours_out)  # it ends when nobody can tell it anything
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        os.close(ours_in)
