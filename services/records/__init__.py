"""人员档案: the approved state of a person, for the owner and for the office."""
