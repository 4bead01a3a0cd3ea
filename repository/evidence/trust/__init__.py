"""Whether a certificate is trusted: a path to an anchor that the operator installed (RFC 5280 6), and revocation.

`judging.trusted` is the one way in: a leaf with what came along, an instant and a use go in; the whole path with the
standing of each link comes out, or a typed refusal. A path of our own, since `cryptography.x509.verification` refuses
the critical certificatePolicies that Polish trust services issue (pyca/cryptography #11928, #14850); tests compare.
"""
