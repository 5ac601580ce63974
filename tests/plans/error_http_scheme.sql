\http q GET localhost:8080/x
