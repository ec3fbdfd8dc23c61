"""What was put together in English, said in Chinese: `book` finds a sentence in the tables.

The daemon never loads it.
"""
