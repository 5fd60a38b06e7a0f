"""The drawn sample people: who they are (people), how they pose (moments), and how they are painted (the rest)."""
