"""Bare Flask that says hello: a factory for granian."""

from __future__ import annotations

from flask import Flask


def create_server() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello")
    return app
