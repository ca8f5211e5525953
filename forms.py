"""What we ask and when: the pages of questions (``STEPS``) and the papers (``PAPERS``).

A form class *is* the declaration of its page: names, labels, choices, rules and conditions, read as data by the page,
the browser, the completeness check, the check page, the review, the sheet, the revision and the export. A new
question is one field here and one column in models.Answers.
"""

from __future__ import annotations

from lib import identity, names
from lib.codes import (
    AccountingPost,
    Category,
    Degree,
    IdType,
    LocationKind,
    PoliticalStatus,
    QualificationLevel,
    QualificationRoute,
    Sex,
    TechnicalPost,
    YesNo,
)
from lib.questions.conditions import All, Computed, Condition, FixedWhile, When, both, unless
from lib.questions.fields import (
    ChoiceQuestion,
    ConfirmQuestion,
    DayQuestion,
    DepartmentQuestion,
    DivisionQuestion,
    ManyQuestion,
    MonthQuestion,
    Question,
    StepForm,
    TextQuestion,
)
from lib.questions.pages import Paper, Step, Topic
from lib.questions.validators import (
    Aged,
    AllowedWhen,
    AskedWhen,
    Checked,
    DerivedFrom,
    Email,
    Fits,
    Length,
    Matches,
    NotBefore,
    Optional,
    Past,
    Required,
    RequiredWhen,
    StillValid,
)

# --- 个人信息 (guide section 6) -------------------------------------------------------------------

RESIDENT = When("id_type", (IdType.RESIDENT,))
HOLDS_CERTIFICATE = When("holds_legacy_certificate", (YesNo.YES,))
NUMERIC = {"inputmode": "numeric"}
BY_NUMBER = "由证件号码得出"


