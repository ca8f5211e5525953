"""The texts of messages: built in, or as the 系统管理员 has worded them. ``{验证码}`` stands for a value.

Values never are ID numbers, names of people or reasons, so no wording can tell them to whoever reads along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from models import MessageText, db, site
from services import audit
from services.access import Actor
from services.departments import snapshot

SITE, ADDRESS = "网站名称", "网址"
NUMBER, DEPARTMENT, CODE, MINUTES, TITLE = "申报编号", "部门", "验证码", "有效分钟", "消息标题"
DAY = "日期"
OVERDUE, WAITING, SOON = "超期件数", "待办件数", "临期件数"
EXAMPLES = {
    NUMBER: "LN20260000123",
    DEPARTMENT: "样例县财政局",
    CODE: "12345678",
    MINUTES: "15",
    TITLE: "审核通过",
    DAY: "2027-12-01",
    OVERDUE: "2",
    WAITING: "18",
    SOON: "5",
}
LONGEST = {"title": 60, "body": 300, "sms": 300}
_HOLE = re.compile(r"[{｛]([^{}｛｝]*)[}｝]")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)")


@dataclass(frozen=True)
class MessageWording:
    """``title``: of the message on the site, subject of the mail. ``sms`` empty: none is sent."""

    title: str
    body: str
    sms: str = ""


@dataclass(frozen=True)
class MessageKind:
    """One kind of message. ``holes``: the values that its text may name, besides those of the site; ``needs``: must.

    ``parts``: of the wording that are used, and edited. Staff have no phone here.
    """

    name: str
    label: str
    built_in: MessageWording
    holes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ("title", "body", "sms")

    @property
    def allowed(self) -> tuple[str, ...]:
        return (*self.holes, SITE, ADDRESS)


OTHER = "other"
_STAFF = ("title", "body")
_LOOK = "详情请登录{网站名称}查看。"
_CODE_TEXT = "验证码 {验证码}，{有效分钟} 分钟内有效。请勿告诉任何人。"


def _code(name: str, label: str, title: str, use: str) -> MessageKind:
    text = f"您正在{use}，{_CODE_TEXT}如果不是您本人操作，请不要理会。"
    return MessageKind(name, label, MessageWording(title, text, text), (CODE, MINUTES), (CODE,))


KINDS = {
    kind.name: kind
    for kind in (
        MessageKind(
            "registered",
            "注册成功",
            MessageWording("注册成功", "欢迎使用。请登录后阅读须知，并按页面提示填写信息。"),
        ),
        MessageKind(
            "claimed",
            "原有用户设置密码成功",
            MessageWording(
                "密码设置成功",
                "您已为原有会计从业资格证档案设置登录密码，请继续补充采集信息。",
                "您的原有会计从业资格证档案已设置登录密码。如果不是您本人操作，请立即联系会计管理部门。",
            ),
        ),
        MessageKind(
            "password_changed",
            "登录密码已修改",
            MessageWording(
                "登录密码已修改",
                "您的登录密码刚刚被修改。如果不是您本人操作，请立即联系会计管理部门。",
                "您在{网站名称}的登录密码刚刚被修改。如果不是您本人操作，请立即联系会计管理部门。",
            ),
        ),
        MessageKind(
            "counter_code",
            "窗口已发出激活码",
            MessageWording(
                "窗口已发出激活码",
                "{部门}为您的账号发出了重置登录密码的激活码。若非本人办理，请立即联系该部门。",
                "{部门}为您的账号发出了重置登录密码的激活码。若非本人办理，请立即联系该部门。",
            ),
            (DEPARTMENT,),
        ),
        MessageKind(
            "submitted",
            "提交成功",
            MessageWording("提交成功", "您的申报 {申报编号} 已提交，请留意审核结果。"),
            (NUMBER,),
        ),
        MessageKind(
            "returned",
            "申报已退回",
            MessageWording(
                "申报已退回",
                "您的申报有内容需要修改。请登录后按提示修改并重新提交。",
                "您的申报 {申报编号} 有内容需要修改，请登录{网站名称}查看并重新提交。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "approved",
            "审核通过",
            MessageWording(
                "审核通过",
                "您的信息已审核通过，可以在人员档案中查看。",
                "您的申报 {申报编号} 已审核通过，" + _LOOK,
            ),
            (NUMBER,),
        ),
        MessageKind(
            "declined",
            "不予采集",
            MessageWording(
                "不予采集",
                "您的申报没有被采集。请登录查看原因。",
                "您的申报 {申报编号} 没有被采集，原因请登录{网站名称}查看。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "transferred",
            "申报已转交",
            MessageWording("申报已转交", "您的申报 {申报编号} 已转由{部门}办理，办理期限不变。"),
            (NUMBER, DEPARTMENT),
        ),
        MessageKind(
            "revoked",
            "审核结果已撤销",
            MessageWording(
                "审核结果已撤销",
                "您的审核结果已被撤销，有内容需要修改。请登录后按提示修改并重新提交。",
                "您的申报 {申报编号} 的审核结果已被撤销，请登录{网站名称}查看并重新提交。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "reopened",
            "申报重新受理",
            MessageWording("申报重新受理", "您的申报 {申报编号} 已重新受理，请留意审核结果。"),
            (NUMBER,),
        ),
        MessageKind(
            "remind_unsent",
            "提醒：修改还没有提交",
            MessageWording(
                "您的修改还没有提交",
                "您修改过申报 {申报编号}，但还没有重新提交，审核部门看不到您的修改。请登录后核对并重新提交。",
                "您修改过申报 {申报编号}，但还没有重新提交，请登录{网站名称}核对并提交。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "remind_returned",
            "提醒：退回的申报等待修改",
            MessageWording(
                "退回的申报等您修改",
                "您的申报 {申报编号} 退回已经 7 天，还没有修改。请登录后按提示修改并重新提交。",
                "您的申报 {申报编号} 退回已经 7 天，还没有修改，请登录{网站名称}修改并重新提交。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "draft_expires",
            "提醒：长期未改动的申报将被删除",
            MessageWording(
                "未提交的申报将被删除",
                "您的申报 {申报编号} 已有 11 个月没有改动。到 {日期} 仍没有改动的，内容和图片将被删除。"
                "需要保留的，请登录后继续填写。",
                "您的申报 {申报编号} 长期没有改动，到 {日期} 将被删除。需要保留的，请登录{网站名称}继续填写。",
            ),
            (NUMBER, DAY),
        ),
        MessageKind(
            "draft_removed",
            "长期未改动的申报已删除",
            MessageWording(
                "未提交的申报已删除",
                "您的申报 {申报编号} 长期没有改动，其中的内容和图片已经删除。需要申报的，请登录后重新填写。",
                "您在{网站名称}的申报 {申报编号} 长期没有改动，内容已经删除。需要申报的，请登录后重新填写。",
            ),
            (NUMBER,),
        ),
        MessageKind(
            "phone_changed",
            "手机号码已更换（发给原手机和邮箱）",
            MessageWording(
                "手机号码已更换",
                "您账号的手机号码刚刚被更换。如果不是您本人操作，请立即联系会计管理部门。",
                "您在{网站名称}的手机号码刚刚被更换。如果不是您本人操作，请立即联系会计管理部门。",
            ),
        ),
        MessageKind(
            "email_changed",
            "电子邮箱已更换（发给原邮箱和手机）",
            MessageWording(
                "电子邮箱已更换",
                "您账号的电子邮箱刚刚被更换。如果不是您本人操作，请立即联系会计管理部门。",
                "您在{网站名称}的电子邮箱刚刚被更换。如果不是您本人操作，请立即联系会计管理部门。",
            ),
        ),
        _code(
            "claim_code", "验证码：原有用户设置密码", "原有用户设置密码的验证码", "为原有会计从业资格证档案设置登录密码"
        ),
        _code("reset_code", "验证码：忘记密码", "重新设置登录密码的验证码", "重新设置登录密码"),
        _code("phone_code", "验证码：验证手机号码", "验证手机号码的验证码", "验证手机号码"),
        _code("email_code", "验证码：验证电子邮箱", "验证电子邮箱的验证码", "验证电子邮箱"),
        MessageKind(
            "record_moved",
            "工作人员：人员档案转出",
            MessageWording("人员档案转出", "申报 {申报编号} 审核通过，该人员的档案已转到{部门}。"),
            (NUMBER, DEPARTMENT),
            parts=_STAFF,
        ),
        MessageKind(
            "record_asked",
            "工作人员：人员档案等待调转",
            MessageWording("人员档案等待调转", "{部门}申请调转人员档案 {申报编号}，请在【档案调转】中确认或者退回。"),
            (NUMBER, DEPARTMENT),
            parts=_STAFF,
        ),
        MessageKind(
            "record_answered",
            "工作人员：人员档案调转有答复",
            MessageWording("人员档案调转有答复", "{部门}已答复人员档案 {申报编号} 的调转，请在【档案调转】中查看。"),
            (NUMBER, DEPARTMENT),
            parts=_STAFF,
        ),
        MessageKind(
            "record_transfer_ended",
            "工作人员：人员档案调转已结束",
            MessageWording(
                "人员档案调转已结束", "该人员的信息变更 {申报编号} 审核通过，档案已转到{部门}，原来的调转不再办理。"
            ),
            (NUMBER, DEPARTMENT),
            parts=_STAFF,
        ),
        MessageKind(
            "digest",
            "工作人员：每日提要",
            MessageWording(
                "每日提要",
                "本部门和下级部门等待审核的申报有 {待办件数} 件，其中超期 {超期件数} 件，临近期限 {临期件数} 件。",
            ),
            (WAITING, OVERDUE, SOON),
            parts=_STAFF,
        ),
        MessageKind(
            "new_device",
            "工作人员：在新设备上登录",
            MessageWording(
                "账号在新设备上登录",
                "您的账号刚刚在一台以前没有用过的设备上登录。如果不是您本人操作，请立即修改密码并联系安全管理员。",
            ),
            parts=_STAFF,
        ),
        MessageKind(
            "administrator_proposed",
            "工作人员：管理员账号等待确认",
            MessageWording(
                "有管理员账号等待您确认",
                "安全管理员提出启用一个管理员账号。请核对本人身份和用途，再确认或者不同意。",
            ),
            parts=_STAFF,
        ),
        MessageKind(
            OTHER,
            "其他消息的短信",
            MessageWording("{消息标题}", "", "您有一条新消息「{消息标题}」，" + _LOOK),
            (TITLE,),
            parts=("sms",),
        ),
    )
}


def wording(name: str) -> MessageWording:
    """The text in force."""
    own = snapshot.current().texts.get(name)
    return MessageWording(*own) if own else KINDS[name].built_in


def written(name: str, values: Mapping[str, str]) -> MessageWording:
    """The text in force with its values."""
    return filled(wording(name), values)


def filled(text: MessageWording, values: Mapping[str, str]) -> MessageWording:
    here = site()
    known = {SITE: here.name, ADDRESS: here.address, **values}

    def put(template: str) -> str:
        return _HOLE.sub(lambda hole: known.get(hole[1].strip(), ""), template)

    return MessageWording(put(text.title)[:60], put(text.body)[:300], put(text.sms))


def example(kind: MessageKind, text: MessageWording) -> MessageWording:
    return filled(text, {hole: EXAMPLES[hole] for hole in kind.holes})


# --- wording them ---------------------------------------------------------------------------------------------------


def problem(kind: MessageKind, part: str, template: str) -> str:
    """What is wrong with one part of a text, or nothing."""
    if unknown := next(_unknown(kind, template), ""):
        offered = "、".join(f"{{{hole}}}" for hole in kind.allowed)
        return f"不认识「{unknown}」，可以使用的有：{offered}"
    if len(template) > LONGEST[part]:
        return f"最多 {LONGEST[part]} 个字，现在是 {len(template)} 个"
    if _ID_NUMBER.search(template):
        return "消息中不能出现证件号码"
    if not template and (part != "sms" or kind.needs):
        return "请填写"
    lacking = [hole for hole in kind.needs if part != "title" and hole not in _holes(template)]
    return f"请写上「{{{lacking[0]}}}」，否则收到的人不知道验证码" if lacking else ""


def _holes(template: str) -> list[str]:
    return [hole.strip() for hole in _HOLE.findall(template)]


def _unknown(kind: MessageKind, template: str) -> Iterator[str]:
    yield from (f"{{{hole}}}" for hole in _holes(template) if hole not in kind.allowed)
    rest = _HOLE.sub("", template)
    yield from (bracket for bracket in "{}｛｝" if bracket in rest)


def save(kind: MessageKind, text: MessageWording, actor: Actor) -> None:
    """The checked text is in force. One that is as built in is not kept: later versions may improve it."""
    if text == kind.built_in:
        restore(kind, actor)
        return
    db.session.merge(MessageText(name=kind.name, title=text.title, body=text.body, sms=text.sms))
    audit.record("message_text", actor, detail=kind.name)


def restore(kind: MessageKind, actor: Actor) -> None:
    """Back to the built-in text."""
    own = db.session.get(MessageText, kind.name)
    if own is not None:
        db.session.delete(own)
        audit.record("message_text", actor, detail=f"{kind.name} as built in")
