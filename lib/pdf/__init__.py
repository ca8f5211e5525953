"""Drawing PDF pages: fonts, setting text, the canvas, QR codes. The only room that knows reportlab."""
