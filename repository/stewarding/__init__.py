"""Seeing to who may read what: who may write consents, grants and relations down, and who is shown them.

    standing     who may write what: administrators, and medical workers of whoever has a takeover in custody
    showing      one listing: what of it may be shown, and its one account
    permissions  consents, objections and grants given, changed, ended, listed, as of any instant
    relations    relations to patients, and their deaths
    leaves       protection lifted by two, approvals and authorisations by a second person

Rights are decided elsewhere, from what is written here (`repository.access`); the deeds are `repository.entitlement`.
"""
