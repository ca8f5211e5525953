"""A folder of back-ups: encrypted to public keys (age), files by their contents, whole or not there at all.

Knows no table and no engine: a back-up is a database as bytes, a list of stored files, and perhaps the keys file.
"""
