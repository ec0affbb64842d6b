"""Plays conversations (`.chat` files) against a chat server and says what differed."""
