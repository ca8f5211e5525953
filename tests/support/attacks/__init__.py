"""What attackers and accidents send: hostile pictures, cut lines, jobs that misbehave, found viruses."""
