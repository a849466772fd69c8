"""Every file of a folder of awkward tables, read by real readers and held against what was promised."""
