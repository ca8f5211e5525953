"""导出我的信息: what is kept about one person, as JSON in the words of the pages, and the files.

Not in it: notes that officers made for each other, counts that limit attempts, hashes of passwords and codes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from sqlalchemy import select

from lib.clock import local
from lib.codes import AssistanceState, ChoiceEnum, MarkState, Status
from lib.database import utcnow
from lib.storage import FileDamaged, FileMissing, Store
from models import (
    Account,
    AccountChange,
    AssistanceRequest,
    Decision,
    Declaration,
    Draft,
    PaperPage,
    Record,
    RecordEntry,
    RecordTransfer,
    Revision,
    Sheet,
    WebSession,
    db,
)
from services import audit
from services.accounts import inbox
from services.declaration import answers, labels
from services.reports import standing_decisions

DATA = "我的信息.json"
ABOUT = """这是您在本网站上的全部个人信息，由您本人申请导出。
“我的信息.json”可以用浏览器或文本编辑器打开；“附件”文件夹里是您上传的图片。
工作人员之间的内部备注、登录密码和验证码不在其中（密码和验证码没有保存原文）。
文件里有证件号码和图片，请妥善保管，不要转发给别人。
"""


def write(account: Account, store: Store, file: IO[bytes]) -> int:
    """The ZIP; returns the number of pictures. One that is lost is named in the list, and does not stop the others."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        written, lost = 0, []
        for name, address in pictures(account).items():
            try:
                packed.writestr(f"附件/{name}", store.get(address))
                written += 1
            except (FileMissing, FileDamaged):
                lost.append(name)
        found = collected(account) | ({"缺少的图片": lost} if lost else {})
        text = json.dumps(_plain(found), ensure_ascii=False, indent=1)
        packed.writestr(zipfile.ZipInfo(DATA), text, zipfile.ZIP_DEFLATED)
        packed.writestr("说明.txt", ABOUT)
    return written


