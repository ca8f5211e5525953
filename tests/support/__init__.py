"""What tests share: invented people, the factory that makes them, and how long tests wait."""
