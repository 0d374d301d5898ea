"""Tournament: every posture in the seat of every firm, against many fields of rivals.

design    what is asked, as a file, and the experiment that it makes
payoffs   what each posture earned in each seat and field, and what customers had of it
ranking   who does best, how surely, and how it fares in the worst of fields
customers what customers have of a posture
matching  who beats whom where all rivals do the same, and how far that tells of mixed fields
survival  what is left when postures that do better spread

A field is what all firms of the role follow; in a seat, one of them follows a posture instead.
"""
