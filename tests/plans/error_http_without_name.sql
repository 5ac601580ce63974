\http GET http://localhost/
