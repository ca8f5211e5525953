"""Anything sent instead of a picture, in every slot: the expected result, pixels only, little memory, no error."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.sandbox import client as sandbox
from tests.support.applicant.filing import file, pages_of, store, words
from tests.support.applicant.image_samples import colours, decoded
from tests.support.applicant.slots import SLOTS, Outcome
from tests.support.attacks import hostile
from tests.support.attacks.hostile import EITHER, MARK, REFUSED, SOME, Case
from tests.support.factory import picture
from tests.support.people import EMPLOYED

MOST_MEMORY = 300_000_000
PIXELS_ONLY = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


@pytest.fixture
def used(monkeypatch) -> list[sandbox.Usage]:
    ended: list[sandbox.Usage] = []
    monkeypatch.setattr(sandbox, "usage_listeners", [ended.append])
    return ended


def wrong(case: Case, outcome: Outcome, slot: str) -> str:
    """The problems found; empty when all is well."""
    if outcome.page is None:
        told = bool(outcome.said) and case.said in outcome.said
        return "" if case.verdict == EITHER or (case.verdict == REFUSED and told) else f"refused: {outcome.said[:300]}"
    page = outcome.page
    kept = [store().get(address) for address in (page.address, page.thumb_address, page.source_address) if address]
    if case.verdict == REFUSED or not all(map(pixels_only, kept)):
        return "taken" if case.verdict == REFUSED else "more than pixels survived"
    upright = not case.upright or slot == "photo" or colours(kept[0]) == "RGBW"
    return "" if upright else f"not upright: {colours(kept[0])}"


def pixels_only(jpeg: bytes) -> bool:
    image = decoded(jpeg)
    ends = jpeg.endswith(b"\xff\xd9") and jpeg.count(b"\xff\xd9") == 1
    plain = (image.format, image.mode) == ("JPEG", "RGB") and set(image.info) <= PIXELS_ONLY and not image.getexif()
    return plain and ends and MARK not in jpeg


def judged(cases: list[Case], make, browser, slot: str, used: list[sandbox.Usage]) -> list[str]:
    send = SLOTS[slot](make, browser)
    found = []
    for case in cases:
        used.clear()
        if problem := wrong(case, send(case), slot):
            found.append(f"{case.name}: {problem}")
        if used and max(usage.memory for usage in used) >= MOST_MEMORY:
            found.append(f"{case.name}: {max(usage.memory for usage in used):,} bytes of memory")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("group", hostile.GROUPS, ids=lambda group: group.__name__)
def test_each_gets_its_verdict_among_the_papers(make, browser, used, group):
    assert judged(list(group()), make, browser, "papers", used) == []


@pytest.mark.slow
@pytest.mark.parametrize("slot", [slot for slot in SLOTS if slot != "papers"])
def test_some_of_each_kind_get_theirs_in_every_other_place(make, browser, used, slot):
    cases = [case for case in hostile.corpus() if case.name in SOME]
    assert len(cases) == len(SOME)
    assert judged(cases, make, browser, slot, used) == []


@pytest.mark.soak
@pytest.mark.parametrize("slot", SLOTS)
def test_all_of_them_in_every_place(make, browser, used, slot):
    assert judged(hostile.corpus(), make, browser, slot, used) == []


# --- requests that no form of ours sends -----------------------------------------------------------------------------

#: A form that is broken off leaves the files it has begun to the collector.
UNCLOSED = ("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
LICENCE = "/apply/papers/employer_licence"


@pytest.fixture
def declaration(make, browser):
    declaration = make.declaration(**EMPLOYED)
    browser.sign_in(declaration.account)
    return declaration


@pytest.mark.parametrize(
    "sent",
    [{}, {"file": "text, no file"}, {"files": (io.BytesIO(b"x"), "p.jpg")}, {"file": (io.BytesIO(b""), "")}],
    ids=["nothing", "a text", "another name", "nothing chosen"],
)
def test_a_form_without_its_file_is_asked_for_one(browser, declaration, sent):
    assert "请先选择图片" in words(browser.send(LICENCE, sent, expect=422).text)


def test_the_field_sent_twice_is_two_pictures(browser, declaration):
    browser.send(LICENCE, {"file": [file(picture(1000, 700)), file(picture(1000, 701))]})
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 701]


@pytest.mark.filterwarnings(*UNCLOSED)
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"no boundary in sight"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n\r\n',
        ),
        ("application/json", b'{"file": "x"}'),
        ("text/plain", b"file=x"),
    ],
    ids=["no boundary", "another boundary", "cut off", "json", "plain"],
)
def test_a_body_that_is_no_form_is_a_clear_page(browser, declaration, kind, data):
    answer = browser._request("POST", LICENCE, (400, 422), data=data, content_type=kind)
    assert "请" in words(answer.text)
    assert pages_of(declaration, "employer_licence") == []


@pytest.mark.filterwarnings(*UNCLOSED)
def test_ten_thousand_parts_are_too_many(browser, declaration):
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n\r\nx\r\n'
    kind = "multipart/form-data; boundary=x"
    answer = browser._request("POST", LICENCE, 413, data=part * 10_000 + b"--x--\r\n", content_type=kind)
    assert "上传的内容太大" in words(answer.text)


def test_a_body_shorter_than_it_says_is_no_error(browser, declaration):
    short = {"content_type": "multipart/form-data; boundary=x", "environ_overrides": {"CONTENT_LENGTH": "5000"}}
    answer = browser._request("POST", LICENCE, (400, 422), data=b"--x\r\n", **short)
    assert "请" in words(answer.text)


@pytest.mark.slow
def test_of_sixty_at_once_into_one_place_one_remains(app, make, browser):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    cookie = browser.client.get_cookie("kuaiji").value
    data = picture(400, 300)

    def send(_number: int) -> int:
        client = app.test_client()
        client.set_cookie("kuaiji", cookie)
        return client.post("/apply/papers/id_portrait", data={"file": file(data)}).status_code

    with ThreadPoolExecutor(12) as pool:
        found = set(pool.map(send, range(60)))
    assert found <= {302, 409, 422, 503}
    assert len(pages_of(declaration, "id_portrait")) == 1
