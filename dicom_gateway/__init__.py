"""The DICOM door: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET and storage commitment over the journeys of `repository`.

    protocol/    bytes ↔ messages; knows no archive
    callers      calling and called AE title, address, certificate → a registered peer with its errand; or a rejection
    contexts     which presentation contexts are agreed on with that peer
    services/    one module for each service: a request → a journey → responses
    statuses     errors → DIMSE statuses; the one table of this door
    listening    connections → threads, up to the limits; graceful stop
    settings     what the environment says of the door

It translates and decides nothing: who may learn of what is decided by `repository`, for each question and retrieval.
"""
