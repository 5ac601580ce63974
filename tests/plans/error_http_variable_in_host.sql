\set port 80
\http q GET http://localhost::port/
\http q GET http://:port/
