"""Is every stored file there and sound, and who names the ones that are not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from lib.storage import FileDamaged, FileMissing, Store
from models import (
    AssistanceRequest,
    Declaration,
    NoticeFile,
    PaperPage,
    PrintJob,
    RegisterImport,
    Revision,
    Sheet,
    db,
)

NAMES = ("address", "thumb_address", "source_address")


def check(
    store: Store, addresses: Iterable[str], progress: Callable[[int], None] = lambda _files: None
) -> dict[str, str]:
    """Read and decrypt every file; returns address -> ``missing`` or ``damaged`` for those that fail.

    Decrypting proves a file whole and in its place. The hashes that the rows keep would prove no more, and may be older
    than a file that was written again.
    """
    bad = {}
    for address in addresses:
        try:
            store.get(address)
        except FileMissing:
            bad[address] = "missing"
        except FileDamaged:
            bad[address] = "damaged"
        progress(1)
    return bad


def rows_naming(bad: Collection[str]) -> Iterator[tuple[str, str]]:
    """(where, address) of every row that names one of the addresses; ``where`` names the row, not the person."""
    columns = (PaperPage.address, PaperPage.thumb_address, PaperPage.source_address)
    pages = select(Declaration.number, PaperPage.kind, PaperPage.position, *columns).join(PaperPage.declaration)
    for number, kind, position, *named in db.session.execute(pages.order_by(PaperPage.id)):
        where, found = f"{number} 的 {kind} 第 {position + 1} 页", dict.fromkeys(filter(None, named))
        yield from ((where, address) for address in found if address in bad)
    sheets = select(Declaration.number, Sheet.version, Sheet.photo_address)
    for number, version, address in db.session.execute(sheets.join(Sheet, Sheet.declaration_id == Declaration.id)):
        if address in bad:
            yield f"{number} 第 {version} 版信息表的照片", address
    for uid, first, parts in db.session.execute(select(PrintJob.uid, PrintJob.address, PrintJob.parts)):
        stored = parts or ([first] if first else [])
        yield from ((f"打印任务 {uid}", at) for at in stored if at in bad)
    for notice, at in db.session.execute(select(NoticeFile.notice_id, NoticeFile.address)):
        if at in bad:
            yield f"通知公告 {notice} 的附件", at
    documents = select(AssistanceRequest.uid, AssistanceRequest.address, AssistanceRequest.thumb_address)
    for uid, *named in db.session.execute(documents):
        yield from ((f"核验申请 {uid}", at) for at in named if at and at in bad)
    registers = select(RegisterImport.uid, RegisterImport.address, RegisterImport.findings)
    for uid, *named in db.session.execute(registers):
        yield from ((f"名册文件 {uid}", at) for at in named if at and at in bad)
    revisions = select(Declaration.number, Revision.number, Revision.papers).join(Revision.declaration)
    for number, revision, papers in db.session.execute(revisions.execution_options(yield_per=500)):
        yield from ((f"{number} 第 {revision} 次提交的 {where}", at) for where, at in _frozen(papers, bad))


def _frozen(papers: Mapping[str, list[dict[str, Any]]], bad: Collection[str]) -> Iterator[tuple[str, str]]:
    for kind, pages in papers.items():
        for number, page in enumerate(pages, 1):
            named = dict.fromkeys(page.get(name, "") for name in NAMES)  # a photo may be its own source
            yield from ((f"{kind} 第 {number} 页", address) for address in named if address in bad)
