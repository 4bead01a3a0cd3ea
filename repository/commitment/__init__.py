"""Storage commitment (DICOM PS3.4 J) as journeys: that images are kept is said only of what was looked at. No DIMSE.

Ours: a peer asks whether the archive has what it sent.
    asking      a request → a durable transaction and its job, once however often it is sent
    checking    an instance → committed to, or the reason why not: read back, compared with its digest, found in the log
    settling    the job: all instances of a transaction → what came of them, durable → a job that reports it
Theirs: the archive asks a successor's peer whether it has what was handed over.
    wishing     images of a takeover that the peer may know of → transactions of bounded size
    hearing     what the peer reports of one of them → durable

The door speaks to peers (`dicom_gateway/reporting.py`, `services/committing*.py`). What was said to whom is a deed as
well: the journal keeps it when the rows are lost.
"""
