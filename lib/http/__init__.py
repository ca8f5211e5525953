"""What goes over the wire: form bodies, compressed answers, masked tokens, static files. No Flask."""
