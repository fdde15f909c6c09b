"""Benchmarks behind the README's figures on speed: `lingjun bench`, called by `make bench`."""
