"""One submission as an officer sees it: scope, open and masked numbers, what is new, pictures, the access log."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from forms import PAPER
from lib.codes import Status
from lib.database import utcnow
from models import db
from services import workflow
from services.marks import marks
from services.papers import pages, papers, preparation
from tests.support.factory import picture
from tests.support.office.review_desk import events_of, fresh, holder_id, match, path
from tests.support.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER

COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED
LOOKS = ("view", "view_picture", "reveal")


@pytest.fixture
def resubmitted(make, app, officer):
    """Returned for three things: one is corrected, one has a new picture, one is explained. Another answer changed."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    reviewer = make.actor(officer)
    make.mark(declaration, "full_time_diploma_no", "mobile", "qualification_certificate", reviewer=reviewer)
    workflow.send_back(declaration, reviewer, 1)
    declaration.full_time_diploma_no, declaration.postal_address = "101731201205001133", "样例路 99 号"
    next(mark for mark in declaration.revisions[0].marks if mark.target == "mobile").explanation = "这是本人的号码"
    kind = "qualification_certificate"
    prepared = preparation.prepare(app.extensions["kuaiji.store"], picture(900, 700, 7))
    pages.remove_page(papers.pages_of(declaration, kind)[0])
    pages.add_page(declaration, PAPER[kind], prepared)
    db.session.commit()
    make.signed_sheet(declaration)
    submit(make, declaration)
    return declaration


def submit(make, declaration) -> None:
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()


def rows(page) -> dict[str, str]:
    """Label -> the contents of its row, as HTML."""
    found = re.findall(r'<div class="r[^>]*data-row.*?<dt>(.*?)</dt>(.*?)\n  </div>', page.text, re.DOTALL)
    return dict(found)


def plain(page) -> str:
    """What the page says without its tags: numbers are written in groups."""
    return re.sub(r"<[^>]+>", "", page.text)


