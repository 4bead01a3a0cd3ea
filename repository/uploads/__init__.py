"""Packages that come over the network in parts: kept in the home until they are complete, taken over, and gone.

keeping    one upload as a folder of the home: what it is to become, what has come of it, what was asked for with it
parts      one part being written: sealed as it comes, durable before it is acknowledged
locks      the key of an upload, under the key ring
reading    a sealed upload as the archive file that it is, read by ranges
"""
