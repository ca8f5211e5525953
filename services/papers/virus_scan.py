"""Files as people send them, checked by clamd before they are decoded. Off unless the setting CLAMD names one."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from lib.pictures.images import MAX_BYTES, PictureRefused
from lib.remote import clamd

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scanner:
    """``address`` of clamd, empty for none; ``required``: without its verdict nothing is accepted."""

    address: str = ""
    required: bool = True


class Unchecked(PictureRefused):
    """clamd gives no verdict, and the setting says not to accept anything without."""


def check(data: bytes, scanner: Scanner) -> None:
    """Raises PictureRefused for a file in which something was found, Unchecked without a verdict where one is
    required."""
    if not scanner.address or len(data) > MAX_BYTES:  # what is too large is refused anyway
        return
    try:
        found = clamd.scan(data, scanner.address)
    except clamd.ScannerUnavailable as error:
        if scanner.required:
            log.error("a file was refused unchecked: %s", error)
            raise Unchecked("暂时无法检查文件是否安全，请稍后再试") from error
        log.warning("a file was taken unchecked: %s", error)
        return
    if found:
        log.warning("clamd found %s in a file that was sent", found)
        raise PictureRefused("安全检查发现文件有问题(可能带有病毒)，不能上传。请重新拍照后再上传，并检查您的手机或电脑")
