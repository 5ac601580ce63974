\gather
\set a 1
\end
