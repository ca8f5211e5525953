"""What the pages of the administration share: the blueprint, the base of its forms, and field classes."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, TextAreaField
from wtforms.validators import ValidationError

from blueprints.account_forms import AccountForm
from lib import names

bp = Blueprint("admin", __name__, url_prefix="/staff/admin")


def one_line(text: str | None) -> str:
    return names.normalise_text(text or "")


#: The calendar's own ends cannot be counted from.
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)


class DayField(DateField):
    """A date that keeps an invalid typed text on the page."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError("请按 2026-11-23 的样子填写日期") from error
        if self.data and not _EARLIEST <= self.data <= _LATEST:
            raise ValueError("请填写 2000 年至 2099 年之间的日期")

    @property
    def typed(self) -> str:
        return str(self._value())


class OptionalDayField(DayField):
    """One that may be cleared."""

    data: date | None

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and not any(value.strip() for value in valuelist):
            self.data = None
        else:
            super().process_formdata(valuelist)


class ParagraphsField(TextAreaField):
    kind = "textarea"


def max_length(count: int) -> Any:
    def check(_form: FlaskForm, field: Any) -> None:
        if field.data and len(field.data) > count:
            raise ValidationError(f"{field.label.text}最多 {count} 个字，现在是 {len(field.data)} 个")

    return check


class AdminForm(AccountForm):
    """Base of the administration's forms."""


class WholeNumberField(IntegerField):
    """A whole number, with our own error message."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError("请填写 0 至 999 的整数") from error
