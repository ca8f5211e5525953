"""个人基本信息表: its versions, its content and layout, drawing it, and reading a signed one back.

Uses declaration and papers for what is printed, lib.pdf for drawing, lib.pictures for reading.
"""
