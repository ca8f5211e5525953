"""Invented people for the sheet's tests: with an employer, without, with few answers, with long texts."""

from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageDraw

from lib.codes import AgreedKind
from services.sheet.pdf import Block, Cell, SheetData, Table
from services.site import agreed_texts

EMPLOYED_PAPERS = (
    "个人基本信息表",
    "一寸照片",
    "居民身份证(人像面)",
    "居民身份证(国徽面)",
    "统一社会信用代码证书(营业执照、事业单位法人证书等)",
    "工作证明",
    "全日制学历证书",
    "全日制学位证书",
    "非全日制学历证书",
    "非全日制学位证书",
    "专业技术资格证书",
    "会计职务聘任证书(聘任文件)",
    "珠算等级证书",
    "高端会计人才证书",
    "姓名变更证明",
)

EDUCATION = Table(
    ("类别", "最高学历", "最高学位", "毕业院校", "所学专业", "毕业时间", "学历证书编号", "学位证书编号"),
    (
        ("全日制", "大学本科", "学士", "东北财经大学", "会计学", "2012-06", "101731201205001234", "1017342012001234"),
        ("非全日制", "硕士研究生", "硕士", "辽宁大学", "会计", "2018-06", "101401201802000567", "Z1014032018000567"),
    ),
    (14, 18, 12, 30, 26, 16, 30, 28),
)


def photo() -> bytes:
    picture = Image.new("RGB", (295, 413), "#4a90d9")
    pencil = ImageDraw.Draw(picture)
    pencil.ellipse((95, 80, 200, 220), fill="#f2cfb4")
    pencil.polygon([(40, 413), (90, 270), (205, 270), (255, 413)], fill="#242c3d")
    out = BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def person(name: str = "阿卜杜拉·买买提") -> Block:
    answers = (
        ("申报人姓名", name),
        ("性别", "男"),
        ("民族", "维吾尔族"),
        ("证件类型", "居民身份证"),
        ("证件号码", "219901199003072317"),
        ("出生日期", "1990-03-07"),
        ("政治面貌", "中共预备党员"),
        ("手机号码", "13800138001"),
        ("电子邮箱", "zhangyan.accounting@example.cn"),
        ("通讯地址", "辽宁省沈阳市沈河区北站路 138 号恒信国际大厦 B 座 1906 室"),
        ("邮政编码", "110013"),
        ("参加工作时间", "2012-07"),
        ("从事会计工作起始年月", "2013-03"),
        ("是否持有会计从业资格证书", "是"),
        ("会计从业资格证书档案号(证书编号)", "210100201308123456"),
        ("高端会计人才(含会计领军人才)", "省级"),
    )
    return Block("个人信息", "个人信息", tuple(Cell(*answer) for answer in answers))


def employer() -> Block:
    answers = (
        ("是否有工作单位", "是"),
        ("采集类别", "从事会计工作"),
        ("单位名称", "沈阳市盛京精密机械制造有限责任公司第二分公司"),
        ("统一社会信用代码", "91210103MA0QBWXT7J"),
        ("单位隶属关系", "县(区)及以下"),
        ("单位类型", "外商及港澳台投资企业"),
        ("所属行业", "信息传输、软件和信息技术服务业"),
        ("单位所在市", "沈阳市"),
        ("单位所在县(区)", "沈河区"),
        ("单位所在街道(乡镇)", "北站街道"),
        ("单位详细地址", "青年大街 106 号金融街大厦 12 层"),
        ("单位联系电话", "024-22700001"),
        ("会计工作岗位", "出纳、资产、负债和所有者权益(净资产)的核算、财务会计报告(决算报告)编制"),
        ("会计行政职务", "会计机构负责人(会计主管人员)"),
        ("会计管理部门", "沈阳市沈河区财政局"),
    )
    return Block("会计管理部门", "管理部门", tuple(Cell(*answer) for answer in answers))


