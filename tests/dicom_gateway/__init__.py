"""The DICOM door, asked by pynetdicom's own SCU over real sockets."""
