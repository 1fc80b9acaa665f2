"""Windows in which results are looked at: a process of their own, with or without Scipion.

What can be told without a screen (which results there are, planes of a volume, surfaces) is in
modules that know nothing of Qt; one module a pane draws it.
"""
