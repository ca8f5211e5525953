"""Error pages. Every error rolls the transaction back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from blueprints import problems
from lib import database, files
from lib.crypto import HashingBusy
from lib.database import begin_mode
from lib.database.reader import end_reading
from lib.database.transactions import roll_back
from lib.files import StorageFailure
from lib.keyring import Tampered
from lib.pictures.images import PictureRefused
from lib.sandbox import client as sandbox
from lib.storage import FileDamaged, FileMissing
from models import db
from services.sheet.content import SheetPhotoLost
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
    507: ("暂时不能保存", "服务器的存储出了问题，这次的内容没有保存。请稍后再试；如果一直出现，请拨打咨询电话。"),
}
UNKNOWN_HOST = "本网站不使用这个网址，请核对网址后重新打开。\n"


@dataclass(frozen=True)
class FailurePage:
    """What a person reads when a disk or a database fails; an empty ``title`` or ``advice``: as usual for the code."""

    code: int
    title: str = ""
    advice: str = ""


_AGAIN = "请稍后再试；如果一直出现，请拨打咨询电话。"
FAILURES = {
    StorageFailure.LOCKED: FailurePage(503),
    StorageFailure.UNREACHABLE: FailurePage(503, "暂时连接不上数据库", f"系统正在恢复。{_AGAIN}"),
    StorageFailure.DAMAGED: FailurePage(503, "数据库需要修复", f"系统的数据库出了故障，正等待修复。{_AGAIN}"),
    StorageFailure.FULL: FailurePage(507, advice=f"服务器的存储空间已满，这次的内容没有保存。{_AGAIN}"),
    StorageFailure.READ_ONLY: FailurePage(507, advice=f"服务器的存储现在只能读取，这次的内容没有保存。{_AGAIN}"),
    StorageFailure.DISK_ERROR: FailurePage(507),
}
#: One sealed value, not the whole database: the rest of the site goes on, and the log says where.
VALUE_DAMAGED = FailurePage(
    503, "这份资料需要修复", "数据库中的这份资料已损坏，不能显示，其他资料不受影响。请拨打咨询电话。"
)
STORE_AWAY = FailurePage(503, "暂时连接不上文件存储", f"系统正在恢复。{_AGAIN}")
LOST_PHOTO = (
    "编号 {number} 的个人基本信息表不能打印：一寸照片的文件已丢失或损坏。请重新上传一寸照片后再打印；"
    "不能上传的，请拨打咨询电话。"
)
LOST_PICTURE = "这张图片的文件已丢失或损坏。请重新上传；如果仍有问题，请拨打咨询电话。"


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Conflict, conflict)
    app.register_error_handler(StaleDataError, lambda _error: page(409))
    app.register_error_handler(IntegrityError, integrity)
    app.register_error_handler(SheetPhotoLost, lost_photo)
    app.register_error_handler(Tampered, damaged_value)
    app.register_error_handler(FileMissing, lost_picture)
    app.register_error_handler(FileDamaged, lost_picture)
    app.register_error_handler(PictureRefused, refused_picture)
    app.register_error_handler(DataError, invalid_value)
    app.register_error_handler(HashingBusy, overloaded)
    app.register_error_handler(NoConnectionLeft, overloaded)
    app.register_error_handler(DBAPIError, storage_failed)
    app.register_error_handler(OSError, storage_failed)
    app.register_error_handler(Exception, unexpected)


def page(code: int, advice: str = "", title: str = "") -> ResponseReturnValue:
    end_reading()
    roll_back(db.session())
    if problems.wanted():
        return problems.answer(code, advice, title)
    usual = ERRORS.get(code, ERRORS[400] if code < 500 else ERRORS[500])
    words = {"title": title or usual[0], "advice": advice or usual[1]}
    return render_template("errors/error.html", code=code, **words), code


def failure_of(error: Exception) -> FailurePage | None:
    """The page for a disk or database that fails, with a line in the log; None: it is another error.

    Nothing waits a second time: the page does without the database.
    """
    found = files.failure_of(error) if isinstance(error, OSError) else database.failure_of(error)
    if found is None:
        return None
    what = "storage" if isinstance(error, OSError) else "database"
    current_app.logger.error("%s %s on %s: %s", what, found, request.endpoint, _cause(error))
    database.write_damage(current_app.extensions["kuaiji.damage"], error)
    begin_mode.set("DEFERRED")
    g.database_failed = not isinstance(error, OSError)
    return STORE_AWAY if what == "storage" and found is StorageFailure.UNREACHABLE else FAILURES[found]


def _cause(error: Exception) -> str:
    """The first line, without the values of a statement: they may be personal data."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [""])[0]


def storage_failed(error: Exception) -> ResponseReturnValue:
    failure = failure_of(error)
    return page(failure.code, failure.advice, failure.title) if failure else unexpected(error)


def damaged_value(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("a sealed value is damaged on %s: %s", request.endpoint, error)
    return page(VALUE_DAMAGED.code, VALUE_DAMAGED.advice, VALUE_DAMAGED.title)


def http_error(error: HTTPException) -> Any:
    if isinstance(error, SecurityError):  # no address of ours: our pages could not even link to themselves
        return Response(UNKNOWN_HOST, 400, mimetype="text/plain")
    if error.code is None or error.code < 400:
        return error
    answer = page(error.code)
    if isinstance(answer, Response):  # for another system: Allow, WWW-Authenticate, Retry-After
        answer.headers.extend([(name, value) for name, value in error.get_headers() if name != "Content-Type"])
    return answer


def conflict(error: Exception) -> ResponseReturnValue:
    return page(409, str(error))


def integrity(error: IntegrityError) -> ResponseReturnValue:
    """On PostgreSQL two requests may create the same unique row at once; the second gets a conflict.

    Examples: a person starts again while the manager reopens a declined file; an officer saves a view twice.
    """
    if "unique constraint" not in str(error.orig).lower():
        return unexpected(error)
    current_app.logger.warning("another request was first on %s", request.endpoint)
    return page(409)


def lost_picture(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("a stored picture is missing or damaged: %s", error)
    return page(404, LOST_PICTURE)


def lost_photo(error: SheetPhotoLost) -> ResponseReturnValue:
    which = "a stored picture is missing or damaged: %s, photo of printed sheet %s: %s"
    current_app.logger.error(which, error.number, error.version, error.address)
    return page(404, LOST_PHOTO.format(number=error.number))


def refused_picture(error: Exception) -> ResponseReturnValue:
    """For pages that cannot show the message, such as rotating a picture when no child process can be started."""
    return page(503 if isinstance(error, sandbox.SandboxBusy | sandbox.SandboxUnavailable) else 422, str(error))


def invalid_value(_error: Exception) -> ResponseReturnValue:
    """PostgreSQL refuses NUL in a text and numbers too large for their column. Our pages never send these."""
    current_app.logger.error("a value that the database refuses on %s", request.endpoint)
    return page(400)


def overloaded(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("connections or hashing are busy: %s", type(error).__name__)
    return page(503)


def unexpected(error: Exception) -> ResponseReturnValue:
    """Never shows a traceback, except in tests."""
    current_app.logger.exception("unexpected error on %s", request.endpoint)
    answer = page(500)
    if current_app.config["TESTING"]:
        raise error
    return answer
