"""Error pages. Every error rolls the transaction back."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, render_template, request
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from lib.crypto import HashingBusy
from lib.pictures.images import PictureRefused
from lib.sandbox import client as sandbox
from lib.storage import FileDamaged, FileMissing
from models import db
from services.workflow import Conflict

#: Status code -> title and what to do.
ERRORS = {
    400: ("无法处理这个请求", "页面可能已经过期。请返回上一页刷新后再试一次。"),
    401: ("登录已超时", "请重新登录后继续。"),
    403: ("您不能使用这个页面", "您的账号没有使用这个页面的权限。如有疑问，请联系会计管理部门。"),
    404: ("没有找到这个页面", "地址可能写错了，或者内容已经移走。请从首页重新进入。"),
    405: ("不能这样打开这个页面", "请返回上一页，用页面上的按钮操作。"),
    409: ("内容已经被改动", "您打开这个页面之后，内容已经发生变化。请返回刷新后再操作。"),
    413: ("上传的内容太大", "一次上传的文件总共不能超过 64 MB，单张图片不能超过 15 MB。请减少图片后再试。"),
    422: ("无法处理这张图片", "请重新拍照，或重新导出后再上传。"),
    429: ("操作太频繁", "请稍等几分钟再试。"),
    500: ("系统出错了", "我们已经记录了这个错误。请稍后再试；如果一直出现，请拨打咨询电话。"),
    503: ("系统正忙", "现在办理的人较多。请稍等片刻再试一次，已保存的内容不会丢失。"),
}
UNKNOWN_HOST = "本网站不使用这个网址，请核对网址后重新打开。\n"
LOST_PICTURE = "这张图片的文件已丢失或损坏。请重新上传；如果仍有问题，请拨打咨询电话。"


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Conflict, conflict)
    app.register_error_handler(StaleDataError, lambda _error: page(409))
    app.register_error_handler(IntegrityError, integrity)
    app.register_error_handler(FileMissing, lost_picture)
    app.register_error_handler(FileDamaged, lost_picture)
    app.register_error_handler(PictureRefused, refused_picture)
    app.register_error_handler(DataError, invalid_value)
    app.register_error_handler(HashingBusy, overloaded)
    app.register_error_handler(OperationalError, overloaded)
    app.register_error_handler(Exception, unexpected)


def page(code: int, advice: str = "") -> tuple[str, int]:
    db.session.rollback()
    title, usual = ERRORS.get(code, ERRORS[400] if code < 500 else ERRORS[500])
    return render_template("errors/error.html", title=title, advice=advice or usual, code=code), code


def http_error(error: HTTPException) -> Any:
    if isinstance(error, SecurityError):  # no address of ours: our pages could not even link to themselves
        return Response(UNKNOWN_HOST, 400, mimetype="text/plain")
    return error if error.code is None or error.code < 400 else page(error.code)


def conflict(error: Exception) -> tuple[str, int]:
    return page(409, str(error))


def integrity(error: IntegrityError) -> tuple[str, int]:
    """On PostgreSQL two requests may create the same unique row at once; the second gets a conflict.

    Examples: a person starts again while the manager reopens a declined file; an officer saves a view twice.
    """
    if "unique constraint" not in str(error.orig).lower():
        return unexpected(error)
    current_app.logger.warning("another request was first on %s", request.endpoint)
    return page(409)


def lost_picture(error: Exception) -> tuple[str, int]:
    current_app.logger.error("a stored picture is missing or damaged: %s", error)
    return page(404, LOST_PICTURE)


def refused_picture(error: Exception) -> tuple[str, int]:
    """For pages that cannot show the message, such as rotating a picture when no child process can be started."""
    return page(503 if isinstance(error, sandbox.SandboxBusy | sandbox.SandboxUnavailable) else 422, str(error))


def invalid_value(_error: Exception) -> tuple[str, int]:
    """PostgreSQL refuses NUL in a text and numbers too large for their column. Our pages never send these."""
    current_app.logger.error("a value that the database refuses on %s", request.endpoint)
    return page(400)


def overloaded(error: Exception) -> tuple[str, int]:
    current_app.logger.error("database or hashing is busy: %s", type(error).__name__)
    return page(503)


def unexpected(error: Exception) -> tuple[str, int]:
    """Never shows a traceback, except in tests."""
    current_app.logger.exception("unexpected error on %s", request.endpoint)
    answer = page(500)
    if current_app.config["TESTING"]:
        raise error
    return answer
