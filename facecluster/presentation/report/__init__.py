"""The evaluation as one HTML page and one JSON document, to keep or to pass on."""
