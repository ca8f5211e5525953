"""Searching the audit trail, page by page and as a list: one range of an index, whatever else is asked for.

The most telling condition decides which index is read; the others are looked at row by row, as far as a page may look.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import IO, Any

from sqlalchemy import Select, select, true

from lib.clock import SHANGHAI, local
from lib.codes import AccountAct, AccountState
from lib.database import parameter
from lib.identity import mask_number
from models import Account, Declaration, Event, Staff, db
from services import audit
from services.access import Actor
from services.accounts import applicants
from services.departments import matching, tree
from services.moves import MOVES
from services.queue import keyset_pages
from services.queue.keyset_pages import Cursor, Order, Range

EXPORTED_AT_MOST = 50_000  # rows that an export looks at: some seconds
_AT_ONCE = 500  # rows whose names are looked up together

#: What happened, in words, besides the moves of a declaration and what applicants read of who looked into their file.
_TITLES = {
    "create": "开始填写",
    "staff_absence": "登记离岗或者回岗",
    "open_result": "申报人查看结果",
    "register": "注册账号",
    "claim_legacy": "原有用户设置密码",
    "claim_again": "再次认领原有档案",
    "sign_in": "申报人登录",
    "end_sessions": "退出其他设备",
    "end_session": "退出一台设备",
    "own_data": "导出本人信息",
    "certificate": "开具采集证明",
    "account_closed": "注销账号",
    "draft_announced": "提醒长期未改动的申报",
    "hand_over": "生成手机上传二维码",
    "phone_upload": "手机上传",
    "screen_signature": "在屏幕上签名",
    "print_code": "生成打印码",
    "print_code_opened": "用打印码打开信息表",
    "staff_sign_in": "工作人员登录",
    "staff_password_change": "修改本人密码",
    "staff_totp_change": "更换本人动态验证码",
    "staff_number": "登记工作人员本人证件号码",
    "keys_rotate": "更换密钥",
    "staff_recovery_codes": "生成本人恢复码",
    "staff_email_change": "修改本人电子邮箱",
    "staff_create": "新建工作人员账号",
    "staff_move": "修改角色和部门",
    "staff_disable": "停用账号",
    "staff_enable": "恢复使用账号",
    "staff_propose": "提出启用管理员账号",
    "staff_confirm": "确认启用管理员账号",
    "staff_give_up": "不启用管理员账号",
    "staff_unlock": "解除登录限制",
    "staff_reset_password": "重新生成初始密码",
    "staff_reset_totp": "重新生成动态验证码",
    "staff_end_sessions": "结束账号的所有登录",
    "department": "修改部门联系方式",
    "remind_unsent": "提醒提交修改",
    "remind_returned": "提醒修改退回的申报",
    "reason": "修改原因列表",
    "notice": "修改通知公告",
    "agreed_text": "修改、发布阅读须知或承诺函",
    "field_hint": "修改填写提示",
    "option": "修改选项列表",
    "calendar": "修改工作日历",
    "backup_restore": "用备份恢复数据",
    "due_date_moved": "办理期限变动",
    "message_text": "修改消息文字",
    "message_retry": "重发消息",
    "assistance": "提交核验申请",
    "assistance_decided": "办理核验申请",
    "assistance_used": "使用核验结果",
    "department_added": "添加功能区",
    "department_bureau_added": "新设部门",
    "department_opened": "新设部门启用",
    "department_renamed": "修改部门名称",
    "department_covers": "修改部门负责范围",
    "department_system": "修改部门自有系统",
    "department_closing": "登记撤并",
    "department_reopening": "登记恢复部门",
    "department_plan_cancelled": "取消撤并或恢复",
    "department_closed": "部门撤并",
    "department_reopened": "部门恢复",
    "record_close": "注销档案",
    "record_reopen": "恢复档案",
    "record_note": "添加诚信记录",
    "record_end_note": "终止诚信记录",
    "record_transfer_asked": "申请调转档案",
    "record_transfer": "同意调转档案",
    "record_transfer_returned": "退回调转档案",
    "record_transfer_taken_back": "收回调转档案",
    "record_transfer_out": "档案调出",
    "record_transfer_in": "登记档案调入",
    "record_views": "说明查阅档案的事由",
    "register_upload": "上传原持证人名册",
    "register_import": "导入原持证人名册",
    "register_undo": "撤销导入名册",
    "legacy_import": "导入原有档案",
    "legacy_undo": "撤销导入",
    "api_token_make": "提出接口令牌",
    "api_token_confirm": "确认接口令牌",
    "api_token_revoke": "作废接口令牌",
    "audit_search": "查询操作日志",
    "audit_export": "导出操作日志",
    "audit_verify": "核对操作日志",
    **{act.value: act.label for act in AccountAct},
}
TITLES: Mapping[str, str] = _TITLES | audit.ACCESSES | {verb: move.label for verb, move in MOVES.items()}
ACTORS = {"applicant": "申报人", "staff": "工作人员", "system": "系统"}
_COLUMNS = ("时间", "操作", "操作人", "用户名", "部门", "申报编号", "证件号码（隐去部分）", "说明", "序号")


class UnknownSubject(Exception):
    """What is searched for does not exist; ``field`` says which condition it was."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class EventQuery:
    """What to look for, as typed; "" does not matter. ``number``: a person's ID number, normalised."""

    since: date | None = None
    until: date | None = None
    verb: str = ""
    username: str = ""
    office: str = ""  # a department's code
    number: str = ""
    declaration: str = ""  # 申报编号


