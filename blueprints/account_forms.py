"""The sign-in form, which the home page shows too, and the base of account forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, PasswordField, StringField, TextAreaField
from wtforms.validators import ValidationError

from lib import identity, names
from lib.clock import today
from lib.codes import IdType
from lib.questions.fields import ChoiceQuestion, Question, TextQuestion
from lib.questions.validators import Checked, Required

LONGEST_ANSWER = 200  # characters
NUMBER_TAKEN = "该证件号被占用,请联系当地会计管理部门进行核实处理"  # the words of the guide
PLAIN = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class AccountForm(FlaskForm):
    """Base of the forms around accounts."""

    class Meta(FlaskForm.Meta):
        csrf = False  # the page carries one token for all of its forms; CSRFProtect checks it

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Form fields only: neither a file with a field's name nor a JSON body is text that was typed."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return request.form if form.is_submitted() else None

        def get_translations(self, form: Any) -> Any:
            return None  # our messages are our own

    def validate(self, extra_validators: Any = None) -> bool:
        """No answer is as long as this. Some go into a cookie, which browsers drop when it is too large.

        Texts of several lines have a limit of their own.
        """
        for field in self:
            is_line = isinstance(field, StringField) and not isinstance(field, TextAreaField)
            if is_line and len(field.data or "") > LONGEST_ANSWER:
                field.errors = [f"最多 {LONGEST_ANSWER} 个字，请核对后重新填写"]
                return False
        return bool(super().validate(extra_validators))


class SecretQuestion(Question, PasswordField):
    """A password: not normalised, and never shown again. ``autocomplete`` is for password managers."""

    kind = "password"

    def __init__(self, label: str, autocomplete: str, validators: Any = (), **kwargs: Any) -> None:
        attributes = {"autocomplete": autocomplete, "data-password": ""} | kwargs.pop("render_kw", {})
        super().__init__(label, (Required(), *validators), render_kw=attributes, **kwargs)


def _too_long(most: int) -> Callable[[str], str | None]:
    """Without ``maxlength`` in the page, which would cut what is typed with spaces."""
    return lambda text: f"最多 {most} 个字，请核对后重新填写" if len(text) > most else None


class WhoForm(AccountForm):
    """Name and number, tolerant of full width, spaces, small x, any middle dot and 15 digits."""

    name = TextQuestion(
        "姓名",
        [Required(), Checked(_too_long(names.NAME_LENGTH[1]))],
        clean=names.normalise_name,
        render_kw={"autocomplete": "name"},
    )
    number = TextQuestion(
        "证件号码",
        [Required(), Checked(_too_long(identity.LONGEST_NUMBER))],
        clean=identity.sign_in_number,
        render_kw={"autocomplete": "username", "autocapitalize": "characters", "spellcheck": "false"},
    )


class NumberedForm(AccountForm):
    """Base of forms with an ID number and its type: the shape of a number depends on the type."""

    id_type: ChoiceQuestion
    number: TextQuestion

    def validate_number(self, field: Field) -> None:
        field.data = identity.normalise_number(self.id_type.data or "", field.data)
        if self.id_type.data in IdType.choices() and (
            wrong := identity.number_problem(self.id_type.data, field.data, today())
        ):
            raise ValidationError(wrong)


class LoginForm(WhoForm):
    password = SecretQuestion("登录密码", "current-password")
