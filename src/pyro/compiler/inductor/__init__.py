"""Inductor: a step as code that torch's compiler makes, in another process, and that is kept on disk.

============  ===================================================================
folder        where compiled code is kept, and whether that place is the user's own
store         what is kept there: one file a step, checked before it is loaded
key           what compiled code depends on
toolchain     the C++ compiler, and what to say when there is none
compile       the process that compiles
launch        how that process begins and ends
worker        what that process does; imported by no other module
lowering      compiled code as a lowering
later         a lowering in the making, for a run that goes on meanwhile
============  ===================================================================
"""
