"""The working copy: stored answers, what is missing, drafts of what is typed, labels, due dates. Knows no officer."""
