"""The forms of accounts and staff sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Field
from wtforms.validators import EqualTo, ValidationError

from blueprints.account_forms import AccountForm, SecretQuestion, WhoForm
from lib import identity, names
from lib.clock import today
from lib.codes import IdType
from lib.names import normalise_text
from lib.questions.conditions import When
from lib.questions.fields import ChoiceQuestion, ConfirmQuestion, TextQuestion
from lib.questions.validators import Checked, Email, Length, Optional, Required, RequiredWhen
from services.accounts import passwords
from services.accounts.legacy_claim import month_of

ONE_TIME = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}


def compact(text: str) -> str:
    """A code without the spaces of its printed groups."""
    return "".join(normalise_text(text).split())


class RegisterForm(AccountForm):
    """立即注册."""

    id_type = ChoiceQuestion("证件类型", IdType, [Required()], preset=IdType.RESIDENT.value)
    number = TextQuestion(
        "证件号码",
        [Required()],
        hint="登录时要用，请照证件填写",
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    name = TextQuestion(
        "姓名",
        [Required(), Checked(names.name_problem)],
        clean=names.normalise_name,
        hint="登录时要用，请与证件上的姓名一致",
        render_kw={"autocomplete": "name"},
    )
    phone = TextQuestion(
        "手机号码",
        [Required(), Checked(identity.phone_problem)],
        clean=identity.normalise_phone,
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    email = TextQuestion(
        "电子邮箱",
        [Optional(), Length(1, 120), Email()],
        clean=identity.normalise_email,
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    privacy = ConfirmQuestion("我已阅读并同意《个人信息告知》", [Required()])

    def validate_number(self, field: Field) -> None:
        """The format of a number depends on its type."""
        field.data = identity.normalise_number(self.id_type.data or "", field.data)
        if self.id_type.data in IdType.choices() and (
            wrong := identity.number_problem(self.id_type.data, field.data, today())
        ):
            raise ValidationError(wrong)


HINT = "8 至 64 个字符，可以用中文和空格。不要用姓名、证件号码、手机号码或太常见的密码"


class NewPasswordForm(AccountForm):
    """设置登录密码. ``personal``: name, number and phone, which the password must not contain."""

    password = SecretQuestion("登录密码", "new-password", hint=HINT, render_kw={"data-strength": ""})
    confirm = SecretQuestion("确认密码", "new-password", [EqualTo("password", "两次填写的密码不一致，请重新填写")])

    def __init__(self, personal: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.personal = personal

    def validate_password(self, field: Field) -> None:
        if wrong := passwords.problem(field.data, **self.personal):
            raise ValidationError(wrong)


class ChangePasswordForm(NewPasswordForm):
    """A new password, confirmed by the old one."""

    current = SecretQuestion("原登录密码", "current-password")
    password = SecretQuestion("新密码", "new-password", hint=HINT, render_kw={"data-strength": ""})


class ClaimForm(WhoForm):
    """原有用户设置密码: the old register has only 居民身份证, so the check digit can be checked."""

    number = TextQuestion(
        "身份证号",
        [Required()],
        clean=identity.sign_in_number,
        render_kw={"autocomplete": "username", "autocapitalize": "characters", "spellcheck": "false"},
    )

    def validate_number(self, field: Field) -> None:
        if wrong := identity.number_problem(IdType.RESIDENT, field.data, today()):
            raise ValidationError(wrong)


FACTORS = {
    "sms_on_file": "短信验证码(发到原来登记的手机)",
    "activation_code": "激活码(由会计管理部门窗口发放)",
    "archive_no": "档案号(证书编号)和发证年月",
    "id_picture": "没有以上凭证，提交核验申请(上传证件照片，不用到窗口)",
    "none": "没有以上凭证",
}
BY_CODE, BY_ARCHIVE = When("factor", ("activation_code",)), When("factor", ("archive_no",))
BY_SMS = When("factor", ("sms_on_file",))


class ProofForm(AccountForm):
    """The proof of a claim: one of the factors of the setting, in its order."""

    factor = ChoiceQuestion("用什么凭证证明", {}, [Required()], kind="radio")
    code = TextQuestion("激活码", [RequiredWhen(BY_CODE)], clean=compact, hint="8 位数字", render_kw=ONE_TIME)
    sms_code = TextQuestion("短信验证码", [RequiredWhen(BY_SMS)], clean=compact, hint="8 位数字", render_kw=ONE_TIME)
    archive_no = TextQuestion(
        "档案号或证书编号",
        [RequiredWhen(BY_ARCHIVE)],
        hint="见原会计从业资格证书",
        render_kw={"autocomplete": "off"},
    )
    issued = TextQuestion(
        "发证年月",
        [RequiredWhen(BY_ARCHIVE)],
        hint="见原会计从业资格证书，例如 2008-06",
        render_kw={"autocomplete": "off"},
    )

    def __init__(self, factors: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor.fixed = {factor: FACTORS[factor] for factor in factors}
        self.factor.data = self.factor.data or (factors[0] if not self.is_submitted() or len(factors) == 1 else None)

    def facts(self) -> dict[str, Any]:
        """The facts for the conditions."""
        return {"factor": self.factor.data}

    def validate_issued(self, field: Field) -> None:
        if not month_of(field.data):
            raise ValidationError("请按「2008-06」的样子填写发证年月")


class CodeForm(AccountForm):
    """忘记密码: the activation code from the counter."""

    code = TextQuestion("激活码", [Required()], clean=compact, hint="8 位数字", render_kw=ONE_TIME)

    def __init__(self, by_sms: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if by_sms:
            self.code.label.text = "短信验证码或激活码"


def username(text: str) -> str:
    return normalise_text(text).lower()


class StaffLoginForm(AccountForm):
    """Both factors on one page, so that an attacker cannot learn which one was wrong."""

    username = TextQuestion(
        "用户名", [Required()], clean=username, render_kw={"autocomplete": "username", "autocapitalize": "none"}
    )
    password = SecretQuestion("登录密码", "current-password")
    code = TextQuestion(
        "动态验证码",
        [Required()],
        clean=compact,
        hint="验证器应用里的 6 位数字；手机不在身边时可填写恢复码",
        render_kw=ONE_TIME,
    )

    def __init__(self, with_totp: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not with_totp:
            del self.code


class PasswordAgainForm(AccountForm):
    """The password again, before an important change."""

    current = SecretQuestion("登录密码", "current-password")


class TotpForm(AccountForm):
    """The first code of a new second factor."""

    code = TextQuestion(
        "动态验证码", [Required()], clean=compact, hint="验证器应用里新出现的 6 位数字", render_kw=ONE_TIME
    )


class LookUpForm(AccountForm):
    """窗口: the name and the full number of the person at the counter, as on the ID card."""

    name = TextQuestion(
        "姓名", [Required()], clean=names.normalise_name, hint="照身份证件填写", render_kw={"autocomplete": "off"}
    )
    number = TextQuestion(
        "证件号码",
        [Required()],
        clean=identity.sign_in_number,
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )


class IssueForm(AccountForm):
    """An activation code for the person found. The ID card must have been seen."""

    id_checked = ConfirmQuestion("我已当面核对身份证件", [Required()])
