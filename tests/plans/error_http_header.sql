\http q GET http://localhost/ header="no colon"
