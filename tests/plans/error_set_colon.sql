\set :a 5
