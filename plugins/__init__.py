"""The built-in plugins: each domain area is one, and each can be left out."""
