SELECT 1;
\timeout 2
