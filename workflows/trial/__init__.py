"""A workflow tried before it is published: on one case, made up or past, and on all cases of a period.

Nothing here writes. :mod:`.case` says what the case is, :mod:`.pace` how long its steps take, :mod:`.walk`
goes through the definition's blocks asking the engine's own rules who gets a step, what a condition says and
when a limit ends; :mod:`.replay` compares two definitions over many cases.
"""
