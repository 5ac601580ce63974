\http q GET http://localhost/a b
