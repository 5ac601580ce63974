\gather
\http q GET http://localhost/a
\http q GET http://localhost/b
\end
