"""Drawing PDF pages: fonts, setting text, the canvas, QR codes. The only package that knows reportlab."""
