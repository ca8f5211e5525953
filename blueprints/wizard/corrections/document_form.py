"""The form that corrects 证件类型 and 证件号码: typed twice, by the rules of a registration."""

from __future__ import annotations

from typing import Any

from wtforms import Field
from wtforms.validators import ValidationError

from blueprints.account_forms import PLAIN, NumberedForm
from lib import identity
from lib.codes import IdType
from lib.questions.fields import ChoiceQuestion, TextQuestion
from lib.questions.validators import Required


class DocumentForm(NumberedForm):
    """``now``: the type that the account has."""

    id_type = ChoiceQuestion("正确的证件类型", IdType, [Required()])
    number = TextQuestion("正确的证件号码", [Required()], hint="请照证件原件填写", render_kw=PLAIN)
    again = TextQuestion("再次填写证件号码", [Required()], hint="再照证件填写一遍，不要复制", render_kw=PLAIN)

    def __init__(self, formdata: Any, now: IdType) -> None:
        super().__init__(formdata, id_type=now.value)
        self.now = now

    @property
    def is_untouched(self) -> bool:
        return not self.number.data and not self.again.data and self.id_type.data == self.now

    def validate_again(self, field: Field) -> None:
        field.data = identity.normalise_number(self.id_type.data or "", field.data)
        if field.data != self.number.data:
            raise ValidationError("两次填写的证件号码不一致，请照证件核对")
