"""What is held against the whole product: its arrows, its pages' manners, its routes, its statements."""
