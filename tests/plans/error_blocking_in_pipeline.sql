\startpipeline
\blocking
SELECT 1;
\endpipeline
