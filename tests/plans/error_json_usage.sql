\http q GET http://localhost/
\json v q_body
