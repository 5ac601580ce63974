SELECT 1;
\include circle.sql
