\http q POST http://localhost/ json={"a": [1, 2}
