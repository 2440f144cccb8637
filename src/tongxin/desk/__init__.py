"""The command desk's door: pages for people (``pages``) and the same acts as JSON (``api``), both for whoever signed in.

Nothing here holds a rule: a view finds, authorises (through the scope that it passes on), acts and answers.
"""
