"""DICOM's upper layer and messages over one connection (PS3.8, PS3.7). Knows no archive, no patient, no peer's rights.

    wire          a socket → whole PDUs; deadlines; nothing is read that is longer than was agreed
    pdus          the PDUs that are bytes and little else: release, abort, reject, data
    negotiating   A-ASSOCIATE-RQ → what was asked; what is agreed → A-ASSOCIATE-AC, both through pynetdicom's classes
    commands      command sets, read and written
    messages      what a message is, and how one comes, fragment by fragment
    association   messages in and out, of whoever accepted and whoever requested alike
    requesting    an association that we ask for: storage at a destination, echo, reports of commitment

One thread owns a connection from its first byte. pynetdicom's reactor, with its two threads that poll and its reads of
4 KiB, never starts: measured, this is 5 to 15 times faster, and there is nothing to race with (docs/decisions/0015).
"""
