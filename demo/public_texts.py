"""通知公告 of the demo (pinned, with a file, scheduled), and a 承诺函 that waits to be published."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from lib.clock import today
from lib.codes import AgreedKind, Role
from lib.storage import Blob, Store
from models import Notice, Staff, db
from services.accounts.staff import actor_of
from services.sheet import commitment
from services.site import agreed_texts, notices
from services.site.notices import NoticeText

WRITTEN = (
    NoticeText(
        "关于使用手机拍照上传附件的说明",
        "证件放平，光线充足，四角完整。\n\n照片不清楚的，审核时会退回重拍。",
        False,
        None,
        None,
    ),
    NoticeText(
        "关于开展本年度会计人员信息采集工作的通知（演示）",
        "各位会计人员：\n\n请按照办事指南填写信息，打印个人基本信息表，签名后上传。\n\n工作证明的样式见附件。",
        True,
        None,
        None,
    ),
)
COMING = NoticeText("关于系统维护的公告（演示）", "本周末进行系统维护，期间暂停办理。", False, None, None)


def draw(store: Store) -> Blob:
    """The attachment, in the store."""
    return store.put(commitment.work_proof_pdf("演示"))


def load(file: Blob) -> None:
    """Once only. The caller commits."""
    writer = db.session.scalar(select(Staff).where(Staff.role == Role.SYSTEM).limit(1))
    if writer is None or db.session.scalar(select(Notice.id).limit(1)):
        return
    actor = actor_of(writer)
    for text in WRITTEN:
        notice = Notice()
        notices.save(notice, actor, text, publish=True)
    notices.add_file(notice, actor, name="工作证明.pdf", kind="pdf", address=file.address, size=file.size)
    notices.save(Notice(), actor, replace(COMING, starts_on=today() + timedelta(days=7)), publish=True)
    now = agreed_texts.current(AgreedKind.COMMITMENT)
    body = f"{now.body}\n七、本人同意会计管理部门用短信或者电子邮件通知办理进度。"
    agreed_texts.save_draft(AgreedKind.COMMITMENT, actor, body=body, promise=now.promise)
