"""DICOM headers, from bytes to facts (PS3.10, PS3.5): the only owner of pydicom.

`walker` reads what is usual; everything else goes to pydicom through `reading`. Pixel data is never touched.
"""
