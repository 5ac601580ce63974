\set a = 5
