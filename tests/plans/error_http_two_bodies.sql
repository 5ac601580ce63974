\http q POST http://localhost/ body=a json={}
