"""The command line: arguments in, text or JSON out, no logic of its own."""
