"""What the accounts tell to those who may know: registers, reports and views, each asked for and accounted for itself.

register    the disclosure register of UPP art. 27(4), signed
who_looked  who has looked at a patient's documentation, through any door, signed
special     the report of § 10(3) for special services, signed
copies      the first copy that is free, and what others may cost (UPP art. 28)
patient_view  what a patient or a representative may list
view        what somebody sees of an account without learning who is under special protection
"""
