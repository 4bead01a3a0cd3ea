"""multipart/related (RFC 2387, RFC 2046 §5.1) that streams, both ways, in constant memory. No DICOM, no HTTP.

parameters  a media type with its parameters; the boundary that it names
reading     bytes as they come → parts, piece by piece; whatever they hold, it ends or raises a typed error
writing     parts → bytes, with a boundary that cannot occur in them by chance
errors      API-020 … API-027
"""