@dataclass(frozen=True)
class EventLine:
    """One event in words."""

    id: int
    at: datetime
    title: str
    who: str
    username: str
    office: str
    declaration: str
    masked_number: str
    detail: str


@dataclass(frozen=True)
class EventPage:
    lines: Sequence[EventLine]
    after: str = ""
    unfinished: bool = False


_SHOWN: tuple[Any, ...] = (
    *(Event.id, Event.at, Event.verb, Event.actor, Event.account_id, Event.staff_id, Event.department_id),
    *(Event.declaration_id, Event.detail),
)
_ORDER = Order(Event.at, Event.id, lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S.%f}", descending=True)
#: The columns that have an index with the time, the most telling first.
_INDEXED = ("declaration_id", "account_id", "staff_id", "department_id", "verb")


def page(actor: Actor, query: EventQuery, after: str = "") -> EventPage:
    """The newest first. Raises UnknownSubject."""
    wanted = _wanted(actor, query)
    found = keyset_pages.page([_range(wanted, query)], _ORDER, Cursor.read(after, _moment), keeps=_keeps(wanted))
    return EventPage(_lines(found.rows), found.after, found.unfinished)


def _wanted(actor: Actor | None, query: EventQuery) -> dict[str, Any]:
    """Column -> value. An auditor below the province sees what the officers of the own department have done."""
    wanted: dict[str, Any] = {}
    if query.declaration:
        number = Declaration.number == query.declaration.upper()
        wanted["declaration_id"] = _one(select(Declaration.id).where(number), "declaration", "没有这个申报编号")
    if query.number:
        index = Account.id_index == applicants.number_index(query.number)
        person = select(Account.id).where(index).order_by(Account.state == AccountState.RESERVED, Account.id).limit(1)
        wanted["account_id"] = _one(person, "number", "没有这个证件号码的账号")
    if query.username:
        wanted["staff_id"] = _one(
            select(Staff.id).where(Staff.username == query.username), "username", "没有这个用户名"
        )
    if office_id := _office_id(actor, query.office):
        wanted["department_id"] = office_id
    return wanted | ({"verb": query.verb} if query.verb else {})


def _office_id(actor: Actor | None, code: str) -> int:
    """0: of all departments."""
    if actor is None:
        return 0
    own = tree.load().by_id[actor.department_id]
    if not code:
        return 0 if own.parent_id is None else own.id
    if office := matching.one_in_scope(actor, code):
        return office.id
    raise UnknownSubject("office", "请从列表中选择部门")


def _one(query: Select[int], field: str, message: str) -> int:
    found = db.session.scalar(query)
    if found is None:
        raise UnknownSubject(field, message)
    return found


