"""Drawing PDF pages: fonts and their subsets, setting text, the canvas, QR codes, the objects of the file."""
