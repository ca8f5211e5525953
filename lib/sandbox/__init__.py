"""The bounded child process in which everything that people send is decoded (ADR 009)."""