def _range(wanted: Mapping[str, Any], query: EventQuery) -> Range:
    first = next((name for name in _INDEXED if name in wanted), "")
    span = {"since": _begin(query.since or date(2000, 1, 1)), "until": _begin(query.until or date(2099, 1, 1), 1)}
    return Range(_statement(first), span | ({"wanted": wanted[first]} if first else {}))


@cache
def _statement(first: str) -> Select[Any]:
    matches = getattr(Event, first) == parameter("wanted") if first else true()
    return select(*_SHOWN).where(matches, Event.at >= parameter("since"), Event.at < parameter("until"))


def _begin(day: date, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), SHANGHAI)


def _keeps(wanted: Mapping[str, Any]) -> Callable[[Any], bool] | None:
    """The conditions that no index was read by."""
    rest = list(wanted.items())[1:] if len(wanted) > 1 else []
    return (lambda row: all(getattr(row, name) == value for name, value in rest)) if rest else None


def _moment(text: str) -> datetime:
    """Raises ValueError."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- in words ---------------------------------------------------------------------------------------------------------


def _lines(rows: Sequence[Any]) -> list[EventLine]:
    staff = _named(select(Staff.id, Staff.name, Staff.username), Staff.id, rows, "staff_id")
    numbers = _named(select(Declaration.id, Declaration.number), Declaration.id, rows, "declaration_id")
    people = {row.account_id for row in rows if row.account_id}
    accounts = {one.id: one for one in db.session.scalars(select(Account).where(Account.id.in_(people)))}
    offices = tree.load().by_id
    return [_line(row, staff, numbers, accounts, offices) for row in rows]


def _named(query: Select[*tuple[Any, ...]], column: Any, rows: Sequence[Any], name: str) -> dict[int, Any]:
    wanted = {getattr(row, name) for row in rows} - {None}
    return {found[0]: found for found in db.session.execute(query.where(column.in_(wanted)))} if wanted else {}


def _line(row: Any, staff: Any, numbers: Any, accounts: Any, offices: Any) -> EventLine:
    officer, office = staff.get(row.staff_id), offices.get(row.department_id)
    account, number = accounts.get(row.account_id), numbers.get(row.declaration_id)
    return EventLine(
        id=row.id,
        at=row.at,
        title=TITLES.get(row.verb, row.verb),
        who=officer.name if officer else ACTORS[row.actor],
        username=officer.username if officer else "",
        office=office.name if office else "",
        declaration=number.number if number else "",
        masked_number=mask_number(account.id_number) if account else "",
        detail=row.detail,
    )


# --- as a file --------------------------------------------------------------------------------------------------------


def export(actor: Actor | None, query: EventQuery, file: IO[str], most: int) -> int:
    """Write the events as CSV, the newest first; returns how many. Raises UnknownSubject.

    After looking at ``most`` rows the last line says that there are more. No ``actor``: of the whole province.
    """
    wanted = _wanted(actor, query)
    keeps = _keeps(wanted) or (lambda _row: True)
    rows: Iterator[Any] = keyset_pages.merged([_range(wanted, query)], _ORDER, Cursor())
    file.write("\ufeff")  # spreadsheets take it for UTF-8
    looked_at, written, out = 0, 0, csv.writer(file)
    out.writerow(_COLUMNS)
    while looked_at < most and (some := list(islice(rows, _AT_ONCE))):
        kept = [_cells(line) for line in _lines(list(filter(keeps, some)))]
        out.writerows(kept)
        looked_at, written = looked_at + len(some), written + len(kept)
    if next(rows, None) is not None:
        out.writerow(["还有更早的记录没有导出。请把结束日期改为以上最早一行的日期，再导出一次"])
    return written


def _cells(line: EventLine) -> list[str | int]:
    when = f"{local(line.at):%Y-%m-%d %H:%M:%S}"
    texts = (line.title, line.who, line.username, line.office, line.declaration, line.masked_number, line.detail)
    return [when, *map(_harmless, texts), line.id]


def _harmless(text: str) -> str:
    """A spreadsheet must not take typed text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
