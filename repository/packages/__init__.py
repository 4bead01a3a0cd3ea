"""Hand-over packages: a folder, a tar or a zip, as a bag (RFC 8493) or bare, read without trusting a name in it.

open_package → HandoverPackage        package.py   what the takeover sees: items, hand-over data, patients
  ├─ PackageSource                    source.py    folder.py · tarball.py · zipped.py, chosen in detect.py
  ├─ Limits, refusals                 guard.py     what is refused, by name
  ├─ bag.py · manifest.py             what the package declares
  └─ handover.py · patients.py        what the package says of the producer and the patients
"""
