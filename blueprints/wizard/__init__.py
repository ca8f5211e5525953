"""The applicant's way: 阅读须知, the pages, 核对信息, 附件上传, 申报告知, 申报进度, corrections. Which page is decided by the URL alone."""

from blueprints.wizard import after, check, papers, steps
from blueprints.wizard.frame import bp

__all__ = ["after", "bp", "check", "papers", "steps"]
