"""Pages for everyone: 首页, 通知公告, 办事指南, 咨询电话, 模板下载, 照片处理, 个人信息告知, 大字版, health."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import lru_cache

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from blueprints import client_source, writing
from blueprints.account_forms import LoginForm
from blueprints.downloads import download, shown_pdf, stored_file
from blueprints.kept_parts import render_kept, text_cookie
from blueprints.watching import may_watch
from forms import PHOTO, STEPS
from lib import names
from lib.codes import AgreedKind
from lib.database import utcnow
from lib.monitoring.metrics import CONTENT_TYPE, exposition
from lib.pdf import fonts
from lib.pictures.images import PictureRefused
from lib.questions.validators import unprintable_note
from models import db, store
from services.access import public
from services.accounts import throttle
from services.departments import matching
from services.departments.snapshot import AgreedText
from services.filing import next_page, verification
from services.operations import backup_runs, gauges, readiness
from services.papers import photo_tool
from services.records import certificates
from services.sheet import commitment as sheet_commitment
from services.sheet import templates as sheet_templates
from services.site import agreed_texts, guide, notices, privacy

bp = Blueprint("public", __name__)

HOME_NOTICES = 5
YEAR = 365 * 24 * 3600  # seconds


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    return render_kept(
        "public/home.html",
        empty_form=LoginForm,
        notices=notices.newest(HOME_NOTICES),
        days=current_app.config["REVIEW_DAYS"],
        ways_on=matching.ways_on(),
    )


@bp.get("/notices", endpoint="notices")
@public
def list_notices() -> str:
    after = request.args.get("after", type=int)
    return render_template("public/notices.html", shown=notices.page(after), after=after)


@bp.get("/notices/<int:notice_id>")
@public
def notice(notice_id: int) -> str:
    found = notices.published(notice_id) or abort(404)
    return render_template("public/notice.html", notice=found)


@bp.get("/notices/<int:notice_id>/files/<uid>")
@public
def notice_file(notice_id: int, uid: str) -> Response:
    found = notices.published(notice_id) or abort(404)
    return stored_file(notices.file_of(found, uid) or abort(404))


@bp.get("/guide", endpoint="guide")
@public
def guide_page() -> str:
    return render_template(
        "public/guide.html",
        steps=STEPS,
        needed=guide.needed_papers(required=True),
        optional=guide.needed_papers(required=False),
        days=current_app.config["REVIEW_DAYS"],
        factors=current_app.config["LEGACY_CLAIM_FACTORS"],
        templates=sheet_templates.TEMPLATES,
        ways_on=matching.ways_on(),
    )


@bp.get("/hotlines")
@public
def hotlines() -> ResponseReturnValue:
    query = names.normalise_text(request.args.get("q", ""))[:40]
    groups = matching.phone_book(query)
    render = render_template if query else render_kept  # what somebody looks for is not kept
    return render("public/hotlines.html", query=query, groups=groups)


@bp.get("/templates/<name>")
@public
def template_file(name: str) -> Response:
    if name not in sheet_templates.TEMPLATES:
        abort(404)
    content = sheet_templates.pdf(name, current_app.config["SITE_NAME"])
    title = sheet_templates.TEMPLATES[name].title
    return send_file(io.BytesIO(content), "application/pdf", as_attachment=True, download_name=f"{title}.pdf")


@bp.route("/photo-tool", methods=["GET", "POST"], endpoint="photo_tool")
@public
def make_photo() -> ResponseReturnValue:
    """照片处理. A script does the work in the browser; without it the picture is uploaded."""
    if request.method != "POST":
        return render_template("public/photo_tool.html", problem="")
    with writing():
        made = throttle.count_attempt(client_source().within(throttle.PHOTO_ADDRESS))
        db.session.commit()
    if made.until:
        problem = f"您所在的网络处理得太频繁，请 {made.minutes} 分钟后再试，或者换用其他网络（如手机流量）"
        return render_template("public/photo_tool.html", problem=problem), 429
    file = request.files.get(PHOTO)
    data, place = file.read() if file else b"", request.form.get("place", "")
    db.session.rollback()  # do not hold a transaction while decoding
    try:
        jpeg = photo_tool.make(data, place, current_app.extensions["kuaiji.photo_rule"])
    except PictureRefused as error:
        return render_template("public/photo_tool.html", problem=str(error)), 422
    return download(jpeg, "image/jpeg", "photo.jpg", "一寸照片.jpg")


@bp.get("/texts/<kind>/<version>")
@public
def agreed_text(kind: str, version: str) -> str:
    """A version of 阅读须知 or 承诺函: the one in force, or one that somebody has agreed to."""
    text = _published_text(kind, version)
    return render_template(
        "public/agreed_text.html", text=text, now=agreed_texts.current(text.kind), title=_TITLES[kind]
    )


@bp.get("/texts/<kind>/<version>.pdf")
@public
def agreed_text_pdf(kind: str, version: str) -> Response:
    text = _published_text(kind, version)
    return shown_pdf(_drawn_text(text, current_app.config["SITE_NAME"]), f"{kind}-{version}.pdf")


_TITLES: Mapping[str, str] = {kind.value: title for kind, title in agreed_texts.TITLES.items()}
_drawn_text = lru_cache(maxsize=8)(sheet_commitment.text_pdf)


def _published_text(kind: str, version: str) -> AgreedText:
    found = agreed_texts.version(AgreedKind(kind), version) if kind in _TITLES else None
    if found is None or found.starts_at > utcnow():
        abort(404)
    return found


@bp.get("/photo-tool/download")
@public
def photo_tool_file() -> Response:
    """【下载照片处理工具】. A download, so that it never runs as a page of this site."""
    parts = photo_tool.parts(current_app.extensions["kuaiji.static"].folder)
    page = render_template("public/photo_tool_file.html", parts=parts).encode()
    return download(page, "application/octet-stream", "photo-tool.html", "照片处理工具.html")


@bp.get("/privacy", endpoint="privacy")
@public
def privacy_notice() -> str:
    return render_template("public/privacy.html", version=privacy.VERSION, sections=privacy.SECTIONS)


@bp.get("/text-size")
@public
def text_size() -> ResponseReturnValue:
    """大字版: store the choice in a cookie and go back to the page of the link."""
    answer = redirect(next_page.own_path(request.args.get("next", "")) or url_for("public.home"))
    cookie, secure = text_cookie(), current_app.config["SESSION_COOKIE_SECURE"]
    if request.args.get("large") == "1":
        answer.set_cookie(cookie, "large", max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    else:
        answer.delete_cookie(cookie, secure=secure)
    return answer


@bp.get("/verify")
@public
def verify_code() -> ResponseReturnValue:
    """信息表验真: type the code that is printed on a sheet."""
    typed = request.args.get("code", "")[:200]
    if code := verification.plain(typed):
        return redirect(url_for("public.verify", code=code))
    return render_template("public/verify.html", found=None, asked=False, code="", wait=0)


@bp.get("/verify/<code>")
@public
def verify(code: str) -> ResponseReturnValue:
    """The target of the QR code on a printed sheet and on a certificate."""
    code, source = verification.plain(code), client_source()
    found = verification.verify(code)
    if found is None and (certificate := certificates.verify(code)):
        return render_template("public/verify_certificate.html", found=certificate)
    wait = 0 if found else verification.wait(source)
    page = render_template("public/verify.html", found=found, asked=True, code=code, wait=wait)
    if found is None and verification.is_code(code) and not wait:
        with writing():
            verification.missed(source)
            db.session.commit()
    return page, 200 if found else 429 if wait else 404


@bp.post("/characters")
@public
def characters() -> dict[str, str]:
    """A note on unusual typed characters that cannot be printed.

    Browsers send only these characters, not the text around them. It needs no database.
    """
    typed = request.form.get("characters", "")[:200]
    missing = fonts.missing_characters(typed)
    problem = names.private_problem(typed)
    return {"note": problem or (unprintable_note(missing) if missing else "")}


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """For the operator: 200 while the database answers."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return Response("database unreachable\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """For a monitor or a load balancer: 200 while everything works, else 503 with one line for each problem.

    Warnings are lines below ``ok``.
    """
    found = list(readiness.problems(current_app.extensions["kuaiji.damage"], current_app.config["DATA"], store()))
    lines = found or ["ok", *_looked_after()]
    db.session.rollback()
    return Response("".join(f"{line}\n" for line in lines), 503 if found else 200, mimetype="text/plain")


def _looked_after() -> Iterator[str]:
    yield from backup_runs.readiness(current_app.config["BACKUP_DIR"] is not None)
    yield from (f"warning: {text}" for text in readiness.warnings())


@bp.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """For Prometheus. Whoever may not ask finds nothing here."""
    if not may_watch():
        abort(404)
    figures = list(gauges.figures(current_app.config["DATA"], store()))
    db.session.rollback()
    return Response(exposition(figures), content_type=CONTENT_TYPE)