class PersonalForm(StepForm):
    """个人信息. Type and number of the ID document come from the registration and are facts, not questions."""

    applicant_name = TextQuestion(
        "申报人姓名",
        [Required(), Length(2, 50), Checked(names.name_problem)],
        clean=names.normalise_name,
        short="姓名",
        hint="与证件一致。改名会在审核通过后用于登录，并需上传姓名变更证明",
        render_kw={"autocomplete": "name"},
    )
    id_expires_on = DayQuestion(
        "身份证有效期至",
        [
            AskedWhen(RESIDENT),
            StillValid(
                20,
                "身份证已过有效期，请换领新证后重新拍照",
                "居民身份证的有效期最长 20 年，请核对；长期有效的不用填写",
            ),
        ],
        hint="印在国徽面；长期有效的不用填写",
        printed=False,
    )
    mobile = TextQuestion(
        "手机号码",
        [Required(), Checked(identity.phone_problem)],
        clean=identity.normalise_phone,
        hint="审核部门用它联系您",
        render_kw={"autocomplete": "tel-national", **NUMERIC},
    )
    sex = ChoiceQuestion("性别", Sex, [DerivedFrom("number_sex", BY_NUMBER), Required()], kind="radio")
    birth_date = DayQuestion(
        "出生日期",
        [
            DerivedFrom("number_birth_date", BY_NUMBER),
            Required(),
            Past(0),
            Aged(*identity.AGES),
            Fits("id_number", identity.birth_date_unlike_number, warn=True),
        ],
    )
    region = ChoiceQuestion("国家或地区", None, [RequiredWhen(unless("id_type", IdType.RESIDENT))], listed="region")
    nation = ChoiceQuestion("民族", None, [RequiredWhen(RESIDENT)], listed="nation")
    political_status = ChoiceQuestion("政治面貌", PoliticalStatus, [Required()])
    email = TextQuestion(
        "电子邮箱",
        [Optional(), Length(1, 100), Email()],
        clean=identity.normalise_email,
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    postal_address = TextQuestion(
        "通讯地址",
        [Required(), Length(5, 100)],
        span=2,
        render_kw={"autocomplete": "address-line1", "data-places": ""},
    )
    postcode = TextQuestion(
        "邮政编码",
        [Optional(), Matches(r"[0-9]{6}", "邮政编码应为 6 位数字，请核对")],
        render_kw={"autocomplete": "postal-code", **NUMERIC},
    )
    work_started = MonthQuestion("参加工作时间", [Optional(), Past(16)])
    accounting_started = MonthQuestion(
        "从事会计工作起始年月",
        [Optional(), Past(16), NotBefore("work_started", "参加工作时间")],
        short="从事会计工作起始",
    )
    holds_legacy_certificate = ChoiceQuestion(
        "是否持有会计从业资格证书",
        YesNo,
        [Required()],
        kind="radio",
        preset=YesNo.NO.value,
        hint="该证书已于 2017 年取消",
        short="持有从业资格证",
    )
    legacy_certificate_no = TextQuestion(
        "会计从业资格证书档案号(证书编号)", [RequiredWhen(HOLDS_CERTIFICATE), Length(4, 40)], short="从业资格证档案号"
    )
    talent = ChoiceQuestion(
        "高端会计人才(含会计领军人才)", None, [Required()], listed="talent", preset="none", short="高端会计人才"
    )


# --- 会计管理部门 (guide section 7): one page, two sets of questions ------------------------------

HAS_EMPLOYER = When("has_employer", (YesNo.YES,))
NO_EMPLOYER = When("has_employer", (YesNo.NO,))
DOES_ACCOUNTING = both(HAS_EMPLOYER, When("category", (Category.ACCOUNTING,)))
STUDENT = both(NO_EMPLOYER, When("person_status", ("student",)))
CODE_IN_DOUBT = both(HAS_EMPLOYER, When("employer_code_check", ("failed",)))


class DepartmentForm(StepForm):
    """会计管理部门."""

    has_employer = ChoiceQuestion("是否有工作单位", YesNo, [Required()], kind="radio")
    category = ChoiceQuestion("采集类别", Category, [Required()], kind="radio", span=2)
    employer_name = TextQuestion(
        "单位名称",
        [RequiredWhen(HAS_EMPLOYER), Length(2, 100)],
        hint="营业执照或法人证书上的全称",
        span=2,
        render_kw={"autocomplete": "organization"},
    )
    employer_code = TextQuestion(
        "统一社会信用代码",
        [RequiredWhen(HAS_EMPLOYER), Checked(identity.uscc_problem)],
        clean=identity.normalise_uscc,
        hint="18 位，见营业执照。先填代码：系统知道的单位信息会自动填入，请核对",
        render_kw={"autocapitalize": "characters", "spellcheck": "false", "data-employer": ""},
    )
    employer_code_confirmed = ConfirmQuestion("我已与证照核对", [RequiredWhen(CODE_IN_DOUBT)], short="代码已与证照核对")
    affiliation = ChoiceQuestion("单位隶属关系", None, [RequiredWhen(HAS_EMPLOYER)], listed="affiliation", kind="radio")
    unit_type = ChoiceQuestion("单位类型", None, [RequiredWhen(HAS_EMPLOYER)], listed="unit_type")
    industry = ChoiceQuestion("所属行业", None, [RequiredWhen(HAS_EMPLOYER)], listed="industry")
    employer_city = DivisionQuestion("单位所在市", "", [RequiredWhen(HAS_EMPLOYER)])
    employer_county = DivisionQuestion("单位所在县(区)", "employer_city", [RequiredWhen(HAS_EMPLOYER)])
    employer_street = DivisionQuestion("单位所在街道(乡镇)", "employer_county", [AskedWhen(HAS_EMPLOYER)])
    employer_address = TextQuestion("单位详细地址", [RequiredWhen(HAS_EMPLOYER), Length(5, 100)], span=2)
    employer_phone = TextQuestion(
        "单位联系电话",
        [AskedWhen(HAS_EMPLOYER), Checked(identity.any_phone_problem)],
        clean=identity.normalise_any_phone,
        hint="手机号码，或带区号的固定电话",
        render_kw={"inputmode": "tel"},
    )
    accounting_posts = ManyQuestion(
        "会计工作岗位", AccountingPost, [RequiredWhen(DOES_ACCOUNTING)], hint="可多选", span=2
    )
    administrative_post = ChoiceQuestion(
        "会计行政职务",
        None,
        [RequiredWhen(DOES_ACCOUNTING)],
        listed="administrative_post",
        kind="radio",
        preset="none",
    )
    person_status = ChoiceQuestion("人员状态", None, [RequiredWhen(NO_EMPLOYER)], listed="person_status", kind="radio")
    school = TextQuestion("学校名称", [RequiredWhen(STUDENT), Length(2, 100)], span=2)
    location_kind = ChoiceQuestion(
        "所在地类型",
        LocationKind,
        [
            DerivedFrom("student_location", "在校学生固定"),
            RequiredWhen(NO_EMPLOYER),
            AllowedWhen(LocationKind.SCHOOL, STUDENT, "只有在校学生可以选择学籍所在地，请选择户籍所在地或居住地"),
        ],
        kind="radio",
        hint="在校学生为学籍所在地",
        shown=both(NO_EMPLOYER, unless("person_status", "student")),
    )
    home_city = DivisionQuestion("所在市", "", [RequiredWhen(NO_EMPLOYER)])
    home_county = DivisionQuestion("所在县(区)", "home_city", [RequiredWhen(NO_EMPLOYER)])
    home_street = DivisionQuestion("所在街道(乡镇)", "home_county", [AskedWhen(NO_EMPLOYER)])
    home_address = TextQuestion("详细地址", [RequiredWhen(NO_EMPLOYER), Length(5, 100)], span=2)
    department_code = DepartmentQuestion("会计管理部门", None, [Required()], kind="departments", span=2)

    derived = {
        "employer_code_check": Computed("employer_code", identity.uscc_standing),
        "student_location": FixedWhile("person_status", STUDENT, LocationKind.SCHOOL.value),
    }


# --- 学历信息 (guide section 8) -------------------------------------------------------------------

JUNIOR, HIGH_SCHOOL, VOCATIONAL = "junior", "high_school", "vocational"
UNIVERSITY = ("bachelor", "master", "doctor")
NUMBER_HINT = "没有编号的老证书请填「无」"


#: How far each level leads; what lies more than two apart is rare for one person's 全日制 and 非全日制.
RANK = {JUNIOR: 0, HIGH_SCHOOL: 1, VOCATIONAL: 1, "college": 2, "bachelor": 3, "master": 4, "doctor": 5}
FAR = 3


def _degree_above(degree: str, level: str) -> str | None:
    above = RANK.get(degree, 0) - RANK.get(level, 0)
    return "最高学历为大学本科的，最高学位不会是博士，请核对这两项" if above > 1 else None


def _degree_unlike(degree: str, level: str) -> str | None:
    unlike = degree != Degree.NONE and degree != level
    return "最高学位与最高学历通常是同一级，请核对这两项" if unlike else None


def _far_above(part_time: str, full_time: str) -> str | None:
    far = RANK.get(part_time, 0) - RANK.get(full_time, 0) >= FAR
    return "非全日制最高学历比全日制最高学历高出很多，请核对这两项" if far else None


def _education(prefix: str, word: str, base: tuple[When, ...]) -> dict[str, Question]:
    """The seven questions on one education: 全日制 (``full_time``) or 非全日制 (``part_time``)."""

    def also(condition: When) -> Condition:
        return All((*base, condition))

    level, degree = f"{prefix}_level", f"{prefix}_degree"
    first = RequiredWhen(All(base)) if base else Required()
    has_degree = All((*base, When(level, UNIVERSITY), unless(degree, Degree.NONE)))
    name = word if base else ""
    number = [
        Length(1, 40),
        Matches(r"无|.{4,40}", f"{name}证书编号应为 4 至 40 个字，请照证书填写；没有编号的请填「无」"),
    ]
    fits = [Fits(level, _degree_above), Fits(level, _degree_unlike, warn=True)]
    beside = [Fits("full_time_level", _far_above, warn=True)] if base else []
    return {
        level: ChoiceQuestion(f"{word}最高学历", None, [first, *beside], listed="education_level", kind="radio"),
        degree: ChoiceQuestion(
            f"{word}最高学位", Degree, [RequiredWhen(also(When(level, UNIVERSITY))), *fits], kind="radio"
        ),
        f"{prefix}_school": TextQuestion(
            f"{name}毕业院校", [RequiredWhen(also(unless(level, JUNIOR))), Length(2, 100)], span=2
        ),
        f"{prefix}_major": TextQuestion(
            f"{name}所学专业", [RequiredWhen(also(unless(level, JUNIOR, HIGH_SCHOOL))), Length(1, 60)]
        ),
        f"{prefix}_graduated": MonthQuestion(f"{name}毕业时间", [RequiredWhen(also(unless(level, JUNIOR))), Past(14)]),
        f"{prefix}_diploma_no": TextQuestion(
            f"{name}学历证书编号",
            [RequiredWhen(also(unless(level, JUNIOR, HIGH_SCHOOL, VOCATIONAL))), *number],
            hint=NUMBER_HINT,
        ),
        f"{prefix}_degree_no": TextQuestion(
            f"{name}学位证书编号", [RequiredWhen(has_degree), *number], hint=NUMBER_HINT
        ),
    }


#: A page has its questions in the order in which they are made.
FULL_TIME = _education("full_time", "全日制", ())
HAS_PART_TIME = ChoiceQuestion("是否有非全日制学历", YesNo, [Required()], kind="radio", short="非全日制学历")
PART_TIME = _education("part_time", "非全日制", (When("has_part_time", (YesNo.YES,)),))


class EducationForm(StepForm):
    """学历信息: 全日制 is required (guide), 非全日制 on demand. A student states the level already completed."""

    full_time_level = FULL_TIME["full_time_level"]
    full_time_degree = FULL_TIME["full_time_degree"]
    full_time_school = FULL_TIME["full_time_school"]
    full_time_major = FULL_TIME["full_time_major"]
    full_time_graduated = FULL_TIME["full_time_graduated"]
    full_time_diploma_no = FULL_TIME["full_time_diploma_no"]
    full_time_degree_no = FULL_TIME["full_time_degree_no"]
    has_part_time = HAS_PART_TIME
    part_time_level = PART_TIME["part_time_level"]
    part_time_degree = PART_TIME["part_time_degree"]
    part_time_school = PART_TIME["part_time_school"]
    part_time_major = PART_TIME["part_time_major"]
    part_time_graduated = PART_TIME["part_time_graduated"]
    part_time_diploma_no = PART_TIME["part_time_diploma_no"]
    part_time_degree_no = PART_TIME["part_time_degree_no"]


# --- 专业技术资格 (guide section 9): after 「无」 the questions that depend on it do not apply ----

HAS_QUALIFICATION = unless("qualification", QualificationLevel.NONE)
HAS_TECHNICAL_POST = unless("technical_post", TechnicalPost.NONE)
HAS_ABACUS = unless("abacus", "none")


def _none_of_category(level: str, category: str) -> str | None:
    unlike = level == QualificationLevel.NONE and category == Category.QUALIFIED
    return "采集类别填写的是具有会计专业技术资格，请核对专业技术资格，或者改选采集类别" if unlike else None


class QualificationForm(StepForm):
    """专业技术资格."""

    qualification = ChoiceQuestion(
        "专业技术资格",
        QualificationLevel,
        [Required(), Fits("category", _none_of_category, warn=True)],
        kind="radio",
        hint="会计从业资格证书、考试合格成绩单不是专业技术资格；持有多个资格的，先填会计类",
    )
    qualification_kind = ChoiceQuestion(
        "专业技术资格类型",
        None,
        [RequiredWhen(HAS_QUALIFICATION)],
        listed="qualification_kind",
        kind="radio",
        short="资格类型",
    )
    qualification_route = ChoiceQuestion(
        "取得方式", QualificationRoute, [RequiredWhen(HAS_QUALIFICATION)], kind="radio"
    )
    qualification_on = DayQuestion("取得时间", [RequiredWhen(HAS_QUALIFICATION), Past(16)])
    qualification_no = TextQuestion(
        "证书编号",
        [
            RequiredWhen(HAS_QUALIFICATION),
            Length(4, 40),
            Matches(
                r"[0-9A-Za-z\u3400-\u9fff〔〕()()\[\] -]+",
                "证书编号只能有数字、字母、汉字、〔〕、()和短横线，请照证书核对",
            ),
        ],
        hint="填证书上的「证书编号」；没有的填「管理号」",
    )
    technical_post = ChoiceQuestion("会计技术职务", TechnicalPost, [Required()], hint="单位聘任的职务", kind="radio")
    technical_post_on = DayQuestion(
        "会计职务聘任时间",
        [RequiredWhen(HAS_TECHNICAL_POST), Past(16), NotBefore("qualification_on", "取得时间", warn=True)],
    )
    abacus = ChoiceQuestion("珠算等级", None, [Required()], listed="abacus", preset="none")
    abacus_no = TextQuestion("珠算证号", [RequiredWhen(HAS_ABACUS), Length(4, 40)])


# --- the pages in order ---------------------------------------------------------------------------

SHEET, PHOTO = "sheet", "photo"

STEPS = (
    Step(
        "personal",
        "个人信息",
        "个人信息",
        PersonalForm,
        intro="申报人姓名、证件号码、手机号码取自注册信息。",
        papers=(PHOTO,),
        document_after="applicant_name",
    ),
    Step("department", "会计管理部门", "管理部门", DepartmentForm),
    Step("education", "学历信息", "学历信息", EducationForm, intro="在校学生请填写已经完成的学历。"),
    Step("qualification", "专业技术资格", "专业技术", QualificationForm, figure="wizard/_certificate_hint.html"),
)


# --- The papers (附件): which ones the answers ask for. One row a paper, because provinces differ ---

OTHER_CARD = unless("id_type", IdType.RESIDENT, IdType.PASSPORT)
_FULL = ("full_time_level", "full_time_school", "full_time_major", "full_time_graduated", "full_time_diploma_no")
_PART = tuple(name.replace("full", "part") for name in _FULL)
_CARD = ("applicant_name", "id_type", "id_number", "sex", "birth_date", "region", "nation")
_QUALIFIED = ("qualification", "qualification_kind", "qualification_route", "qualification_on", "qualification_no")
DIPLOMA_HINT = "也可以用学历证明书、《教育部学历证书电子注册备案表》或国(境)外学历学位认证书"
BY_RESIDENTS = "持居民身份证的"
BY_CARDS = "持通行证、港澳台居民居住证或者外国人永久居留身份证的"
IN_PART_TIME = When("has_part_time", (YesNo.YES,))

PAPERS = (
    Paper(PHOTO, "一寸照片", hint="近期免冠正面照，建议白底", max_pages=1, personal=True),
    Paper(
        SHEET,
        "个人基本信息表",
        hint="从本系统打印，在右下角手写签名；有工作单位的须加盖单位公章",
        template="sheet",
        max_pages=2,
    ),
    Paper("id_portrait", "居民身份证(人像面)", RESIDENT, BY_RESIDENTS, max_pages=1, proves=_CARD, personal=True),
    Paper("id_emblem", "居民身份证(国徽面)", RESIDENT, BY_RESIDENTS, max_pages=1, proves=("id_expires_on",)),
    Paper("card_portrait", "证件(人像面)", OTHER_CARD, BY_CARDS, max_pages=1, proves=_CARD, personal=True),
    Paper("card_back", "证件(另一面)", OTHER_CARD, BY_CARDS, max_pages=1),
    Paper("passport", "护照资料页", When("id_type", (IdType.PASSPORT,)), "持外国护照的", proves=_CARD, personal=True),
    Paper(
        "employer_licence",
        "统一社会信用代码证书(营业执照、事业单位法人证书等)",
        HAS_EMPLOYER,
        "有工作单位的",
        proves=(
            "employer_name",
            "employer_code",
            "employer_code_confirmed",
            "unit_type",
            "industry",
            "employer_address",
        ),
    ),
    Paper(
        "work_proof",
        "工作证明",
        HAS_EMPLOYER,
        "有工作单位的",
        required=False,
        hint="可以不传：盖章的信息表已能证明",
        template="work-proof",
        proves=("accounting_posts", "administrative_post"),
    ),
    Paper("student_card", "学生证或学籍证明", STUDENT, "在校学生", proves=("person_status", "school")),
    Paper(
        "residence_permit",
        "居住证或居住证明",
        both(NO_EMPLOYER, When("location_kind", (LocationKind.RESIDENCE,))),
        "没有工作单位、在居住地办理的",
        proves=("home_address",),
    ),
    Paper(
        "household_register",
        "户口簿(本人页)",
        both(NO_EMPLOYER, When("location_kind", (LocationKind.REGISTERED,))),
        "没有工作单位、在户籍所在地办理的",
        required=False,
        proves=("home_address",),
    ),
    Paper(
        "full_time_diploma",
        "全日制学历证书",
        unless("full_time_level", JUNIOR),
        "全日制学历是高中、中专或者更高的",
        hint=DIPLOMA_HINT,
        proves=_FULL,
        personal=True,
    ),
    Paper(
        "full_time_degree_paper",
        "全日制学位证书",
        All((When("full_time_level", UNIVERSITY), unless("full_time_degree", Degree.NONE))),
        "有全日制学位的",
        proves=("full_time_degree", "full_time_degree_no"),
        personal=True,
    ),
    Paper(
        "part_time_diploma",
        "非全日制学历证书",
        both(IN_PART_TIME, unless("part_time_level", JUNIOR)),
        "有非全日制学历的",
        hint=DIPLOMA_HINT,
        proves=_PART,
        personal=True,
    ),
    Paper(
        "part_time_degree_paper",
        "非全日制学位证书",
        All((IN_PART_TIME, When("part_time_level", UNIVERSITY), unless("part_time_degree", Degree.NONE))),
        "有非全日制学位的",
        proves=("part_time_degree", "part_time_degree_no"),
        personal=True,
    ),
    Paper(
        "qualification_certificate",
        "专业技术资格证书",
        HAS_QUALIFICATION,
        "有专业技术资格的",
        hint="证书编号、姓名和发证日期要看得清",
        proves=_QUALIFIED,
        personal=True,
    ),
    Paper(
        "appointment",
        "会计职务聘任证书(聘任文件)",
        HAS_TECHNICAL_POST,
        "单位聘任了会计技术职务的",
        required=False,
        proves=("technical_post", "technical_post_on"),
    ),
    Paper(
        "abacus_certificate", "珠算等级证书", HAS_ABACUS, "有珠算等级的", proves=("abacus", "abacus_no"), personal=True
    ),
    Paper(
        "talent_certificate",
        "高端会计人才证书",
        unless("talent", "none"),
        "入选高端会计人才的",
        proves=("talent",),
        personal=True,
    ),
    Paper(
        "name_change",
        "姓名变更证明",
        When("name_differs", (YesNo.YES,)),
        "姓名与原来登记的不同的",
        hint="户口簿曾用名页或公安机关的证明",
        proves=("applicant_name",),
    ),
)
PAPER = {paper.kind: paper for paper in PAPERS}


# --- 信息变更: what may have changed. The last topic of a page stands for all of it ------------------

TOPICS = (
    Topic(
        "employer",
        "工作单位、岗位或人员状态",
        "例如：换了单位、离职、单位更名或搬迁、岗位变了",
        "department",
        ("employer_licence", "work_proof", "student_card", "residence_permit", "household_register"),
    ),
    Topic(
        "education",
        "学历、学位",
        "例如：取得了更高的学历或学位",
        "education",
        ("full_time_diploma", "full_time_degree_paper", "part_time_diploma", "part_time_degree_paper"),
    ),
    Topic(
        "qualification",
        "专业技术资格、职务",
        "例如：取得了新的资格、受聘新的职务、珠算等级变了",
        "qualification",
        ("qualification_certificate", "appointment", "abacus_certificate"),
    ),
    Topic(
        "name",
        "姓名",
        "需要姓名变更证明和新的证件",
        "personal",
        ("id_portrait", "id_emblem", "card_portrait", "card_back", "passport", "name_change"),
    ),
    Topic(
        "contact",
        "联系方式和其他个人信息",
        "例如：手机号码、通讯地址、政治面貌、一寸照片变了",
        "personal",
        ("talent_certificate",),
    ),
)
