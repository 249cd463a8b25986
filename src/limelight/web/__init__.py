"""The live page and the service: a model is asked "what if" in a browser, and explains over HTTP.

`create` makes the ASGI application that `limelight serve` runs; put it into a server of your own as you like.
"""

from limelight.web.app import create

__all__ = ["create"]
