"""修改: a returned declaration as the applicant sees it, one mark a screen, and the reminder to send it again."""
