\set 1a 5
