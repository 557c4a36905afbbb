"""The small networks of the templates (../../templates), one file each, trained in plain numpy."""
