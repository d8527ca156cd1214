"""The address at which Pyro changes torch when it is imported. Nothing is changed here, so there is nothing in it."""
