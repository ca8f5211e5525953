"""The rules of the product, as plain functions in rooms.

Explicit arguments in, values or domain exceptions out. Nothing here knows a request or commits a transaction.
``access``, ``audit``, ``inbox`` and ``deadlines`` are used by every room.
"""