def _plain(value: Any) -> Any:
    """Times as the pages show them, codes in words."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d %H:%M}"
    return value.label if isinstance(value, ChoiceEnum) else value


# --- the pictures -----------------------------------------------------------------------------------------------------


def pictures(account: Account) -> dict[str, str]:
    """Name in the ZIP -> address. While nothing can be changed, the working copy is what was submitted last."""
    found: dict[str, str] = {}
    for declaration in _declarations(account):
        pages = select(PaperPage).where(PaperPage.declaration_id == declaration.id)
        for page in db.session.scalars(pages) if declaration.is_editable else ():
            found[_name(declaration, "填写中", page.kind, page.position)] = page.address
            if page.source_address and page.source_address != page.address:
                found[_name(declaration, "填写中-原图", page.kind, page.position)] = page.source_address
        for revision in declaration.revisions:
            for kind, frozen in revision.papers.items():
                for position, one in enumerate(frozen):
                    found[_name(declaration, f"第{revision.number}次提交", kind, position)] = one["address"]
    for number, request in enumerate(_assistance(account), 1):
        if request.address:
            found[f"核验申请/{number}.jpg"] = request.address
    return found


def _name(declaration: Declaration, when: str, kind: str, position: int) -> str:
    return f"{declaration.number}/{when}/{labels.short(kind)}-{position + 1}.jpg"


# --- what is written --------------------------------------------------------------------------------------------------


def collected(account: Account) -> dict[str, Any]:
    return {
        "导出时间": utcnow(),
        "账号": _columns(account, ACCOUNT),
        "账号的更正和冻结": [_columns(one, CHANGE) for one in _rows(AccountChange, account)],
        "原有会计从业资格证档案": _old_record(account),
        "人员档案": _record(account),
        "申报": [_declaration(one) for one in _declarations(account)],
        "核验申请": [_columns(one, REQUEST) for one in _assistance(account)],
        "消息": [_columns(one, MESSAGE) for one in inbox.messages(account.id, limit=10_000)],
        "登录的设备": [_columns(one, DEVICE) for one in _rows(WebSession, account)],
        "谁查看过我的信息": [
            {"时间": one.at, "部门": one.office, "事项": one.title} for one in audit.accesses(account.id, limit=10_000)
        ],
    }


#: What is written of a row: its title and the column.
ACCOUNT = {
    "姓名": "name",
    "证件类型": "id_type",
    "证件号码": "id_number",
    "手机号码": "phone",
    "手机号码验证时间": "phone_verified_at",
    "电子邮箱": "email",
    "电子邮箱验证时间": "email_verified_at",
    "注册时间": "created_at",
    "修改密码时间": "password_changed_at",
    "阅读的隐私告知版本": "privacy_version",
}
#: Without the officer's grounds: they may name the other person who has the number.
CHANGE = {"时间": "at", "事项": "act", "更正前的证件类型": "id_type_before", "更正前的证件号码": "number_before"}
OLD_RECORD = {
    "姓名": "name",
    "档案号": "archive_no",
    "证书编号": "certificate_no",
    "发证年月": "issued_month",
    "发证机关": "issuer",
    "单位": "employer",
    "手机号码": "phone",
}
REQUEST = {"提交": "submitted_at", "姓名": "name", "手机号码": "phone", "情况说明": "story", "答复": "answer"}
MESSAGE = {"时间": "created_at", "标题": "title", "内容": "body"}
DEVICE = {"设备": "device", "登录": "created_at", "最近使用": "seen_at", "退出": "ended_at"}
MARK = {"原因": "reason", "说明": "comment", "我的答复": "explanation"}


def _columns(row: Any, titles: Mapping[str, str]) -> dict[str, Any]:
    return {title: getattr(row, column) for title, column in titles.items()}


def _rows(mapped: Any, account: Account) -> Iterator[Any]:
    yield from db.session.scalars(select(mapped).where(mapped.account_id == account.id).order_by(mapped.id))


def _old_record(account: Account) -> dict[str, Any] | None:
    """Not for an account that was claimed with a weak proof: its owner may be somebody else."""
    return _columns(account.legacy, OLD_RECORD) if account.legacy and account.assured else None


def _record(account: Account) -> dict[str, Any] | None:
    record = db.session.scalar(select(Record).where(Record.account_id == account.id))
    if record is None or audit.result_unseen(record.revision.declaration):
        return None
    return {
        "申报编号": record.number,
        "部门": record.department.name,
        "审核通过": record.approved_at,
        "注销": record.closed_at,
        "注销原因": record.closed_reason,
        "档案上的记录": [
            {"时间": one.at, "部门": one.department.name, "种类": one.verb, "内容": one.text}
            for one in _rows(RecordEntry, account)
        ],
        "档案调转": [_transfer(one) for one in _rows(RecordTransfer, account)],
    }


def _transfer(transfer: RecordTransfer) -> dict[str, Any]:
    return {
        "时间": transfer.at,
        "从": transfer.origin,
        "到": transfer.destination,
        "原因": transfer.reason,
        "答复时间": transfer.answered_at,
        "结果": {None: "等待答复", True: "已调转", False: "没有调转"}[transfer.accepted],
        "答复": transfer.answer,
    }


def _declarations(account: Account) -> list[Declaration]:
    query = select(Declaration).where(Declaration.account_id == account.id)
    return list(db.session.scalars(query.order_by(Declaration.created_at, Declaration.id)))


def _declaration(declaration: Declaration) -> dict[str, Any]:
    here = {"declaration_id": declaration.id}
    sheets = db.session.scalars(select(Sheet).filter_by(**here).order_by(Sheet.version))
    drafts = db.session.scalars(select(Draft).filter_by(**here).order_by(Draft.saved_at, Draft.id))
    #: Opening a result is written down, and ends the officer's undo: on its own page only.
    unseen = audit.result_unseen(declaration)
    history = audit.history(declaration)
    return {
        "申报编号": declaration.number,
        "种类": declaration.kind,
        "状态": Status.IN_REVIEW if unseen else declaration.status,
        "建立": declaration.created_at,
        "最近改动": declaration.touched_at,
        "办理部门": declaration.department and declaration.department.name,
        "填写的内容": _said(answers.facts(declaration)),
        "还没有保存的输入": {one.page: one.body for one in drafts},
        "打印的信息表": [{"版本": one.version, "校验码": one.code, "时间": one.printed_at} for one in sheets],
        "提交": [_revision(one, unseen) for one in declaration.revisions],
        "办理进度": [
            {"时间": one.at, "事项": one.title, "部门": one.office} for one in history[: -1 if unseen else None]
        ],
    }


def _said(facts: Mapping[str, Any]) -> dict[str, str]:
    return {row.label: row.text for section in answers.sections(facts) for row in section.rows if row.text}


def _revision(revision: Revision, unseen: bool) -> dict[str, Any]:
    hidden = unseen and revision.number == revision.declaration.revision_number
    decisions = select(Decision).where(Decision.revision_id == revision.id, standing_decisions.stands(Decision))
    return {
        "次数": revision.number,
        "时间": revision.submitted_at,
        "部门": revision.department.name,
        "内容": _said(revision.answers),
        "结果": [
            {"时间": one.at, "结果": one.verb, "部门": one.department.name, "原因": one.reason, "说明": one.comment}
            for one in ([] if hidden else db.session.scalars(decisions.order_by(Decision.position)))
        ],
        "需要修改的地方": [
            {"项目": labels.full(one.target), **_columns(one, MARK)}
            for one in revision.marks
            if not hidden and one.state != MarkState.DRAFT
        ],
    }


def _assistance(account: Account) -> list[AssistanceRequest]:
    """Those that were granted to this account; another person may have asked for the same number."""
    granted = AssistanceRequest.account_id == account.id, AssistanceRequest.id_index == account.id_index
    query = select(AssistanceRequest).where(*granted, AssistanceRequest.state == AssistanceState.USED)
    return list(db.session.scalars(query.order_by(AssistanceRequest.submitted_at, AssistanceRequest.id)))
