"""Demands (zapotrzebowania): from a requester's message to both confirmations of its receipt, in nine steps (R463-5).

    submit · accept_or_reject · verify · forward · queue · prepare · sign · send · receive · confirm · expire_due

Each step is a deed of the journal, and the database refuses every move that the regulation does not have
(`repository/catalogue/demand_tables.py`). For a closed provider the archive is the provider (R463-6.3).
"""
