"""What the administrators do: accounts of officers, and the audit trail: searching, exporting, sealing, verifying."""
