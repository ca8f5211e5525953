"""The forms of 核验申请: the person's, the receipt's, the officer's at the counter and at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import Field
from wtforms.validators import StopValidation, ValidationError

from blueprints.account_forms import PLAIN, AccountForm, NumberedForm
from lib import identity, names
from lib.codes import AssistanceNeed, AssistanceOutcome, IdType
from lib.questions.conditions import When
from lib.questions.fields import ChoiceQuestion, ConfirmQuestion, Question, TextQuestion
from lib.questions.validators import Checked, Length, Optional, Required, RequiredWhen
from services.accounts import legacy_claim
from services.assistance import receipts, requests
from services.departments.matching import PhoneBookGroup


class PictureQuestion(Question):
    """A picture. The view reads the file itself, and says here what is wrong with it."""

    kind = "file"

    def process_formdata(self, valuelist: list[str]) -> None:
        """A text of this name is no file."""


class OfficeQuestion(ChoiceQuestion):
    """One of the departments that collect here, grouped by city."""

    kind = "offices"

    @property
    def groups(self) -> Sequence[PhoneBookGroup]:
        return requests.offices()

    def pre_validate(self, form: Any) -> None:
        if self.data and requests.office(self.data) is None:
            raise ValidationError("请从列表中选择会计管理部门")


class AssistanceForm(NumberedForm):
    """核验申请. ``factors``: of LEGACY_CLAIM_FACTORS; without ``id_picture`` old records are not claimed this way."""

    need = ChoiceQuestion("需要办理", AssistanceNeed, [Required()], kind="radio")
    id_type = ChoiceQuestion("证件类型", IdType, [Required()], preset=IdType.RESIDENT.value)
    number = TextQuestion("证件号码", [Required()], hint="请照证件填写", render_kw=PLAIN)
    name = TextQuestion(
        "姓名",
        [Required(), Checked(names.name_problem)],
        clean=names.normalise_name,
        hint="请与证件上的姓名一致；改过名的，请填写注册时的姓名，并在下面说明",
        render_kw={"autocomplete": "name"},
    )
    phone = TextQuestion(
        "手机号码",
        [Required(), Checked(identity.phone_problem)],
        clean=identity.normalise_phone,
        hint="有疑问时，工作人员会打这个电话",
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    story = TextQuestion(
        "情况说明", [Required(), Length(1, 200)], multiline=True, hint="请简要说明遇到的问题，最多 200 字"
    )
    office = OfficeQuestion("会计管理部门", None, [Required()], hint="请选择工作单位或者户籍所在县(区)的部门，由它办理")
    document = PictureQuestion(
        "证件照片",
        hint="手持证件拍照，脸和证件都要清楚；也可以只拍证件有照片的一面。一张(也可以是一页的 PDF)，不超过 15 MB",
    )
    privacy = ConfirmQuestion("我已阅读并同意《个人信息告知》", [Required()])

    def __init__(self, factors: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if legacy_claim.BY_PICTURE not in factors:
            self.need.fixed = {code: title for code, title in self.need.fixed.items() if code != AssistanceNeed.RECORD}


class CounterAssistanceForm(AssistanceForm):
    """The same made by an officer at the counter, who has seen the document."""

    office: Any = None  # the officer's own
    privacy: Any = None
    document = PictureQuestion("证件照片", hint="可以不上传；上传后会和申请一起保存")
    id_checked = ConfirmQuestion("我已当面核对身份证件，本人已阅读并同意《个人信息告知》", [Required()])


class ReceiptForm(AccountForm):
    """Coming back with the receipt. The number as well, because a receipt is printed and lost."""

    receipt = TextQuestion(
        "回执编号", [Required()], clean=receipts.plain, hint="提交申请时给您的 16 位编号，空格可以不填", render_kw=PLAIN
    )
    number = TextQuestion("证件号码", [Required()], clean=identity.sign_in_number, render_kw=PLAIN)


MISTYPED = When("outcome", (AssistanceOutcome.MISTYPED,))
WITH_REASON = When("outcome", (AssistanceOutcome.MISTYPED, AssistanceOutcome.MISUSE))
REFUSED = When("outcome", (AssistanceOutcome.REFUSED,))


def _refused_says_why(form: VerdictForm, field: Field) -> None:
    if REFUSED.holds(form.facts()) and not field.data:
        raise StopValidation("请写明不予通过的原因和怎样办理")


class VerdictForm(NumberedForm):
    """The officer's decision. ``outcomes``: those that what stands under the number allows."""

    outcome = ChoiceQuestion("办理结果", AssistanceOutcome, [Required()], kind="radio")
    id_type = ChoiceQuestion("该账号正确的证件类型", IdType, [RequiredWhen(MISTYPED)], preset=IdType.RESIDENT.value)
    number = TextQuestion("该账号正确的证件号码", [RequiredWhen(MISTYPED)], render_kw=PLAIN)
    reason = TextQuestion("原因", [RequiredWhen(WITH_REASON), Length(1, 200)], hint="记入账号的变更记录，申请人看不到")
    evidence = TextQuestion(
        "核实依据", [RequiredWhen(WITH_REASON), Length(1, 200)], hint="例如：已电话联系账号本人并核对身份证件"
    )
    answer = TextQuestion(
        "答复申请人",
        [_refused_says_why, Optional(), Length(1, 200)],
        multiline=True,
        hint="申请人会看到；不予通过的必须写明原因和怎样办理",
    )

    def __init__(self, outcomes: Sequence[AssistanceOutcome], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.outcome.fixed = {outcome.value: outcome.label for outcome in outcomes}

    def facts(self) -> dict[str, Any]:
        """The facts for the conditions."""
        return {"outcome": self.outcome.data}


class UnfreezeForm(AccountForm):
    """A manager's reason to unfreeze an account."""

    reason = TextQuestion("解除冻结的原因", [Required(), Length(1, 200)])
