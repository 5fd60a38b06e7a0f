"""Results as something to look at: figures, tables, sentences, pictures, the report.

It knows neither a gallery nor Streamlit, so every page, command and report says the same.
"""
