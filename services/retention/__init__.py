"""What is kept about applicants, and their rights: untouched drafts, closed accounts, 导出我的信息."""
