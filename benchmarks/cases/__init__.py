"""One workload a file: each defines ``CASE`` and one program for each peer.

No environment holds the libraries of every peer, and the harness itself needs none of them. A case file
therefore imports nothing but the standard library at its top, and each program imports its own libraries when
it is started.
"""
