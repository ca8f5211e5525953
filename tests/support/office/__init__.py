"""What officers do and find: marks, histories, many submissions, prints, spreadsheets."""
