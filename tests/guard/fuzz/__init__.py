"""Random programs and random sequences of what people do to them, over stores with items in them.

``sequences`` draws them, ``run`` plays one and looks at the account after each step, ``mends`` takes one of the guard's
answers out to see that the sequences would notice, ``__main__`` plays thousands and goes on where it was stopped.
"""
