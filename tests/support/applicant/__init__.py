"""What an applicant sends: answers, names, pictures, signed sheets, pieces of a file."""
