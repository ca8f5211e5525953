"""Files as people send them, looked at by clamd before they are decoded. Off unless the setting CLAMD names one."""

from __future__ import annotations

import logging

from flask import current_app

from lib import clamd
from lib.pictures.images import MAX_BYTES, PictureRefused

log = logging.getLogger(__name__)


class Unchecked(PictureRefused):
    """clamd gives no verdict, and the setting says not to take anything without."""


def look(data: bytes) -> None:
    """Raises Refused for a file in which something was found, Unchecked without a verdict where that counts."""
    address = current_app.config["CLAMD"]
    if not address or len(data) > MAX_BYTES:  # what is too large is refused anyway
        return
    try:
        found = clamd.scan(data, address)
    except clamd.ScannerUnavailable as error:
        if current_app.config["CLAMD_FAIL"] == "closed":
            log.error("a file was refused unchecked: %s", error)
            raise Unchecked("暂时无法检查文件是否安全，请稍后再试") from error
        log.warning("a file was taken unchecked: %s", error)
        return
    if found:
        log.warning("clamd found %s in a file that was sent", found)
        raise PictureRefused("安全检查发现文件有问题(可能带有病毒)，不能上传。请重新拍照后再上传，并检查您的手机或电脑")
