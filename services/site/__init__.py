"""Public content: notices, the guide, the notice on personal data."""
