"""Pictures: decoding and cleaning them, measuring them, finding and reading a sheet in them.

Decoding runs inside lib.sandbox. Knows no table.
"""
