\set a 1
\if :a = 1
  \if :a = 2
    SELECT 'inner';
  \else
  \endif
\elif :a = 3
  \gather cancel
    \http q GET :http/?x=:a
    \http r GET :http/?y=:a
    \if :a
      SELECT 3 AS n \gset
    \else
      \sleep 0.1
    \endif
  \end
\else
  \if :a = 4
    SELECT 4;
  \endif
\endif
\if true
\endif
