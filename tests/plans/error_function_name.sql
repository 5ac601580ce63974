\set a randm(1, 2)
