"""The history of the schema: one line, never edited once released, run by `repository.catalogue.migrating`."""
