"""Other servers that the product talks to: a virus scanner, a mail server, an SMS gateway."""
