"""个人基本信息表: its versions, its content and layout, drawing it, and reading a signed one back.

lib.pdf draws, lib.pictures reads; this room knows what is printed where.
"""