def home() -> Block:
    answers = (
        ("是否有工作单位", "否"),
        ("采集类别", "拟报考当年度会计专业技术资格考试"),
        ("人员状态", "在校学生"),
        ("学校名称", "东北财经大学"),
        ("所在地类型", "学籍所在地"),
        ("所在市", "沈阳市"),
        ("所在县(区)", "沈河区"),
        ("所在街道(乡镇)", "北站街道"),
        ("详细地址", "青年大街 106 号"),
        ("会计管理部门", "沈阳市沈河区财政局"),
    )
    return Block("会计管理部门", "管理部门", tuple(Cell(*answer) for answer in answers))


def qualification() -> Block:
    answers = (
        ("专业技术资格", "中级"),
        ("专业技术资格类型", "会计类"),
        ("取得方式", "考试"),
        ("取得时间", "2017-10-15"),
        ("证书编号", "17210022101011234567"),
        ("会计技术职务", "会计师"),
        ("会计职务聘任时间", "2018-01-15"),
        ("珠算等级", "普通四级"),
        ("珠算证号", "LN20070312"),
    )
    return Block("专业技术资格", "专业技术", tuple(Cell(*answer) for answer in answers))


def education() -> Block:
    return Block("学历信息", "学历信息", (), (EDUCATION,))


def employed(name: str = "阿卜杜拉·买买提") -> SheetData:
    return SheetData(
        number="LN20260000123",
        version=3,
        code="EPNB8J5P7LSGX68X",
        qr="https://kuaiji.example.gov.cn/verify/EPNB8J5P7LSGX68X",
        site="辽宁省会计人员信息采集平台",
        printed_at="2026-11-23 09:24",
        blocks=(person(name), employer(), education(), qualification()),
        papers=EMPLOYED_PAPERS,
        has_employer=True,
        photo=photo(),
        promise=agreed_texts.as_printed(agreed_texts.FIRST[AgreedKind.COMMITMENT]),
    )


def unemployed() -> SheetData:
    papers = tuple(paper for paper in EMPLOYED_PAPERS if "统一" not in paper and paper != "工作证明")
    blocks = (person("张䶮"), home(), education(), qualification())
    return replace(employed(), blocks=blocks, papers=(*papers, "学生证或学籍证明"), has_employer=False)


def minimal() -> SheetData:
    short = tuple(Cell(label, text) for label, text in (("申报人姓名", "李𬭎"), ("证件号码", "219901199003072317")))
    none = (Cell("专业技术资格", "无"), Cell("会计技术职务", "无"), Cell("珠算等级", "无"))
    school = Table(EDUCATION.header, (("全日制", "初中及以下", "", "", "", "", "", ""),), EDUCATION.widths)
    blocks = (
        Block("个人信息", "个人信息", short),
        Block("会计管理部门", "管理部门", home().cells[:2]),
        Block("学历信息", "学历信息", (), (school,)),
        Block("专业技术资格", "专业技术", none),
    )
    return replace(
        unemployed(), blocks=blocks, papers=("个人基本信息表", "居民身份证(人像面)", "居民身份证(国徽面)"), photo=None
    )


def long_texts() -> SheetData:
    """Every free text at the greatest length that the form takes, and some beyond it."""
    full = employed("买买提艾力·阿卜杜热合曼江·" * 3 + "阿卜杜拉")
    longest = {
        "通讯地址": "辽宁省沈阳市沈河区北站路138号恒信国际大厦B座1906室" * 4,
        "单位名称": "沈阳市盛京精密机械制造有限责任公司第二分公司财务管理部" * 4,
        "单位详细地址": "青年大街106号金融街大厦十二层东侧会计核算中心" * 5,
        "电子邮箱": "a.very.long.address.of.somebody.with.patience" * 2 + "@accounting.example.cn",
        "证书编号": "辽人社职称〔2017〕第00001234567号(补)-AB-17210022101",
        "会计工作岗位": "、".join(f"{n}资产、负债和所有者权益(净资产)的核算" for n in range(14)),
        "采集类别": "具有会计专业技术资格但未从事会计工作" * 9,
        "会计管理部门": "沈阳市沈河区财政局会计科" * 4,
    }

    def lengthened(block: Block) -> Block:
        cells = (replace(cell, text=longest.get(cell.label, cell.text)) for cell in block.cells)
        return replace(block, cells=tuple(cells))

    return replace(full, blocks=tuple(map(lengthened, full.blocks)))
