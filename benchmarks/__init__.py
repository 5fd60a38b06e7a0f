"""What is fast is shown here: `make bench`, or `python -m benchmarks --help`."""
