"""Who may read what, and why: nouns, rules and the one decision (R463-4.1, 5, 7.1, 7.2, 10.1–10.3; UPP art. 26).

Nothing here reads a catalogue or opens bytes. `decision.decide` is a pure function of a request and the facts that bear
on it, under a dated set of rules; whoever has both can decide again, decades later, and must get the same answer.
"""
