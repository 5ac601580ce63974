\gather
\http q GET http://localhost/
\http r GET http://localhost/?x=:q_status
\end
