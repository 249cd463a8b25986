"""Models behind an address: asked at once, asked again where that failed, remembered, and never beyond a budget.

>>> from limelight import remote
>>> remote.http("https://models.example.com", "v2", model="fraud", max_requests=500)  # Explainer(model, …) takes it
<limelight.remote: v2 at https://models.example.com>

`http` returns a `Remote`: a callable of n inputs that pickles, as any other model is. Which bytes go there and come
back is said by a protocol: one of `PROTOCOLS`, or your own in ten lines (`Protocol`).
"""

from limelight.errors import BudgetSpent, RemoteError
from limelight.models.cache import Cache
from limelight.remote.client import Remote, Reply
from limelight.remote.door import PROTOCOLS, http
from limelight.remote.limits import Limits, Price, Quote, Usage
from limelight.remote.wire import Body, Protocol, Received

__all__ = [
    "PROTOCOLS", "Body", "BudgetSpent", "Cache", "Limits", "Price", "Protocol", "Quote", "Received", "Remote",
    "RemoteError", "Reply", "Usage", "http",
]  # fmt: skip
