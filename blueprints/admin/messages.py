"""消息发送情况 and 消息文字: what became of mail and SMS, and how messages are worded (系统管理员)."""

from __future__ import annotations

from dataclasses import asdict, replace

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, ParagraphsField, bp, one_line
from lib.codes import Channel, OutboxState, Role
from lib.identity import mask_email, mask_phone
from lib.questions.validators import Required
from models import OutboxMessage, db
from services.access import only
from services.messages import outbox, texts
from services.messages.texts import KINDS, MessageKind, MessageWording


@bp.get("/messages", endpoint="messages")
@only(Role.SYSTEM)
def list_messages() -> str:
    state, channel = request.args.get("state", ""), request.args.get("channel", "")
    rows = outbox.page(state, channel, request.args.get("before", ""))
    return render_template(
        "admin/messages.html",
        rows=rows[: outbox.PAGE],
        more=len(rows) > outbox.PAGE,
        chosen={"state": state, "channel": channel},
        states=OutboxState.choices(),
        channels=Channel.choices(),
        kinds=KINDS,
        masked=_masked,
    )


def _masked(row: OutboxMessage) -> str:
    return mask_phone(row.recipient) if row.channel == Channel.SMS else mask_email(row.recipient)


@bp.post("/messages/<uid>/retry")
@only(Role.SYSTEM)
def retry_message(uid: str) -> ResponseReturnValue:
    with writing():
        done = outbox.retry(uid, me())
        db.session.commit()
    flash(*(("已重新排队，稍后发送", "g") if done else ("这条消息已经发出，或者已经失效，不能重试", "y")))
    return redirect(url_for("admin.messages", state=OutboxState.GIVEN_UP.value))


class MessageTextForm(AdminForm):
    title = StringField("标题", [Required()], [one_line], "站内消息和邮件的标题")
    body = ParagraphsField("正文", [Required()], [one_line], "站内消息和邮件的正文")
    sms = ParagraphsField("短信", filters=[one_line], description="不写的，不发短信")

    def __init__(self, kind: MessageKind, text: MessageWording) -> None:
        super().__init__(data=asdict(text))
        self.kind = kind
        for part in ("title", "body", "sms"):
            if part not in kind.parts:
                del self[part]
        if kind.needs:
            self.sms.flags.required = True

    def validate(self, extra_validators: object = None) -> bool:
        for part in self.kind.parts:
            if wrong := texts.problem(self.kind, part, self[part].data or ""):
                self[part].errors = [wrong]
        return not any(self[part].errors for part in self.kind.parts)

    @property
    def wording(self) -> MessageWording:
        return replace(self.kind.built_in, **{part: self[part].data or "" for part in self.kind.parts})


@bp.get("/texts")
@only(Role.SYSTEM)
def message_texts() -> str:
    rows = [(kind, texts.wording(kind.name)) for kind in KINDS.values()]
    return render_template("admin/texts.html", rows=rows)


@bp.route("/texts/<name>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def message_text(name: str) -> ResponseReturnValue:
    """保存, 预览, or back to the built-in text (恢复默认)."""
    kind = KINDS.get(name) or abort(404)
    action = request.form.get("action", "")
    if action == "restore":
        with writing():
            texts.restore(kind, me())
            db.session.commit()
        return _saved(kind, "已恢复默认文字")
    form = MessageTextForm(kind, texts.wording(name))
    if not form.validate_on_submit():
        return _text_page(form, kind), 422 if form.is_submitted() else 200
    if action == "preview":
        return _text_page(form, kind, texts.example(kind, form.wording))
    with writing():
        texts.save(kind, form.wording, me())
        db.session.commit()
    return _saved(kind, "已保存")


def _saved(kind: MessageKind, done: str) -> ResponseReturnValue:
    flash(f"{done}：{kind.label}", "g")
    return redirect(url_for("admin.message_texts"))


def _text_page(form: MessageTextForm, kind: MessageKind, shown: MessageWording | None = None) -> str:
    is_own = texts.wording(kind.name) != kind.built_in
    return render_template("admin/text.html", form=form, kind=kind, shown=shown, is_own=is_own)
