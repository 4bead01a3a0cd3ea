"""The metadata of images, made ready: for each series one sealed object that holds the DICOM JSON of all its instances.

    packing   the form of such an object: an index, and blocks of compressed JSON
    making    the instances of a series, opened by the archive itself → the object, stored and known to the catalogue
    telling   an errand and UIDs → a decision, an account → the JSON, without opening an instance

Derived, and never the truth: it lies under the patient's record key, so that destroying the key erases it; it is made
again where it is missing, damaged, or the series has grown since; `rebuild` leaves it out, and `orphans` finds what no
row knows. Names: `headers/<takeover id>/<patient>/<first ordinal>/<object id>`, of counted and random parts only.
"""
