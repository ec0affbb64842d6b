"""Chapter 08, corrected: the parts of fastapi_corrected.py."""
