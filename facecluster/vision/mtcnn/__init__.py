"""MTCNN: its three networks, the scales that they look at, and the arithmetic of boxes between them."""
