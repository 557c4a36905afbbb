"""Model files that people have, from public packages."""
