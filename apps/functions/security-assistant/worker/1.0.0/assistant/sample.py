"""A design with flaws that every version knows, for dry runs."""

DESIGN = """\
Customers upload documents through a web portal and an API. The API has no authentication yet.
The documents lie in a public bucket, and their index in a database.
"""
