"""Guides that are less work than hand-written ones and more flexible than automatic ones."""

from pyro.contrib.easyguide.easyguide import EasyGuide, Group, easy_guide

__all__ = ["EasyGuide", "Group", "easy_guide"]
