"""Texts that people sign: the 《关于本人信息真实准确承诺函》 before submitting, and the template of the 工作证明.

The web page and the PDF show the same paragraphs. Increase COMMITMENT_VERSION with every change of the commitment: a
submission records the version that the applicant agreed to.
"""

from services.sheet.text_document import draw_text_document

COMMITMENT_VERSION = "2026-1"
COMMITMENT_TITLE = "关于本人信息真实准确承诺函"
COMMITMENT_PARAGRAPHS = (
    "本人在会计人员信息采集平台办理信息采集（信息变更），已阅读《阅读须知》，现就填报内容作出以下承诺：",
    "一、本人属于本省会计人员信息采集的范围，以本人的真实身份和本人的账号办理，没有替他人填报，也没有委托他人冒用本人身份填报。",
    "二、本人填写的每一项信息，以及上传的证件、证书、照片和签名（盖章）的《会计人员个人基本信息表》，"
    "均真实、准确、完整，图片与原件一致，没有伪造、涂改、借用或者隐瞒。",
    "三、本人同意会计管理部门核对上述信息，并在会计专业技术资格考试报名、职称评审、继续教育登记、"
    "会计人员诚信管理等会计人员管理工作中依法使用。",
    "四、信息发生变化的，本人将及时在平台申请变更，并提交相应的证明材料。",
    "五、本人知道：填报不实的，会计管理部门可以退回申报、不予采集或者撤销已通过的结果，按照有关规定记入会计人员诚信档案，"
    "由此造成的一切后果由本人自行承担。",
    "六、本人妥善保管登录密码和验证码，不转借账号；以本人账号完成的操作，视为本人所为。",
)
COMMITMENT_CLOSING = ("承诺人：＿＿＿＿＿＿＿＿＿＿", "证件号码：＿＿＿＿＿＿＿＿＿", "日期：＿＿＿＿年＿＿月＿＿日")

WORK_PROOF_TITLE = "工作证明"
WORK_PROOF_PARAGRAPHS = (
    "兹证明＿＿＿＿＿＿＿＿＿＿（姓名）是我单位在职人员，"
    "证件号码为＿＿＿＿＿＿＿＿＿＿＿＿＿＿，自＿＿＿＿年＿＿月起在我单位工作，"
    "所在部门为＿＿＿＿＿＿＿＿＿＿＿，会计工作岗位为＿＿＿＿＿＿＿＿＿＿＿＿，"
    "职务为＿＿＿＿＿＿＿＿＿＿（没有职务的填“无”）。",
    "本证明仅用于会计人员信息采集。我单位对以上内容的真实性负责，如有不实，愿意承担相应责任。",
    "特此证明。",
)
WORK_PROOF_CLOSING = (
    "单位名称：＿＿＿＿＿＿＿＿＿＿＿＿",
    "统一社会信用代码：＿＿＿＿＿＿＿＿",
    "经办人：＿＿＿＿＿＿＿",
    "联系电话：＿＿＿＿＿＿",
    "日期：＿＿＿＿年＿＿月＿＿日",
)
WORK_PROOF_FOOTER = "请用黑色签字笔填写或打印后填写，加盖单位公章，拍照或扫描后在“附件上传”页上传。涂改处须加盖公章。"


def commitment_pdf(site: str) -> bytes:
    """The commitment to read or to sign on paper."""
    version = f"{site}　{COMMITMENT_VERSION} 版"
    return draw_text_document(
        COMMITMENT_TITLE, COMMITMENT_PARAGRAPHS, closing=COMMITMENT_CLOSING, footer=version, site=site
    )


def work_proof_pdf(site: str) -> bytes:
    """The 工作证明 with blanks for the employer to fill in, and the stamp's place."""
    return draw_text_document(
        WORK_PROOF_TITLE,
        WORK_PROOF_PARAGRAPHS,
        closing=WORK_PROOF_CLOSING,
        stamp="（单位公章）",
        footer=WORK_PROOF_FOOTER,
        site=site,
    )
