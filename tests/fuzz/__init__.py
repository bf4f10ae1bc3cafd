"""A fuzzer whose oracle is mathematics: random laws of every structure, theorems as the checks.

    python -m tests.fuzz --minutes 60            # from the root of the repository
    python -m tests.fuzz --seed 3 --case 1234    # one case again

A case is made from (seed, number) alone: `recipes` says what a law is made of, `cases` draws pairs
of them in a relation, `metrics` lists the functions of two laws and what is known of each,
`watching` calls them and sees what must never happen, the `theorems` are the checks, and `findings`
groups what they found.
"""
