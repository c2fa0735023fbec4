"""A web server for tests, on loopback: pages that come slowly, drop in the middle, change, or can't be had in
ranges. Python's standard library only."""

import contextlib
import http.server
import threading
import time

PIECE = 16 * 1024


class Page:
    """What is served, and how badly. `requests` lists the Range header of each request for it."""

    def __init__(self, content, etag='"one"', modified=None, ranges=True, length=True, seconds_per_piece=0.0,
                 drop_after=None, drops=0, refusals=0, silent_after=None):
        self.content, self.etag, self.modified = content, etag, modified
        self.ranges, self.length, self.seconds_per_piece = ranges, length, seconds_per_piece
        self.drop_after, self.drops = drop_after, drops  # so many answers end after so many bytes
        self.refusals = refusals                         # so many answers are 503
        self.silent_after = silent_after                 # then nothing comes before `speak` is set
        self.speak = threading.Event()
        self.requests = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        page = self.server.pages.get(self.path)
        if page is None:
            return self.send_error(404)
        with self.server.lock:
            wanted = self.headers.get("Range")
            page.requests.append(wanted)
            content, etag, modified = page.content, page.etag, page.modified
            refuse, page.refusals = page.refusals > 0, max(0, page.refusals - 1)
            drop, page.drops = page.drops > 0, max(0, page.drops - 1)
        if refuse:
            return self.send_error(503)
        first = 0
        condition = self.headers.get("If-Range")
        if wanted and page.ranges and condition in (None, etag, modified):
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
        if first > 0 and first >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if first > 0 else 200)
        if first > 0:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if page.length:
            self.send_header("Content-Length", str(len(content) - first))
        if etag:
            self.send_header("ETag", etag)
        if modified:
            self.send_header("Last-Modified", modified)
        if not page.length:
            self.send_header("Connection", "close")
        self.end_headers()
        self.send_body(page, content[first:], drop)
        self.close_connection = drop or not page.length

    def send_body(self, page, content, drop):
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the job has moved, or gone
            while sent < len(content):
                if drop and sent >= page.drop_after:
                    return
                if page.silent_after is not None and sent >= page.silent_after:
                    page.speak.wait(120)
                piece = content[sent:sent + PIECE]
                self.wfile.write(piece)
                sent += len(piece)
                time.sleep(page.seconds_per_piece)

    def handle(self):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def log_message(self, *_):
        pass


class Web(http.server.ThreadingHTTPServer):
    """with Web() as web: web.pages["/a"] = Page(b"…"); … web.url("/a")"""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = {}
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()
