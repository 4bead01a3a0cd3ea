"""Local accounts: who may sign in where there is no other proof of identity (R463-4.1).

An administrator invites; the invited person accepts with a password and a TOTP secret, signs in, and gets a session,
which `sessions.who` turns into a principal. There is no password that everybody knows: the first account is made by the
one-time invitation that `edm-archive init` prints.
"""
