\set v 1
\http q POST http://localhost/ json={"a":v}
