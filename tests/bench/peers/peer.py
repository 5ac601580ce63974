"""What the Python peers share: when the work began, and what it came to."""
import json
import time

began = None


def start():
    """Call it when pools are open, before the first operation."""
    global began
    began = time.monotonic()


def stop(count, **more):
    """Call it when the last answer was read."""
    seconds = time.monotonic() - began
    print(json.dumps({"count": count, "seconds": seconds, **more}))
