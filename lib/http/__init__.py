"""What goes over the wire: addresses, form bodies, compressed answers, masked tokens, static files. No Flask."""
