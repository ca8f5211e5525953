"""What forms.py is written in: conditions, field classes and validators, on WTForms alone."""
