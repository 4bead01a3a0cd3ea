"""Tables, engines, migrations, search and job rows: what the archive knows, in one relational database.

SQLite beside the objects for a small archive, PostgreSQL for a national one, the same code and the same tests.
Everything here but jobs and verification runs can be rebuilt from the object store (docs/catalogue.md).
"""
