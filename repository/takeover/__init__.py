"""The steps of a takeover, each from one value to the next; only the journey (`repository/intake.py`) knows the order.

arriving   an item of the package → an `Arrival`: read, hashed, identified, described
assigning  whose it is: the patient of the takeover
packing    arrivals → packs of one patient, of a size that the store likes
sealing    a pack → a durable object and the record that one transaction writes
balancing  the items → the statement
concluding the statement → the verdict and the signed protocol
"""
