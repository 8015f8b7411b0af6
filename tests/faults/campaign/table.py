from __future__ import annotations
def failed(result): return bool(result["problems"])
def write(docs, found, acts): pass
