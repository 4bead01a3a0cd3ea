"""Serves the OHIF viewer on an origin of its own, for an archive at another.

    python deploy/viewer/viewer.py --archive http://127.0.0.1:8042 --port 3000

Static files only, on this machine alone: no request for data passes through here. The archive must be told this origin
(EDM_ARCHIVE_HTTP_CORS), or browsers will not show its answers to the pages.
"""

import argparse
import re
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
SCRIPT = "text/javascript; charset=utf-8"
OURS = {"/app-config.js": SCRIPT, "/sign-in.html": "text/html; charset=utf-8", "/sign-in.js": SCRIPT}
_FILE = re.compile(r"\.[A-Za-z0-9]{1,11}$")  # what has no such end is a place within the viewer, not a file


class Viewer(SimpleHTTPRequestHandler):
    """Files of `directory`, and `OURS` in place of its own; other paths are the viewer's first page."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm", ".js": SCRIPT}

    def __init__(self, *said: object, archive: str, **more: object) -> None:
        self.archive = archive
        super().__init__(*said, **more)  # type: ignore[arg-type]  # the base class's own

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if kind := OURS.get(path):
            self._give((HERE / path[1:]).read_text().replace("@ARCHIVE@", self.archive).encode(), kind)
            return
        if not _FILE.search(path):
            self.path = "/index.html"
        with suppress(ConnectionError):  # whoever goes away needs no answer
            super().do_GET()

    def list_directory(self, path: object) -> None:  # noqa: ARG002  the base class's own
        self.send_error(404)

    def end_headers(self) -> None:
        """Isolated, so that its threads may share memory; pages talk to their own origin and to the archive only."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'self'; connect-src 'self' blob: data: {self.archive}; img-src 'self' blob: data:; "
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
            "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; "
            "base-uri 'self'",
        )
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing: paths hold study UIDs."""

    def _give(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--archive", default="http://127.0.0.1:8042", help="what browsers see before /dicomweb")
    parser.add_argument("--folder", type=Path, default=Path("var/viewer/dist"))
    parser.add_argument("--port", type=int, default=3000)
    said = parser.parse_args()
    if not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", said.archive):
        parser.error("--archive is not http(s)://HOST[:PORT]")
    if not (said.folder / "index.html").is_file():
        parser.error(f"no viewer in {said.folder}; deploy/viewer/viewer.sh puts it there")
    handler = partial(Viewer, directory=str(said.folder), archive=said.archive)
    with ThreadingHTTPServer(("127.0.0.1", said.port), handler) as server:
        print(f"The viewer is at http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(0)


if __name__ == "__main__":
    main()
