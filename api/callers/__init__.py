"""Who is calling: from what a request carries to a principal, or nobody. No request goes on without one.

Each way of identifying is a `Way`; the first that recognises what was sent decides, and what it does not accept is
refused and never tried as something else, so that nobody is downgraded to a weaker way.
"""
