"""The public's door: what has been published, readable without signing in.

An issue of the bulletin as a page, as a PDF, as JSON, and as HTML to be copied into a chat platform. Each number opens to its
definition, its cut-off and its counts by day and by town, as they were frozen with the issue; never to a record.
"""