def without_tokens(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def test_another_countys_file_looks_as_if_it_did_not_exist(make, browser, officer):
    other = make.declaration(Status.SUBMITTED, home_county="210103", department_code="210103")
    for verb in ("", "pictures/1/photo/0"):
        foreign = browser.open(path(other, verb), expect=404)
        nothing = browser.open(path(other, verb).replace(other.uid, "0" * 16), expect=404)
        assert without_tokens(foreign) == without_tokens(nothing)
    for verb in ("claim", "reveal", "marks", "return", "approve", "release"):
        foreign = browser.send(path(other, verb), {"seen": 1, "confirmed": "yes"}, expect=404)
        nothing = browser.send(path(other, verb).replace(other.uid, "0" * 16), {"seen": 1}, expect=404)
        assert without_tokens(foreign) == without_tokens(nothing)
    assert events_of(other, *LOOKS, "claim") == []


def test_a_draft_is_nobodys_business(make, browser, officer):
    draft = make.declaration(Status.DRAFT, department_id=make.department().id)
    refused = browser.open(path(draft), expect=404)
    assert draft.applicant_name not in refused.text
    assert draft.number not in refused.text


def test_answers_and_papers_stand_side_by_side(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED, make.account("单小燕"), **COMPLETE)
    page = browser.open(path(declaration))
    for words in ("单小燕", "36 岁", "首次采集", declaration.number, "剩 10 个工作日", "待审核", "领取"):
        assert words in page.text
    assert "东北样例大学" in rows(page)["毕业院校"]
    assert "会计类" in rows(page)["资格类型"]
    assert "1 张" in rows(page)["全日制学历证书"]
    assert re.search(r'data-row="full_time_school"[^>]* data-proof="full_time_diploma">\s*<dt>毕业院校', page.text)
    assert page.text.count("data-thumb ") == sum(len(pages) for pages in declaration.revisions[0].papers.values())


def test_an_optional_paper_that_is_not_there_is_named(make, browser, officer):
    declaration = make.declaration(Status.DRAFT, **COMPLETE)
    make.papers(declaration)
    pages.remove_page(papers.pages_of(declaration, "work_proof")[0])
    submit(make, declaration)
    assert "未上传（选填）" in rows(browser.open(path(declaration)))["工作证明"]


def test_the_sheets_version_and_check_code_stand_beside_it(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    sheet = declaration.revisions[0].sheet
    row = rows(browser.open(path(declaration)))["个人基本信息表"]
    assert f"第 {sheet.version} 版" in row
    assert sheet.code in row


# numbers


def test_number_and_phone_are_masked_until_the_officer_holds_the_submission(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    number, phone = declaration.account.id_number, declaration.mobile
    shown = browser.open(path(declaration)).text
    assert number not in shown
    assert phone not in shown
    browser.send(path(declaration, "claim"))
    shown = plain(browser.open(path(declaration)))
    assert number in shown
    assert phone in shown
    browser.open(path(declaration))
    assert events_of(declaration, "reveal") == ["reveal"]


def test_a_colleagues_submission_stays_masked_and_can_be_shown_once(make, browser, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    number = declaration.account.id_number
    page = browser.open(path(declaration))
    assert number not in page.text
    assert "由李审核领取" in page.text
    assert "审核通过" not in re.sub(r"(?s)<details.*?</details>", "", page.text)
    whole = browser.open(f"{path(declaration)}?all=1")
    button = match('(?s)formaction="([^"]+)"><svg[^>]*>(?:(?!formaction).)*显示完整号码', whole)
    assert button == path(declaration, "reveal?all=1#h-answers"), "where it was pressed, without scripts, too"
    shown = browser.send(button.partition("#")[0], {"seen": 1}, expect=200)
    assert number in plain(shown)
    assert 'id="h-answers"' in shown.text
    assert number not in plain(browser.open(path(declaration)))
    assert events_of(declaration, "reveal") == ["reveal"]


def test_a_number_is_masked_inside_other_answers_too(make, browser, officer):
    account = make.account()
    declaration = make.declaration(
        Status.SUBMITTED,
        account,
        holds_legacy_certificate="yes",
        legacy_certificate_no=f"档{account.id_number}",
    )
    shown = browser.open(path(declaration)).text
    assert account.id_number not in shown
    assert "档219****" in shown


# the access log


def test_looks_are_logged_once_in_ten_minutes_for_each_officer(make, browser, another_browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    start = utcnow()
    for minutes, expected in ((0, 1), (5, 1), (9, 1), (11, 2)):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            browser.open(path(declaration))
            assert events_of(declaration, *LOOKS) == ["view"] * expected
    with time_machine.travel(start + timedelta(minutes=11, seconds=1), tick=False):
        another_browser.sign_in(make.staff(name="李审核")).open(path(declaration))
    assert events_of(declaration, *LOOKS) == ["view"] * 3


def test_a_picture_seen_without_its_page_is_logged_as_well(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    for _ in range(2):
        browser.open(path(declaration, "pictures/1/photo/0"))
    assert events_of(declaration, *LOOKS) == ["view_picture"]
    browser.open(path(declaration))
    browser.open(path(declaration, "pictures/1/photo/0"))
    assert events_of(declaration, *LOOKS) == ["view_picture", "view"]


def test_the_person_can_read_who_looked(make, browser, another_browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    browser.open(path(declaration))
    shown = another_browser.sign_in(declaration.account).open("/account").text
    assert "查看申报资料" in shown
    assert "沈阳市和平区财政局" in shown


def test_working_on_a_submission_keeps_the_claim_alive(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    start = utcnow()
    with time_machine.travel(start, tick=False):
        browser.send(path(declaration, "claim"))
    for minutes in (12, 24, 36, 48):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            browser.open(path(declaration))
            assert workflow.holder(fresh(declaration)) is not None


# what is new


def test_the_second_look_shows_old_and_new_and_what_was_asked_for(browser, resubmitted):
    found = rows(browser.open(path(resubmitted)))
    assert "<del>" in found["学历证书编号"]
    assert "101731201205001122" in found["学历证书编号"]
    assert "101731201205001133" in found["学历证书编号"]
    assert "要求修改</span>" in found["学历证书编号"]
    assert "样例路 1 号" in found["通讯地址"]
    assert "自行修改" in found["通讯地址"]
    assert "因此变化" in found["个人基本信息表"]
    assert "要求修改" not in found["通讯地址"]
    assert "退回要求修改，未改动" in found["手机号码"]
    assert "这是本人的号码" in found["手机号码"]
    assert "新</span>" in found["专业技术资格证书"]
    assert "新</span>" not in found["全日制学历证书"]
    assert "<del>" not in found["毕业院校"]


def test_the_viewer_opens_with_the_new_picture_that_was_asked_for(browser, resubmitted):
    first = match(r'class="leaf"><img src="([^"]*)"', browser.open(path(resubmitted)))
    assert "pictures/2/qualification_certificate/0" in first


def test_earlier_decisions_stand_beside_with_their_marks(browser, resubmitted):
    shown = browser.open(path(resubmitted)).text
    assert "以前的审核" in shown
    assert "申报人说明：这是本人的号码" in shown
    assert "第 2 次提交" in shown
    assert "只看变更（4）" in shown


def test_an_earlier_revision_is_only_to_read(browser, resubmitted, officer):
    browser.send(path(resubmitted, "claim"))
    page = browser.open(path(resubmitted) + "?revision=1")
    assert "只能查看" in page.text
    assert 'name="mark"' not in page.text
    assert "样例路 99 号" not in page.text
    for number in (0, 3, 99999999999999999999, -1):
        browser.open(path(resubmitted) + f"?revision={number}", expect=404)


def test_a_question_that_is_not_asked_any_more_is_named_with_its_old_answer(make, browser, officer):
    declaration = make.declaration(Status.RETURNED, officer=officer, **WITH_EMPLOYER)
    for name, value in {"has_employer": "no", "category": "candidate", "person_status": "unemployed"}.items():
        setattr(declaration, name, value)
    declaration.location_kind, declaration.home_address = "registered", "样例路 1 号"
    declaration.home_city, declaration.home_county, declaration.postal_address = "210100", "210102", "样例路 9 号"
    for name in ("employer_name", "employer_code", "affiliation", "unit_type", "industry", "accounting_posts"):
        setattr(declaration, name, None)
    db.session.commit()
    make.papers(declaration)
    submit(make, declaration)
    page = browser.open(path(declaration))
    gone = page.text.partition("不再需要填写")[2]
    assert "<dt>单位名称</dt>" in gone
    assert "样例县华业机械有限公司</del>" in gone
    assert "新填写" in page.text


def test_without_a_decision_it_is_compared_with_what_was_submitted_before(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    workflow.withdraw(declaration, make.actor(declaration.account))
    declaration.postal_address = "样例路 99 号"
    make.signed_sheet(declaration)
    submit(make, declaration)
    assert "样例路 1 号</del>" in rows(browser.open(path(declaration)))["通讯地址"]


def test_a_change_is_compared_with_the_record(make, browser, officer):
    record = make.record()
    change = make.change(record)
    change.postal_address = "样例路 77 号"
    db.session.commit()
    make.papers(change)
    submit(make, change)
    page = browser.open(path(change))
    assert "信息变更" in page.text
    assert "<del>" in rows(page)["通讯地址"]
    assert "<del>" not in rows(page)["民族"]


def test_a_proposed_name_stands_beside_the_sign_in_name(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED, make.account("单小燕"), applicant_name="单晓燕")
    row = rows(browser.open(path(declaration)))["姓名"]
    assert "单小燕</del>" in row
    assert "单晓燕" in row


def test_answers_changed_after_the_signature_are_named(make, browser, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    reviewer = make.actor(officer)
    marks.save(
        declaration.revisions[0], reviewer, [marks.MarkRequest("postal_address", "", "请写到门牌号", resign=False)]
    )
    workflow.send_back(declaration, reviewer, 1)
    declaration.postal_address = "样例路 5 号 6 单元"
    submit(make, declaration)
    page = browser.open(path(declaration))
    assert "签章之后修改（无需重新签章）：通讯地址" in rows(page)["个人基本信息表"]
    assert 'class="r ask" id="row-sheet"' in page.text  # also where only changes are shown


# pictures


@pytest.mark.parametrize("query", ["", "?thumb=1"])
def test_pictures_come_with_strict_headers(make, browser, officer, query):
    declaration = make.declaration(Status.SUBMITTED)
    answer = browser.open(path(declaration, f"pictures/1/id_portrait/0{query}"))
    assert answer.data.startswith(b"\xff\xd8")
    expected = {
        "Content-Type": "image/jpeg",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f'inline; filename="{declaration.number}-id_portrait-1.jpg"',
    }
    assert {name: answer.headers[name] for name in expected} == expected


def test_a_thumbnail_is_small(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    large, small = (browser.open(path(declaration, f"pictures/1/sheet/0{query}")).data for query in ("", "?thumb=1"))
    assert len(small) < len(large)


@pytest.mark.parametrize(
    "which",
    ["2/photo/0", "0/photo/0", "1/photo/1", "1/photo/99999999999999999999", "1/nothing/0", "9" * 30 + "/photo/0"],
)
def test_pictures_that_are_not_in_the_revision_are_not_found(make, browser, officer, which):
    refused = browser.open(path(make.declaration(Status.SUBMITTED), f"pictures/{which}"), expect=404)
    assert refused.headers["Content-Type"].startswith("text/html")


def test_an_older_revision_keeps_its_own_pictures(browser, resubmitted):
    kind = "qualification_certificate"
    first, second = (browser.open(path(resubmitted, f"pictures/{number}/{kind}/0")).data for number in (1, 2))
    assert first != second


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_damaged_picture_is_told_and_logged_without_a_server_error(make, browser, officer, app, caplog, harm):
    declaration = make.declaration(Status.SUBMITTED)
    address = declaration.revisions[0].papers["photo"][0]["address"]
    file = app.extensions["kuaiji.store"].root / address[:2] / address[2:4] / address
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(b"something else")
    answer = browser.open(path(declaration, "pictures/1/photo/0"), expect=404)
    assert answer.text == "附件损坏"
    assert address in caplog.text


# taking and leaving


def test_taking_a_submission_that_a_colleague_holds_tells_who_and_since_when(make, browser, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    answer = browser.send(path(declaration, "claim"), expect=409)
    assert re.search(r"李审核已于 \d\d:\d\d 领取", answer.text)
    assert path(declaration) in answer.text


def test_a_lapsed_claim_can_be_taken_over_and_that_is_logged(make, browser, officer):
    colleague = make.staff(name="李审核")
    declaration = make.declaration(Status.IN_REVIEW, officer=colleague)
    make.lapsed(declaration)
    assert "现在没有人在审核" in browser.open(path(declaration)).text
    browser.send(path(declaration, "claim"))
    assert holder_id(declaration) == officer.id
    assert events_of(declaration, "claim", "lapse") == ["claim", "lapse", "claim"]


@pytest.mark.parametrize("status", [Status.RETURNED, Status.APPROVED])
def test_what_is_decided_cannot_be_taken(make, browser, officer, status):
    declaration = make.declaration(status)
    answer = browser.send(path(declaration, "claim"))
    assert "不能领取" in browser.follow(answer).text
    assert fresh(declaration).status == status


def test_keys_can_be_switched_off(make, browser):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(make.staff(keys_on=False))
    browser.send(path(declaration, "claim"))
    shown = browser.open(path(declaration)).text
    assert 'data-keys="off"' in shown
    assert "data-key=" not in shown
    assert "<kbd" not in shown
