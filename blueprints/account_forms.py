"""The sign-in form, which the home page shows too, and the base of account forms."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict
from wtforms import PasswordField

from lib import identity, names
from lib.questions.fields import Question, TextQuestion
from lib.questions.validators import Required


class AccountForm(FlaskForm):
    """Base of the forms around accounts."""

    class Meta(FlaskForm.Meta):
        csrf = False  # the page carries one token for all of its forms; CSRFProtect checks it

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Form fields only: a file with a field's name must not become its text."""
            found = super().wrap_formdata(form, formdata)
            return request.form if isinstance(found, CombinedMultiDict) else found

        def get_translations(self, form: Any) -> Any:
            return None  # our messages are our own


class SecretQuestion(Question, PasswordField):
    """A password: not normalised, and never shown again. ``autocomplete`` is for password managers."""

    kind = "password"

    def __init__(self, label: str, autocomplete: str, validators: Any = (), **kwargs: Any) -> None:
        attributes = {"autocomplete": autocomplete, "data-password": ""} | kwargs.pop("render_kw", {})
        super().__init__(label, (Required(), *validators), render_kw=attributes, **kwargs)


class WhoForm(AccountForm):
    """Name and number, tolerant of full width, spaces, small x, any middle dot and 15 digits."""

    name = TextQuestion("姓名", [Required()], clean=names.normalise_name, render_kw={"autocomplete": "name"})
    number = TextQuestion(
        "证件号码",
        [Required()],
        clean=identity.sign_in_number,
        render_kw={"autocomplete": "username", "autocapitalize": "characters", "spellcheck": "false"},
    )


class LoginForm(WhoForm):
    password = SecretQuestion("登录密码", "current-password")
