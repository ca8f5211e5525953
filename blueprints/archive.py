"""人员档案 of the signed-in person: approved answers, photo and papers, earlier versions, 【打印】, 【申请变更】."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import let_go_of_database, me, opened, writing
from blueprints.downloads import shown_pdf, stored_picture
from forms import PHOTO, TOPICS
from lib.codes import OPEN, AgreedKind, Status
from models import Record, db, store
from services import access
from services.access import APPLICANTS, only
from services.declaration import answers
from services.departments.snapshot import AgreedText
from services.filing.case import DeclarationCase
from services.filing.change import known as known_topics
from services.records import certificate_pdf, certificates
from services.records import own as records_own
from services.sheet import content as sheet_content
from services.site import agreed_texts
from services.workflow import start as workflow_start

bp = Blueprint("archive", __name__)


def own_record() -> Record:
    """The person's record. Without one: on to the declaration. Opening it shows the result."""
    opened(DeclarationCase(_found().revision.declaration))
    return _found()  # an undo may have come first


def _found() -> Record:
    return access.own_record(me()) or abort(redirect(url_for("wizard.home")))


@bp.get("/archive")
@only(*APPLICANTS)
def own() -> ResponseReturnValue:
    record = own_record()
    versions = records_own.own_versions(me())
    current = next((version for version in versions if version.revision.id == record.revision_id), None)
    if current is None:  # the approval was revoked meanwhile: what is left of the record, if anything is
        return redirect(url_for("archive.own"))
    return _page(current, versions, record)


@bp.get("/archive/versions/<uid>")
@only(*APPLICANTS)
def version(uid: str) -> ResponseReturnValue:
    """One approved state of the record, with what it changed."""
    record = own_record()
    versions = records_own.own_versions(me())
    chosen = next((item for item in versions if item.revision.uid == uid), None) or abort(404)
    return _page(chosen, versions, record)


def _page(shown: records_own.OwnVersion, versions: list[records_own.OwnVersion], record: Record) -> str:
    revision, before = shown.revision, records_own.version_before(versions, shown)
    latest = access.latest_declaration(me())
    return render_template(
        "archive/own.html",
        record=record,
        shown=shown,
        versions=versions,
        name=revision.answers["applicant_name"],
        photo=PHOTO if revision.papers.get(PHOTO) else "",
        sections=answers.sections(revision.answers),
        main=certificates.said(revision),
        changes=answers.changes(before.revision.answers, revision.answers) if before else {},
        papers=records_own.papers_of(revision),
        open_declaration=latest if latest and latest.status in OPEN else None,
        declined=latest if latest and latest.status == Status.DECLINED else None,
    )


@bp.get("/archive/versions/<uid>/<kind>/<int:number>.jpg")
@only(*APPLICANTS)
def picture(uid: str, kind: str, number: int) -> ResponseReturnValue:
    """One picture of an approved version, small with ``?small=1``."""
    found = records_own.own_version(me(), uid) or abort(404)
    page = records_own.page_of(found.revision, kind, number) or abort(404)
    return stored_picture(page["thumb_address" if request.args.get("small") else "address"], f"{kind}.jpg")


@bp.get("/archive/print.pdf", endpoint="print")
@only(*APPLICANTS)
def print_record() -> ResponseReturnValue:
    """The sheet that was approved, with its version and check code."""
    revision = own_record().revision
    printed = revision.sheet or abort(404)
    config, declaration = current_app.config, revision.declaration
    data = sheet_content.sheet_data(
        declaration, printed, store(), base_url=config["BASE_URL"], site=config["SITE_NAME"]
    )
    name = f"{declaration.number}-v{printed.version}.pdf"
    let_go_of_database()
    return shown_pdf(sheet_content.draw(data), name)


@bp.post("/archive/certificate")
@only(*APPLICANTS)
def issue_certificate() -> ResponseReturnValue:
    """【开具采集证明】: keep its code, then lead to the PDF."""
    own_record()
    try:
        with writing():
            certificates.issue(me(), _found())
            db.session.commit()
    except certificates.NoCertificate as error:
        flash(str(error), "y")
        return redirect(url_for("archive.own"))
    return redirect(url_for("archive.certificate"))


@bp.get("/archive/certificate.pdf")
@only(*APPLICANTS)
def certificate() -> ResponseReturnValue:
    """The certificate of the record as it is now. Not issued yet: back to the record."""
    record = own_record()
    issued = certificates.of_record(record)
    if issued is None:
        flash("请先点【开具采集证明】", "y")
        return redirect(url_for("archive.own"))
    config = current_app.config
    data = certificates.data(record, issued, store(), base_url=config["BASE_URL"], site=config["SITE_NAME"])
    let_go_of_database()
    return shown_pdf(certificate_pdf.draw(data), f"certificate-{issued.code}.pdf")


def _notice() -> AgreedText:
    return agreed_texts.current(AgreedKind.NOTICE)


@bp.route("/archive/change", methods=["GET", "POST"])
@only(*APPLICANTS)
def change() -> ResponseReturnValue:
    """【申请变更】: what has changed? Then a new declaration begins as a copy of the record."""
    record, topics = own_record(), known_topics(request.form.getlist("topic"))
    try:
        workflow_start.may_change(me(), record)
        if not topics:
            problem = "请选择哪些内容变了" if request.method == "POST" else ""
            page = render_template("archive/change.html", topics=TOPICS, problem=problem, notice=_notice())
            return page, 422 if problem else 200
        with writing():
            workflow_start.start_change(me(), _found(), topics)
            db.session.commit()
    except workflow_start.RecordClosed as error:
        flash(str(error), "y")
        return redirect(url_for("archive.own"))
    except workflow_start.AlreadyOpen as error:
        flash(str(error), "y")
        return redirect(url_for("wizard.status"))
    return redirect(url_for("wizard.home"))
