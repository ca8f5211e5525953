"""Texts on paper: 阅读须知 and 承诺函 in one of their versions, and the template of the 工作证明.

The web page and the PDF show the same paragraphs.
"""

from lib import plain_text
from lib.codes import AgreedKind
from services.departments.snapshot import AgreedText
from services.sheet.text_document import draw_text_document
from services.site import agreed_texts

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


def text_pdf(text: AgreedText, site: str, watermark: str = "") -> bytes:
    """A version to read, or the commitment to sign on paper."""
    closing = COMMITMENT_CLOSING if text.kind == AgreedKind.COMMITMENT else ()
    return draw_text_document(
        agreed_texts.TITLES[text.kind],
        _paragraphs(text.body),
        closing=closing,
        footer=f"{site}　{text.version} 版" if text.version else site,
        site=site,
        watermark=watermark,
    )


def _paragraphs(body: str) -> list[str]:
    found = []
    for block in plain_text.blocks(body):
        found += [f"{number}. {text}" if number else text for number, text in block.items]
    return found


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
