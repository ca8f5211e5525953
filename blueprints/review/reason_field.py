"""The reason that an officer states before people's data leave the site in one piece. It goes into the log."""

from __future__ import annotations

import re
from typing import Any

from wtforms.validators import ValidationError

from lib.questions.fields import TextQuestion
from lib.questions.validators import Length, Required

_DIGITS = re.compile(r"[0-9]{7}|1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}")  # a phone typed in groups, too


def reason_question(label: str, example: str) -> TextQuestion:
    hint = f"例如：{example}。事由会写入日志，请不要填写姓名和号码"
    return TextQuestion(label, [Required(), Length(4, 100), _no_numbers], hint=hint, span=2)


def _no_numbers(_form: Any, field: TextQuestion) -> None:
    if _DIGITS.search(field.data or ""):
        raise ValidationError("事由会写入日志，请不要填写证件号码、手机号码")
