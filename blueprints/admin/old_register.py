"""原持证人名册: upload a file, look at its columns, check, import, undo (系统管理员). The work is another process's."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.admin.shared import bp
from lib.codes import Role
from lib.storage import FileDamaged, FileMissing
from models import RegisterImport, db, store
from services.access import only
from services.old_register import columns, jobs, shared_proofs
from services.old_register import findings as register_findings
from services.old_register.batches import BatchClaimed, BatchNotFound
from services.old_register.jobs import RegisterBusy
from services.old_register.progress import ImportProgress

MOST_BYTES = 30 << 20
STATES = {
    "reading": ("正在读取", "b"),
    "mapping": ("请核对列名", "y"),
    "checking": ("正在检查", "b"),
    "checked": ("已检查，等待导入", "y"),
    "importing": ("正在导入", "b"),
    "imported": ("已导入", "g"),
    "undone": ("已撤销", ""),
    "failed": ("无法读取", "r"),
}


@bp.get("/register", endpoint="register")
@only(Role.SYSTEM)
def register_list() -> str:
    return _list()


def _list(problem: str = "") -> str:
    return render_template(
        "admin/register.html",
        jobs=jobs.listed(),
        states=STATES,
        withheld=sum(shared_proofs.withheld().values()),
        problem=problem,
    )


@bp.post("/register", endpoint="register_upload")
@only(Role.SYSTEM)
def upload() -> ResponseReturnValue:
    file = request.files.get("file")
    data = file.stream.read(MOST_BYTES + 1) if file else b""
    if not file or not data:
        return _list("请选择一个文件，文件不能是空的"), 422
    if len(data) > MOST_BYTES:
        return _list(f"文件超过 {MOST_BYTES >> 20} MB，请分成几个文件"), 422
    address = store().put(data).address
    with writing():
        uid = jobs.create(me(), file.filename or "未命名", address).uid
        db.session.commit()
    return _work_goes_on(uid)


def _work_goes_on(uid: str) -> ResponseReturnValue:
    if current_app.config["STARTS_DRAWERS"]:
        jobs.start_worker(Path(current_app.root_path))
    return redirect(url_for("admin.register_file", uid=uid))


@bp.get("/register/<uid>", endpoint="register_file")
@only(Role.SYSTEM)
def file_page(uid: str) -> str:
    return _page(_job(uid))


def _page(job: RegisterImport, problem: str = "") -> str:
    return render_template(
        "admin/register_file.html",
        job=job,
        state=STATES[job.state],
        under_way=job.state in jobs.WORKED_AT,
        done=_done(job),
        fields=columns.TITLES,
        required=columns.REQUIRED,
        problem=problem,
    )


@bp.get("/register/<uid>/state", endpoint="register_state")
@only(Role.SYSTEM)
def file_state(uid: str) -> dict[str, Any]:
    """For the page's script."""
    job = _job(uid)
    return {"under_way": job.state in jobs.WORKED_AT, "done": _done(job)}


def _done(job: RegisterImport) -> int:
    beside = ImportProgress(Path(current_app.config["DATA"]), job.uid)
    return max(job.done, beside.read()) if job.state == "importing" else job.done


@bp.post("/register/<uid>/columns", endpoint="register_columns")
@only(Role.SYSTEM)
def take_columns(uid: str) -> ResponseReturnValue:
    """Another sheet of the workbook, or the columns, with which the file is checked."""
    job = _job(uid)
    sheet = request.form.get("sheet", job.sheet)
    if sheet != job.sheet and sheet in job.sheets:
        return _ask(uid, lambda job: jobs.choose_sheet(job, sheet))
    mapping = _mapping(len(job.titles))
    if problem := _mapping_problem(mapping):
        return _page(job, problem), 422
    return _ask(uid, lambda job: jobs.check(job, mapping))


def _mapping(width: int) -> dict[str, int]:
    chosen = {field: request.form.get(field, "") for field in columns.TITLES}
    return {field: int(place) for field, place in chosen.items() if place in map(str, range(width))}


def _mapping_problem(mapping: dict[str, int]) -> str:
    if absent := columns.absent(mapping):
        return f"请选择哪一列是{'、'.join(absent)}"
    if len(set(mapping.values())) < len(mapping):
        return "同一列不能用作两项内容，请重新选择"
    return ""


@bp.post("/register/<uid>/import", endpoint="register_import")
@only(Role.SYSTEM)
def import_file(uid: str) -> ResponseReturnValue:
    return _ask(uid, lambda job: jobs.import_(me(), job))


def _ask(uid: str, change: Callable[[RegisterImport], None]) -> ResponseReturnValue:
    try:
        with writing():
            change(_job(uid))
            db.session.commit()
    except RegisterBusy:
        flash("这个文件的状态已经变化，请查看后再操作", "y")
        return redirect(url_for("admin.register_file", uid=uid))
    return _work_goes_on(uid)


@bp.post("/register/<uid>/undo", endpoint="register_undo")
@only(Role.SYSTEM)
def undo(uid: str) -> ResponseReturnValue:
    try:
        with writing():
            removed = jobs.undo(me(), _job(uid))
            db.session.commit()
        flash(f"已撤销，删除 {removed} 条记录", "g")
    except (BatchClaimed, BatchNotFound) as error:
        flash(str(error), "r")
    except RegisterBusy:
        flash("这个文件的状态已经变化，请查看后再操作", "y")
    return redirect(url_for("admin.register_file", uid=uid))


@bp.post("/register/<uid>/discard", endpoint="register_discard")
@only(Role.SYSTEM)
def discard(uid: str) -> ResponseReturnValue:
    try:
        with writing():
            jobs.discard(_job(uid))
            db.session.commit()
        flash("已删除这个文件，没有导入", "g")
    except RegisterBusy:
        flash("这个文件已经导入，不能删除；需要时请撤销导入", "y")
        return redirect(url_for("admin.register_file", uid=uid))
    return redirect(url_for("admin.register"))


@bp.get("/register/<uid>/findings", endpoint="register_findings")
@only(Role.SYSTEM)
def findings(uid: str) -> ResponseReturnValue:
    """The table of problems; with ``only=conflicts`` the rows whose number is here already."""
    job, only = _job(uid), request.args.get("only") == "conflicts"
    try:
        table = store().get(job.findings or abort(404))
    except (FileMissing, FileDamaged):
        abort(404)
    name = f"名册{'冲突' if only else '问题'}-{job.uid}.csv"
    content = BytesIO(register_findings.conflicts_of(table) if only else table)
    return send_file(content, "text/csv", as_attachment=True, download_name=name)


def _job(uid: str) -> RegisterImport:
    return jobs.one(uid) or abort(404)
