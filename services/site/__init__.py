"""What everybody may read: notices, the guide, the notice on personal data."""
