"""What a client of HTTP without TLS trusts.

httpx reads all authorities of the world for each client that does not say whom it trusts: 22 ms of CPU, more than most
requests of a test take. There are thousands.
"""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
