"""A request of a peer → a journey of the archive → responses; one module for each service."""
