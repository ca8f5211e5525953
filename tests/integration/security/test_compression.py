"""Pages are sent compressed to those who take it; what is none, or what another site asks for, is sent as it is."""

from __future__ import annotations

import gzip

import pytest
from flask import Response, g

from services.access import public

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_comes_compressed_and_is_the_same_page(browser):
    plain = browser.client.get("/guide")
    packed = browser.client.get("/guide", headers=GZIP)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.vary


def test_the_head_of_a_page_is_that_of_its_compressed_answer(browser):
    packed = browser.client.get("/guide", headers=GZIP)
    head = browser.client.head("/guide", headers=GZIP)
    assert head.data == b""
    for name in ("Content-Encoding", "Content-Length", "Vary", "Content-Type"):
        assert head.headers[name] == packed.headers[name]


def test_error_pages_are_compressed_too(browser):
    packed = browser.client.get("/nothing", headers=GZIP)
    assert (packed.status_code, packed.headers["Content-Encoding"]) == (404, "gzip")


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "*;q=0"])
def test_who_does_not_take_gzip_gets_the_page_as_it_is(browser, accepted):
    assert "Content-Encoding" not in browser.client.get("/guide", headers={"Accept-Encoding": accepted}).headers


@pytest.mark.parametrize("path", ["/healthz", "/templates/sheet", "/text-size"])
def test_short_texts_documents_and_redirections_stay_as_they_are(browser, path):
    answer = browser.client.get(path, headers=GZIP)
    assert "Content-Encoding" not in answer.headers


@public
def marked() -> Response:
    answer = Response("x" * 5000, mimetype="text/html")
    answer.set_etag("mark")
    return answer


@public
def streamed() -> Response:
    return Response(iter(["x" * 5000] * 3), mimetype="text/html")


def test_streams_and_marked_contents_stay_as_they_are(app):
    app.add_url_rule("/marked", "marked", marked)
    app.add_url_rule("/streamed", "streamed", streamed)
    for path in ("/marked", "/streamed"):
        answer = app.test_client().get(path, headers=GZIP)
        assert "Content-Encoding" not in answer.headers
        assert answer.text.startswith("xxx")


@pytest.mark.parametrize(
    ("site", "packed"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_another_site_cannot_measure_the_pages_of_a_signed_in_person(browser, make, site, packed):
    headers = GZIP | {"Sec-Fetch-Site": site}
    assert "Content-Encoding" in browser.client.get("/login", headers=headers).headers
    g.pop("_login_user", None)  # the fixture's application context outlives a request
    browser.sign_in(make.account())
    assert ("Content-Encoding" in browser.client.get("/account", headers=headers).headers) == packed
