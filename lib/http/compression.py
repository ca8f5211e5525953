"""Pages compressed with gzip by isal, which takes a fifth of zlib's CPU for the same bytes (docs/adr/019)."""

from __future__ import annotations

from isal import isal_zlib
from werkzeug.wrappers import Request, Response

from lib.http.headers import add_vary

LEVEL = 2  # of 3: the third takes half as much again for two per cent
GZIP_WINDOW = 31  # zlib's sign for the largest window in a gzip frame
LEAST = 1000  # bytes: below, the answer fits into one packet anyway


def compress(request: Request, response: Response, *, has_secrets: bool) -> None:
    """Compress a page for a client that takes gzip. Streams, pictures, documents and parts stay as they are."""
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return
    add_vary(response.headers, "Accept-Encoding")
    if not request.accept_encodings["gzip"] or "Content-Encoding" in response.headers or "ETag" in response.headers:
        return
    if response.status_code == 206 or (has_secrets and _asked_by_another_site(request)):
        return
    body = response.get_data()
    if len(body) >= LEAST:
        response.set_data(gzipped(body))
        response.content_encoding = "gzip"


def _asked_by_another_site(request: Request) -> bool:
    """Another site made the browser ask. To guess a secret from lengths (BREACH) it would do so many times."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def gzipped(body: bytes) -> bytes:
    packer = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    return bytes(packer.compress(body) + packer.flush())
