"""Pixels decoded, pictures made: by limited processes that hold no key, see no catalogue and reach no network."""
