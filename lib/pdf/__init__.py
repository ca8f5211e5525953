"""Drawing PDF pages: fonts and their subsets, setting text, the canvas, QR codes; reportlab writes the file."""
