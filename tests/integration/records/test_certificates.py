"""采集证明: one page with a check code that tells strangers the least that is needed, and always what counts now."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from lib.clock import today
from lib.codes import AccountState, ClosingReason, IdType, Role
from lib.database import utcnow
from lib.identity import mask_number
from models import Certificate, Event, RecordTransfer, db
from services import workflow
from services.accounts import account_changes
from services.accounts.account_changes import Grounds
from services.departments.administration import OwnSystem, edit
from services.filing.verification import masked
from services.records import certificate_pdf, certificates, record_transfers
from tests.integration.records.test_archive import approve_change
from tests.support.people import id_number


@pytest.fixture
def record(make):
    return make.record()


@pytest.fixture
def owner(client, record):
    return client.sign_in(record.account)


def issued(owner) -> str:
    """Press the button; returns the code."""
    assert owner.send("/archive/certificate").location == "/archive/certificate.pdf"
    newest = db.session.query(Certificate).order_by(Certificate.id.desc()).first()
    assert newest
    return newest.code


def text_of(data: bytes) -> str:
    (page,) = PdfReader(io.BytesIO(data)).pages  # one page
    return page.extract_text().replace(" ", "").replace("\n", "")


def test_the_certificate_is_one_page_with_what_an_employer_needs(owner, record):
    assert "谁可以核验" in owner.open("/archive").text
    code = issued(owner)
    page = owner.open("/archive/certificate.pdf")
    said, answers = text_of(page.data), record.revision.answers
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["Cache-Control"] == "no-store"
    for words in (answers["applicant_name"], record.department.name, "-".join(re.findall("....", code))):
        assert words in said
    assert record.account.id_number not in said
    assert answers["mobile"] not in said
    assert issued(owner) == code  # the same content keeps its code
    assert db.session.query(Event).filter_by(verb="certificate").count() == 1


def test_whoever_holds_it_learns_that_it_counts_and_no_more(owner, another_browser, record):
    code = issued(owner)
    shown = another_browser.open(f"/verify/{code.lower()}").text
    answers = record.revision.answers
    for words in (
        "现行有效",
        masked(answers["applicant_name"]),
        record.revision.declaration.number,
        record.department.name,
    ):
        assert words in shown
    for secret in (
        answers["applicant_name"],
        record.account.id_number[:6],
        answers["mobile"],
        answers["postal_address"],
    ):
        assert secret not in shown


def test_when_the_record_moves_the_paper_still_names_who_approved_and_counts(owner, another_browser, make, record):
    code, manager = issued(owner), make.actor(make.staff(Role.MANAGER))
    before = text_of(owner.open("/archive/certificate.pdf").data)
    record_transfers.send(record, manager, "210104", place="", on=today(), reason="单位迁址")
    offered = db.session.query(RecordTransfer).one()
    record_transfers.answer(make.actor(make.staff(Role.MANAGER, "210104")), offered.uid, accept=True, reason="")
    db.session.commit()
    assert record.revision.declaration.department_id == record.department_id == make.department("210104").id
    assert text_of(owner.open("/archive/certificate.pdf").data) == before
    shown = another_browser.open(f"/verify/{code}").text
    assert "现行有效" in shown
    assert f"{make.department().name}</dd>" in shown
    edit(
        make.actor(make.staff(Role.SYSTEM, "210000")),
        make.department(),
        "沈阳市和平区财政服务局",
        OwnSystem(used=False),
    )
    db.session.commit()
    assert "沈阳市和平区财政服务局(开具之后更名)" in another_browser.open(f"/verify/{code}").text


def test_a_corrected_number_makes_it_void_and_gives_another(owner, another_browser, make, record):
    manager, grounds = make.actor(make.staff(Role.MANAGER)), Grounds("注册时填错", "已核对身份证件原件")
    old = issued(owner)
    account_changes.correct_number(record.account, IdType.RESIDENT, id_number(991, "19880229"), manager, grounds)
    db.session.commit()
    shown = another_browser.open(f"/verify/{old}").text
    assert "已失效：信息已更正" in shown
    assert "现行有效" not in shown
    assert owner.open("/archive/certificate.pdf", expect=302).location == "/archive"  # not under the old code
    new = issued(owner)
    assert mask_number(record.account.id_number) in text_of(owner.open("/archive/certificate.pdf").data)
    assert issued(owner) == new != old
    assert "现行有效" in another_browser.open(f"/verify/{new}").text
    assert "已失效：信息已更正" in another_browser.open(f"/verify/{old}").text


def test_before_it_was_issued_there_is_none(owner):
    assert owner.open("/archive/certificate.pdf", expect=302).location == "/archive"


def test_a_newer_version_makes_it_outdated_and_the_new_one_counts(owner, another_browser, make, record):
    old = issued(owner)
    approve_change(make, record, postal_address="沈阳市和平区样例路 99 号")
    page = another_browser.open(f"/verify/{old}").text
    assert "已失效：档案有了新的版本" in page
    assert re.search(rf"现在的档案</dt><dd>.*{today():%Y-%m-%d}</span> 审核通过", page)
    owner.open("/archive")
    assert "现行有效" in another_browser.open(f"/verify/{issued(owner)}").text


def test_a_revoked_approval_makes_it_void_and_what_counted_before_counts_again(owner, another_browser, make, record):
    first, manager = issued(owner), make.actor(make.staff(Role.MANAGER))
    changed = approve_change(make, record, postal_address="沈阳市和平区样例路 99 号")
    owner.open("/archive")
    second = issued(owner)

    def revoke(declaration) -> None:
        make.mark(declaration, "postal_address", reviewer=manager)
        workflow.revoke(declaration, manager, declaration.revision_number, comment="资料不实")
        db.session.commit()

    revoke(changed)
    assert "已失效：审核结果已撤销" in another_browser.open(f"/verify/{second}").text
    assert "现行有效" in another_browser.open(f"/verify/{first}").text
    workflow.give_up(changed, make.actor(record.account))  # what came back is not sent again
    db.session.commit()
    revoke(record.revision.declaration)
    assert "已失效：审核结果已撤销" in another_browser.open(f"/verify/{first}").text


def test_a_closed_record_gives_none_and_says_so(owner, another_browser, record):
    code = issued(owner)
    record.closed_at, record.closed_reason = utcnow(), ClosingReason.DECEASED
    db.session.commit()
    shown = another_browser.open(f"/verify/{code}").text
    assert "已失效：档案已注销或调出" in shown
    assert "死亡" not in shown
    assert owner.send("/archive/certificate").location == "/archive"
    assert owner.open("/archive/certificate.pdf", expect=302).location == "/archive"
    assert "开具采集证明</button>" not in owner.open("/archive").text


def test_a_frozen_account_cannot_be_confirmed(owner, another_browser, record):
    code = issued(owner)
    record.account.state = AccountState.FROZEN
    db.session.commit()
    assert "暂时不能确认" in another_browser.open(f"/verify/{code}").text


def test_the_longest_answers_fit_on_the_page(owner, record, app):
    issued(owner)
    store, kept = app.extensions["kuaiji.store"], certificates.of_record(record)
    assert kept
    data = certificates.data(record, kept, store, base_url="https://kuaiji.example.cn", site="会计人员信息采集平台")
    rows = [(label, "样" * 100) for label, _text in data.rows]
    longest = certificate_pdf.CertificateData(**vars(data) | {"rows": [*rows[:5], *rows[:9]]})
    assert "样" * 10 in text_of(certificate_pdf.draw(longest))
