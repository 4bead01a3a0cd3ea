"""The names of the kinds of jobs, as rows keep them."""

INTAKE = "intake"
PUBLISH = "publish"
FORWARD = "forward"
EXPIRE = "expire"
UPLOAD = "upload"
VERIFY = "verify"
HEADERS = "headers"
CONCLUDE = "conclude"
COMMITMENT = "commitment"
COMMITMENT_REPORT = "commitment-report"  # done by the DICOM door, which alone speaks to peers
