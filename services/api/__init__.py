"""What other systems may read: their tokens, what a token opens, and who was read (docs/adr/043)."""
