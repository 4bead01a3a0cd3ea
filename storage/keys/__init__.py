"""Keys: the ring that holds the root keys, and the record keys that they wrap (`storage/FORMAT.md`, "Keys")."""
