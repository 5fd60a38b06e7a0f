"""What the app and the command line ask for, one verb per module: the only layer that joins a gallery to arrays."""
