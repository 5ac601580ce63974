\http q GET http://localhost/ header="A: b
SELECT 1;
