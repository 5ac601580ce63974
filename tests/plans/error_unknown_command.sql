SELECT 1;
\slep 1
