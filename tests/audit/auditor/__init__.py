"""Drives clients against the chat, does harm, and judges what the clients noted."""
