"""How a step is run: captured once as a pure graph, rewritten, and lowered to a program that runs many.

=============  ======================================================================
capture        one step as a flat graph
signature      what makes a capture valid for a call
passes         rewrites, one a file, and their order
verify         what a legal graph is
plan           which lowering runs it
loop           the loop program: the whole run as one native function
replay         the captured graph as it is
compiled       a lowered step with the live tensors that it reads and writes
=============  ======================================================================
"""
