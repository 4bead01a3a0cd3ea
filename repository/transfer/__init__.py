"""A takeover that receives live: peers push into it before the provider closes (DESIGN § 2.9). No HTTP, no DIMSE.

opening     a takeover without a package; who may push into it, as deeds; who a caller is to it
offering    bytes that came → an `Offer`: hashed, identified, described, in memory or waiting on disk
depositing  a group of offers → sealed, catalogued, sequenced; then acknowledged
line        what waits for one takeover, and when its next group may begin
transfers   many pushes at a time → groups, stored beside each other, committed in their order
closing     the transfer ends: statement and signed protocol, as of a package

The steps are those of a package (`repository.takeover`): sorting, packing, sealing, balancing, concluding. What
differs is that nothing is listed beforehand, so that ordinals are given as things come.
"""
