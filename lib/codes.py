"""Code lists that a standard, a law or the product itself fixes. Lists that a province may edit are rows of Option."""

from __future__ import annotations

from enum import Enum
from typing import Self


class ChoiceEnum(str, Enum):
    """A code with its Chinese title: ``Status("draft").label == "未提交"``."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    def __str__(self) -> str:
        return self.value

    @classmethod
    def choices(cls) -> dict[str, str]:
        return {member.value: member.label for member in cls}


class YesNo(ChoiceEnum):
    YES = "yes", "是"
    NO = "no", "否"


class IdType(ChoiceEnum):  # 证件类型
    RESIDENT = "resident_id", "居民身份证"
    HK_MACAU_PASS = "hk_macau_pass", "港澳居民来往内地通行证"
    TAIWAN_PASS = "taiwan_pass", "台湾居民来往大陆通行证"
    HMT_RESIDENCE = "hmt_residence", "港澳台居民居住证"
    FOREIGN_PR = "foreign_pr", "外国人永久居留身份证"
    PASSPORT = "passport", "外国护照"


class Sex(ChoiceEnum):
    MALE = "male", "男"
    FEMALE = "female", "女"


class PoliticalStatus(ChoiceEnum):  # 政治面貌, after GB/T 4762
    CPC = "01", "中共党员"
    CPC_PROBATIONARY = "02", "中共预备党员"
    LEAGUE = "03", "共青团员"
    RCCK = "04", "民革党员"
    CDL = "05", "民盟盟员"
    CNDCA = "06", "民建会员"
    CAPD = "07", "民进会员"
    CPWDP = "08", "农工党党员"
    ZHIGONG = "09", "致公党党员"
    JIUSAN = "10", "九三学社社员"
    TDSL = "11", "台盟盟员"
    NONPARTISAN = "12", "无党派人士"
    MASSES = "13", "群众"


class Category(ChoiceEnum):  # 采集类别, 辽财会〔2019〕116号
    ACCOUNTING = "accounting", "从事会计工作"
    QUALIFIED = "qualified", "具有会计专业技术资格但未从事会计工作"
    CANDIDATE = "candidate", "拟报考当年度会计专业技术资格考试"


class AccountingPost(ChoiceEnum):  # 会计工作岗位, 会计人员管理办法 财会〔2018〕33号
    CASHIER = "cashier", "出纳"
    AUDITING = "auditing", "稽核"
    BALANCE = "balance", "资产、负债和所有者权益(净资产)的核算"
    INCOME = "income", "收入、费用(支出)的核算"
    RESULTS = "results", "财务成果(政府预算执行结果)的核算"
    REPORTS = "reports", "财务会计报告(决算报告)编制"
    SUPERVISION = "supervision", "会计监督"
    ARCHIVES = "archives", "会计机构内会计档案管理"
    OTHER = "other", "其他会计工作"


class LocationKind(ChoiceEnum):  # 所在地类型
    SCHOOL = "school", "学籍所在地"
    REGISTERED = "registered", "户籍所在地"
    RESIDENCE = "residence", "居住地"


class Situation(ChoiceEnum):  # 准备材料: 有没有工作单位, and where one files without
    EMPLOYED = "employed", "有工作单位"
    STUDENT = "student", "没有，我是在校学生"
    REGISTERED = "registered", "没有，在户籍所在地办理"
    RESIDENCE = "residence", "没有，在居住地办理"


class HeldCertificate(ChoiceEnum):  # 准备材料: 有哪些证书
    DIPLOMA = "diploma", "全日制学历证书(高中、中专及以上)"
    DEGREE = "degree", "全日制学位证书"
    PART_TIME = "part_time", "非全日制学历证书"
    PART_TIME_DEGREE = "part_time_degree", "非全日制学位证书"
    QUALIFICATION = "qualification", "专业技术资格证书(初级、中级、高级)"
    APPOINTMENT = "appointment", "会计职务聘任证书"
    ABACUS = "abacus", "珠算等级证书"
    TALENT = "talent", "高端会计人才证书"


class Degree(ChoiceEnum):  # 学位
    NONE = "none", "无"
    BACHELOR = "bachelor", "学士"
    MASTER = "master", "硕士"
    DOCTOR = "doctor", "博士"


class QualificationLevel(ChoiceEnum):  # 专业技术资格
    NONE = "none", "无"
    JUNIOR = "junior", "初级"
    INTERMEDIATE = "intermediate", "中级"
    SENIOR = "senior", "高级"
    FULL_SENIOR = "full_senior", "正高级"


class ClosingReason(ChoiceEnum):  # 注销原因
    DECEASED = "deceased", "死亡"
    LEFT = "left", "不再从事会计工作"
    MOVED = "moved", "已转出"


class NoteKind(ChoiceEnum):  # 诚信记录
    PRAISE = "praise", "守信记录"
    WARNING = "warning", "失信记录"
    OTHER = "other", "其他记录"


class QualificationRoute(ChoiceEnum):  # 取得方式
    EXAM = "exam", "考试"
    ASSESSMENT = "assessment", "评审"
    BOTH = "both", "考评结合"


class TechnicalPost(ChoiceEnum):  # 会计技术职务
    NONE = "none", "无"
    BOOKKEEPER = "bookkeeper", "会计员(原)"
    ASSISTANT = "assistant", "助理会计师"
    ACCOUNTANT = "accountant", "会计师"
    SENIOR = "senior", "高级会计师"
    FULL_SENIOR = "full_senior", "正高级会计师"


class Status(ChoiceEnum):
    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待审核"
    IN_REVIEW = "in_review", "审核中"
    RETURNED = "returned", "已退回"
    APPROVED = "approved", "审核通过"
    DECLINED = "declined", "不予采集"
    DROPPED = "dropped", "已放弃"


#: A person has at most one declaration in these states.
OPEN = (Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED)
#: The applicant may change the working copy in these states.
EDITABLE = (Status.DRAFT, Status.RETURNED)


class Kind(ChoiceEnum):
    FIRST = "first", "首次采集"
    CHANGE = "change", "信息变更"


class Role(ChoiceEnum):
    APPLICANT = "applicant", "申报人"
    REVIEWER = "reviewer", "审核员"
    MANAGER = "manager", "部门管理员"
    SYSTEM = "system", "系统管理员"
    SECURITY = "security", "安全管理员"
    AUDITOR = "auditor", "审计管理员"


class AccountState(ChoiceEnum):
    RESERVED = "reserved", "待设置密码"
    ACTIVE = "active", "正常"
    FROZEN = "frozen", "已冻结"
    CLOSED = "closed", "已注销"


class AccountAct(ChoiceEnum):  # what becomes of an account, with a reason
    CORRECT_NUMBER = "correct_number", "更正证件号码"
    OWN_NUMBER = "own_number", "本人按退回意见更正证件号码"
    FREEZE = "freeze", "冻结账号"
    UNFREEZE = "unfreeze", "解除冻结"


class AssistanceNeed(ChoiceEnum):  # 核验申请
    OCCUPIED = "occupied", "注册时显示证件号被占用"
    RECORD = "record", "原有会计从业资格证人员，没有激活码，也不知道档案号"
    PASSWORD = "password", "忘记登录密码，不方便到窗口领取激活码"


class AssistanceState(ChoiceEnum):
    WAITING = "waiting", "待核验"
    GRANTED = "granted", "核验通过，待设置密码"
    REFUSED = "refused", "未通过"
    USED = "used", "已设置密码"


class AssistanceOutcome(ChoiceEnum):
    SAME_PERSON = "same_person", "是本人"
    MISTYPED = "mistyped", "他人填错号码"
    MISUSE = "misuse", "被他人冒用"
    REFUSED = "refused", "不予通过"


class MarkState(ChoiceEnum):
    DRAFT = "draft", "未发出"
    OPEN = "open", "待修改"
    CLOSED = "closed", "已处理"


class DepartmentKind(ChoiceEnum):
    PROVINCE = "province", "省财政厅"
    CITY = "city", "市财政局"
    COUNTY = "county", "县(区)财政局"
    ZONE = "zone", "功能区"


class Channel(ChoiceEnum):
    EMAIL = "email", "电子邮件"
    SMS = "sms", "短信"


class OutboxState(ChoiceEnum):
    WAITING = "waiting", "等待发送"
    SENDING = "sending", "正在发送"
    SENT = "sent", "已发出"
    FAILED = "failed", "发送失败，将重试"
    GIVEN_UP = "given_up", "未发出"


class AgreedKind(ChoiceEnum):  # texts that an applicant reads and agrees to
    NOTICE = "notice", "阅读须知"
    COMMITMENT = "commitment", "承诺函"


class NoticeState(ChoiceEnum):  # 通知公告; follows from its moments
    DRAFT = "draft", "未公开"
    SCHEDULED = "scheduled", "定时发布"
    PUBLIC = "public", "已发布"
    ENDED = "ended", "已到期"
    WITHDRAWN = "withdrawn", "已撤回"


class CodePurpose(ChoiceEnum):  # what a code that was sent is for
    CLAIM = "claim", "原有用户设置密码"
    RESET = "reset", "忘记密码"
    PHONE = "phone", "验证手机号码"
    EMAIL = "email", "验证电子邮箱"


class ApiScope(ChoiceEnum):  # what another system may read with its token
    RECORDS = "records", "姓名、隐去部分的证件号码、部门、状态"
    WORK = "work", "工作单位、专业技术资格"
    NUMBERS = "numbers", "完整证件号码"
    APPLICATIONS = "applications", "申报的办理状态"
