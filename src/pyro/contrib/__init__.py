"""Rooms beside the house: each is imported by its own name, and none needs another."""
