\http q GET http://localhost/ headr="A: b"
