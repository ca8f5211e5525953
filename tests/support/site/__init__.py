"""What runs while tests do: applications, servers, databases, browsers, commands."""
