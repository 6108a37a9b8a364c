"""The tiny pool: its corpus, its tokenizer, and how it is trained from nothing."""
