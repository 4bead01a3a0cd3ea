"""Object stores: one port, its implementations, and what wraps them.

Format of names and the promises of every store: `port.py`. An object is written once; nothing here overwrites.
"""
