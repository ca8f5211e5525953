"""What knows no table, no request and no Flask: plain functions with tests of their own."""
