\set a "hello"
