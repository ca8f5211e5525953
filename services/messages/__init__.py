"""Messages that leave the site: their texts, the outbox, and what became of each.

Knows no declaration: whoever has something to say names the text and gives its values.
"""
