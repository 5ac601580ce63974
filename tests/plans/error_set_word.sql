\set a hello
