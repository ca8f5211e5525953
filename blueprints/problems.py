"""Errors for other systems: JSON by RFC 9457 instead of a page. What it says is in Chinese, as all that people read."""

from __future__ import annotations

import json

from flask import Response, request

PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"
#: Status code -> title and detail, where the words for people do not fit.
WORDS = {
    400: ("请求有误", "请对照接口说明检查请求的内容。"),
    401: ("令牌无效", "请在 Authorization 头中发送有效的令牌。令牌可能已到期、已作废，或不能从这个网络使用。"),
    403: ("令牌没有这个权限", "这个令牌不能读取这类信息。"),
    404: ("没有找到", "没有这个地址，或者没有这个令牌可以读取的信息。"),
    405: ("请求方法不对", "这个地址不接受这种请求方法。"),
    413: ("请求太大", "请减少请求的内容。"),
    415: ("请求格式不对", "请以 Content-Type: application/json 发送 JSON。"),
    429: ("请求太频繁", "这一分钟的请求已达到令牌的上限，请按 Retry-After 等待后再试。"),
    500: ("系统出错了", "我们已经记录了这个错误，请稍后再试。"),
    503: ("系统正忙", "请稍后再试。"),
    507: ("暂时不能保存", "服务器不能记录这次读取，所以没有回答，请稍后再试。"),
}


def wanted() -> bool:
    return request.path.startswith(PREFIX)


def answer(code: int, detail: str = "", title: str = "") -> Response:
    usual = WORDS.get(code, ("", ""))
    body = {"type": "about:blank", "title": title or usual[0], "status": code, "detail": detail or usual[1]}
    return Response(json.dumps(body, ensure_ascii=False) + "\n", code, content_type=CONTENT_TYPE)
