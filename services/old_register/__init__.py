"""原有会计从业资格证人员: the old register read from files, mapped, checked, and imported in batches.

``text_files`` and ``workbooks`` turn a file into rows of text, ``columns`` finds the header and which column is which,
``rows`` checks a row, ``batches`` writes and undoes, ``shared_proofs`` withholds proofs that several people have.
"""
