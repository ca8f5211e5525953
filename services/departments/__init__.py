"""会计管理部门: the tree, which department an address belongs to, and the lists of a province.

Every other room reads its reference data here, from one snapshot in the process.
"""
