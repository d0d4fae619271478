"""What is handed on of a result: pictures, tables, words."""
