"""SOP classes by what their instances belong to.

Instances of composite storage classes are of a patient, a study and a series (PS3.3 A.1). Those of the Non-Patient
Object Storage Service Class are of none (PS3.4 GG.3), and of a private class nobody but its maker can say.
"""

_DICOM = "1.2.840.10008."
OF_NOBODY = frozenset(
    {
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol
        "1.2.840.10008.5.1.4.39.1",  # Color Palette
        "1.2.840.10008.5.1.4.43.1",  # Generic Implant Template
        "1.2.840.10008.5.1.4.44.1",  # Implant Assembly Template
        "1.2.840.10008.5.1.4.45.1",  # Implant Template Group
        "1.2.840.10008.5.1.4.1.1.200.1",  # CT Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.200.3",  # Protocol Approval
        "1.2.840.10008.5.1.4.1.1.200.7",  # XA Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.201.1",  # Inventory
    }
)


def is_of_a_study(sop_class: str) -> bool:
    """Whether an instance of the class has to name a study and a series."""
    return sop_class.startswith(_DICOM) and sop_class not in OF_NOBODY


def is_known_syntax(syntax: str) -> bool:
    """Whether the transfer syntax is DICOM's own, so that its data sets are to be read as PS3.5 says."""
    own = f"{_DICOM}1.2"
    return syntax == own or syntax.startswith(f"{own}.")
